use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

pin_project! {
    /// The body then: the inner service's own, or that of an answer given in its place.
    ///
    /// The inner body passes through frame by frame, untouched, trailers included.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use buttress_core::Reply;
    /// use bytes::Bytes;
    /// use http_body_util::{BodyExt, Full};
    ///
    /// let inner = Reply::inner(Full::new(Bytes::from("of the service")));
    /// let own: Reply<Full<Bytes>> = Reply::from(Bytes::from("given in its place"));
    ///
    /// assert_eq!(inner.collect().await.unwrap().to_bytes(), "of the service");
    /// assert_eq!(own.collect().await.unwrap().to_bytes(), "given in its place");
    /// # }
    /// ```
    #[derive(Debug)]
    pub struct Reply<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = KindProj]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Own { #[pin] body: Full<Bytes> },
    }
}

impl<B> Reply<B> {
    /// The body of the inner service.
    pub fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }
}

impl<B> From<Bytes> for Reply<B> {
    fn from(bytes: Bytes) -> Self {
        Self { kind: Kind::Own { body: Full::new(bytes) } }
    }
}

impl<B> Default for Reply<B> {
    /// An empty body.
    fn default() -> Self {
        Self::from(Bytes::new())
    }
}

impl<B: Body<Data = Bytes>> Body for Reply<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProj::Inner { body } => body.poll_frame(cx),
            KindProj::Own { body } => {
                body.poll_frame(cx).map_err(|never: Infallible| match never {})
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { body } => body.size_hint(),
        }
    }
}
