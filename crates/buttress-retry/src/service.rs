use std::fmt;
use std::task::{Context, Poll};

use buttress_core::clock::Timer;
use buttress_core::outcome::{Classify, HttpClassify};
use buttress_core::sync::Shared;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::builder::TimerMissing;
use crate::layer::Judged;
use crate::{ReplayBody, ResponseFuture};

/// A service whose calls are tried again. Made by a [`RetryLayer`](crate::RetryLayer), which [`up_to`](Retry::up_to)
/// builds.
///
/// A call takes the instance along that was polled ready, and leaves a clone behind; its repeats are made with the same
/// instance, polled ready again.
pub struct Retry<S, C: 'static = HttpClassify, T: 'static = TimerMissing> {
    inner: S,
    shared: Shared<Judged<C, T>>,
}

impl<S, C, T> Retry<S, C, T> {
    pub(crate) fn new(inner: S, shared: Shared<Judged<C, T>>) -> Self {
        Self { inner, shared }
    }

    /// The service inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, C, T, B, D> Service<Request<B>> for Retry<S, C, T>
where
    S: Service<Request<ReplayBody<B>>, Response = Response<D>> + Clone,
    C: Classify<Response<D>, S::Error>,
    T: Timer,
    B: Body<Data = Bytes>,
{
    type Response = Response<D>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, C, T>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        ResponseFuture::begin(&mut self.inner, request, &self.shared)
    }
}

impl<S: Clone, C, T> Clone for Retry<S, C, T> {
    #[inline]
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.shared.clone())
    }
}

impl<S: fmt::Debug, C, T> fmt::Debug for Retry<S, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("inner", &self.inner)
            .field("settings", &self.shared.inner)
            .finish()
    }
}
