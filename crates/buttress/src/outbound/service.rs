use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::render;
use buttress_retry::ReplayBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::OutboundBody;
use super::parts::Wall;

/// A client behind the wall. Made by an [`Outbound`](crate::Outbound).
///
/// The client is asked with a body that can be sent again, a [`ReplayBody`] of the one that the request has.
pub struct OutboundService<S> {
    pub(super) wall: Wall<S>,
    pub(super) renders: bool,
}

impl<S, A, B> Service<Request<A>> for OutboundService<S>
where
    S: Service<Request<ReplayBody<A>>, Response = Response<B>> + Clone,
    S::Error: Error + 'static,
    A: Body<Data = Bytes>,
    B: Body<Data = Bytes>,
{
    type Response = Response<OutboundBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<<Wall<S> as Service<Request<A>>>::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.wall.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<A>) -> Self::Future {
        let renders = self.renders;
        ResponseFuture { wall: self.wall.call(request), renders }
    }
}

impl<S: Clone> Clone for OutboundService<S> {
    #[inline]
    fn clone(&self) -> Self {
        Self { wall: self.wall.clone(), renders: self.renders }
    }
}

impl<S> fmt::Debug for OutboundService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundService").finish_non_exhaustive()
    }
}

pin_project! {
    /// Response future of [`OutboundService`], around that of what the wall is made of.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        wall: F,
        renders: bool,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<Bytes>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !*this.renders {
            return this.wall.poll(cx);
        }
        let mut response = ready!(this.wall.poll(cx))?;
        render::fill_in(&mut response);
        Poll::Ready(Ok(response))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
