use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task;

use buttress_core::stage::{self, BodyMode, Rewrap, Stage, Staged};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::parts::Stages;

/// A service behind the wall. Made by [`Inbound`](crate::Inbound).
pub struct InboundService<S, T: 'static = (), M = Rewrap> {
    pub(super) staged: Staged<Stages<T>, S, M>,
}

impl<S, T, M, ReqBody, ResBody> Service<Request<ReqBody>> for InboundService<S, T, M>
where
    T: Stage,
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    M: BodyMode<ResBody>,
{
    type Response = Response<M::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S, T, ReqBody, M>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), Self::Error>> {
        self.staged.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        ResponseFuture { staged: self.staged.call(request) }
    }
}

impl<S: Clone, T, M> Clone for InboundService<S, T, M> {
    fn clone(&self) -> Self {
        Self { staged: self.staged.clone() }
    }
}

impl<S, T, M> fmt::Debug for InboundService<S, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundService").finish_non_exhaustive()
    }
}

pin_project! {
    /// Response future of [`InboundService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, T, B, M>
    where
        S: Service<Request<B>>,
        T: Stage,
    {
        #[pin]
        staged: stage::ResponseFuture<Stages<T>, S, B, M>,
    }
}

impl<S, T, B, M, ResBody> Future for ResponseFuture<S, T, B, M>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    T: Stage,
    M: BodyMode<ResBody>,
{
    type Output = Result<Response<M::Body>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        self.project().staged.poll(cx)
    }
}

impl<S, T, B, M> fmt::Debug for ResponseFuture<S, T, B, M>
where
    S: Service<Request<B>>,
    T: Stage,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
