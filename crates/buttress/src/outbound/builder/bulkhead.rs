use buttress_core::clock::TokioTimer;
use buttress_overload::bulkhead::{Bulkhead, BulkheadBuilder};

use crate::OutboundBuilder;

/// Of a bulkhead of which nothing was said.
const PERMITS: u32 = 64;

/// How many attempts at a time.
impl OutboundBuilder {
    /// No more attempts at a time than this, in this process. What is more is refused.
    pub fn bulkhead(mut self, permits: u32) -> Self {
        self.bulkhead = Some(Bulkhead::of(permits).timer(TokioTimer));
        self
    }

    /// Changes the settings of the bulkhead, for a queue before it; one that was not asked for has 64 permits.
    ///
    /// ```
    /// use buttress::clock::{TokioTimer, ms};
    /// use buttress::Outbound;
    ///
    /// let wall = Outbound::to("stock")
    ///     .bulkhead(8)
    ///     .bulkhead_with(|bulkhead| bulkhead.queue(16, ms(200), TokioTimer))
    ///     .build()?;
    /// assert_eq!(wall.bulkhead().unwrap().limit(), 8);
    /// # Ok::<_, buttress::BuildError>(())
    /// ```
    pub fn bulkhead_with(
        mut self,
        change: impl FnOnce(BulkheadBuilder<TokioTimer>) -> BulkheadBuilder<TokioTimer>,
    ) -> Self {
        let bulkhead = self.bulkhead.unwrap_or_else(|| Bulkhead::of(PERMITS).timer(TokioTimer));
        self.bulkhead = Some(change(bulkhead));
        self
    }

    /// Gives a permit of the bulkhead back with the end of the body of an answer, or with its drop, and not with its
    /// head: for answers that are streamed, where the dependency works for as long as they are read. The time in which
    /// the body is read is the caller's: a caller who reads slowly holds a permit for as long.
    ///
    /// ```
    /// use buttress::prelude::*;
    /// # use buttress::retry::ReplayBody;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// # use http_body_util::{BodyExt, Empty, Full};
    /// # use std::convert::Infallible;
    /// # use tower::{ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let files = service_fn(|_: Request<ReplayBody<Empty<Bytes>>>| async {
    /// #     Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("of a file"))))
    /// # });
    /// # let get = || Request::new(Empty::new());
    /// let wall = Outbound::to("files").bulkhead(1).permits_until_body_ends().build()?;
    /// let files = wall.layer_on(files);
    ///
    /// let file = files.clone().oneshot(get()).await?;
    /// assert_eq!(files.clone().oneshot(get()).await?.status(), 503, "its body is being read");
    ///
    /// assert_eq!(file.into_body().collect().await.unwrap().to_bytes(), "of a file");
    /// assert_eq!(files.oneshot(get()).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn permits_until_body_ends(mut self) -> Self {
        self.holds_permits = true;
        self
    }
}
