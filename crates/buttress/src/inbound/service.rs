use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task;

use buttress_core::stage::{BodyMode, Rewrap, Stage};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::wall::{Wall, WallFuture};

/// A service behind the wall. Made by [`Inbound`](crate::Inbound).
pub struct InboundService<S, T: 'static = (), M = Rewrap> {
    pub(super) wall: Wall<T, S, M>,
}

impl<S, T, M, ReqBody, ResBody> Service<Request<ReqBody>> for InboundService<S, T, M>
where
    T: Stage,
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Body<Data = Bytes>,
    M: BodyMode<ResBody>,
{
    type Response = Response<M::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<WallFuture<T, S, ReqBody, M>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), Self::Error>> {
        self.wall.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        ResponseFuture { wall: self.wall.call(request) }
    }
}

impl<S: Clone, T, M> Clone for InboundService<S, T, M> {
    fn clone(&self) -> Self {
        Self { wall: self.wall.clone() }
    }
}

impl<S, T, M> fmt::Debug for InboundService<S, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundService").finish_non_exhaustive()
    }
}

pin_project! {
    /// Response future of [`InboundService`], around that of what the wall is made of.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        wall: F,
    }
}

impl<F: Future> Future for ResponseFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        self.project().wall.poll(cx)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
