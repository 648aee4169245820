use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::clock::Timer;
use buttress_core::outcome::{Answer, AsError};
use buttress_core::stage::{Keep, Rewrap};
use tower_layer::Layer;
use tower_service::Service;

use super::{ResponseFuture, Timeout};

/// Gives the calls of services a [`Timeout`]. Made by [`Timeout::layer`].
#[must_use = "a layer does nothing until it is put around a service"]
pub struct TimeoutLayer<T, M = Rewrap> {
    timeout: Timeout<T>,
    mode: PhantomData<fn() -> M>,
}

impl<T> TimeoutLayer<T> {
    pub(super) const fn new(timeout: Timeout<T>) -> Self {
        Self { timeout, mode: PhantomData }
    }

    /// Keeps the type of the body, for a body that can be made from bytes. Without it the body becomes a
    /// [`Reply`](buttress_core::Reply), which works for any.
    pub fn keep_body(self) -> TimeoutLayer<T, Keep> {
        TimeoutLayer { timeout: self.timeout, mode: PhantomData }
    }

    /// Works for any requests and responses: what runs out of time is an error, of a type that a
    /// [`Problem`](buttress_core::Problem) can become.
    pub fn as_error(self) -> TimeoutLayer<T, AsError> {
        TimeoutLayer { timeout: self.timeout, mode: PhantomData }
    }
}

impl<S, T: Clone, M> Layer<S> for TimeoutLayer<T, M> {
    type Service = TimedOut<S, T, M>;

    fn layer(&self, inner: S) -> Self::Service {
        TimedOut { inner, timeout: self.timeout.clone(), mode: PhantomData }
    }
}

/// A service whose answers begin in time, or not at all. Made by a [`TimeoutLayer`]; the [module](super) has an
/// example.
pub struct TimedOut<S, T, M = Rewrap> {
    inner: S,
    timeout: Timeout<T>,
    mode: PhantomData<fn() -> M>,
}

impl<S, T, M> TimedOut<S, T, M> {
    /// The service inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<Req, S, T, M> Service<Req> for TimedOut<S, T, M>
where
    S: Service<Req>,
    T: Timer + Clone,
    M: Answer<Req, S::Response, S::Error>,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = ResponseFuture<Req, S, T, M>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let (wants, timeout) = (M::wants(&request), self.timeout.clone());
        ResponseFuture::new(self.inner.call(request), timeout, wants)
    }
}

impl<T: Clone, M> Clone for TimeoutLayer<T, M> {
    fn clone(&self) -> Self {
        Self { timeout: self.timeout.clone(), mode: PhantomData }
    }
}

impl<S: Clone, T: Clone, M> Clone for TimedOut<S, T, M> {
    #[inline]
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), timeout: self.timeout.clone(), mode: PhantomData }
    }
}

impl<T, M> fmt::Debug for TimeoutLayer<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutLayer").field("timeout", &self.timeout).finish()
    }
}

impl<S: fmt::Debug, T, M> fmt::Debug for TimedOut<S, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedOut")
            .field("inner", &self.inner)
            .field("timeout", &self.timeout)
            .finish()
    }
}
