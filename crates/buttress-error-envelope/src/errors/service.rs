use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::Problem;
use buttress_core::render::Format;
use buttress_core::stage::{BodyMode, RequestHead, Rewrap};
use http::{Request, Response};
use tower_service::Service;

use super::ErrorsFuture;
use super::future::Place;

/// A service whose errors are answers. Made by [`ErrorsLayer`](super::ErrorsLayer).
///
/// A service that fails to become ready answers the next request with that failure, as nobody else would
/// hear of it.
pub struct Errors<S, F, M = Rewrap> {
    inner: S,
    map: F,
    unready: Option<Problem>,
    mode: PhantomData<fn() -> M>,
}

impl<S, F, M> Errors<S, F, M> {
    pub(super) fn new(inner: S, map: F) -> Self {
        Self { inner, map, unready: None, mode: PhantomData }
    }
}

impl<S, F, M, ReqBody, ResBody> Service<Request<ReqBody>> for Errors<S, F, M>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    F: FnOnce(S::Error) -> Problem + Clone,
    M: BodyMode<ResBody>,
{
    type Response = Response<M::Body>;
    type Error = Infallible;
    type Future = ErrorsFuture<S::Future, F, M>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.unready.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_ready(cx).map(|ready| {
            self.unready = ready.err().map(self.map.clone());
            Ok(())
        })
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let place = match request.context() {
            Some(_) => Place::InContext,
            None => Place::Alone { is_grpc: Format::of(&request).is_grpc() },
        };
        match self.unready.take() {
            Some(problem) => ErrorsFuture::refused(problem, place),
            None => ErrorsFuture::calling(self.inner.call(request), self.map.clone(), place),
        }
    }
}

impl<S: Clone, F: Clone, M> Clone for Errors<S, F, M> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.map.clone())
    }
}

impl<S: fmt::Debug, F, M> fmt::Debug for Errors<S, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Errors").field("inner", &self.inner).finish_non_exhaustive()
    }
}
