#[cfg(doc)]
use buttress_core::stage::Guarded;
use buttress_core::stage::Stage;
use buttress_ratelimit::RateLimit;
use buttress_ratelimit::store::LimitStore;

use super::InboundBuilder;
use crate::inbound::Limits;

impl<T: Stage, L: Limits> InboundBuilder<T, L> {
    /// Limits how much is asked, on both sides of your own stages: by address and the like before them, by
    /// caller after them, as authentication is one of them. Probes are not limited.
    ///
    /// More limits than one stand inside one another, in the order in which they are said. What they are made of is
    /// [guarded](Guarded), as your own stages are.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use buttress::Inbound;
    /// use buttress::ratelimit::{Quota, RateLimit, address, principal};
    /// use http::Request;
    /// use std::net::SocketAddr;
    /// # use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limits = RateLimit::builder()
    ///     .policy("per-address", Quota::per_minute(20).burst(2).by(address()))
    ///     .policy("per-person", Quota::per_minute(100).by(principal()))
    ///     .build()?;
    /// let wall = Inbound::builder().rate_limit(&limits).build()?;
    /// let app = Router::new().route("/", get(|| async { "hello" })).layer(wall);
    ///
    /// for status in [200, 200, 429] {
    ///     let mut request = Request::get("/").body(Body::empty())?;
    ///     request.extensions_mut().insert(SocketAddr::from(([203, 0, 113, 7], 4711)));
    ///     assert_eq!(app.clone().oneshot(request).await?.status(), status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn rate_limit<S: LimitStore>(
        self,
        limits: &RateLimit<S>,
    ) -> InboundBuilder<T, (L, RateLimit<S>)> {
        InboundBuilder {
            context: self.context,
            probes: self.probes,
            #[cfg(feature = "error-envelope")]
            errors: self.errors,
            catch_panics: self.catch_panics,
            limits: (self.limits, limits.clone()),
            own: self.own,
        }
    }
}
