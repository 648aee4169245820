use std::fmt;
use std::task::{Context, Poll};

use buttress_core::outcome::{Classify, HttpClassify};
use tower_service::Service;

use super::{Fallback, Instead, InsteadFuture, Value, ValueFuture};

/// A service that something stands in for. Made by a [`Fallback`]; the [module](super) has examples.
pub struct FallbackService<S, K: 'static, C: 'static = HttpClassify> {
    inner: S,
    fallback: Fallback<K, C>,
}

impl<S, K, C> FallbackService<S, K, C> {
    pub(super) const fn new(inner: S, fallback: Fallback<K, C>) -> Self {
        Self { inner, fallback }
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

impl<Req, S, F, C> Service<Req> for FallbackService<S, Value<F>, C>
where
    S: Service<Req>,
    F: Fn(Result<S::Response, S::Error>) -> Result<S::Response, S::Error>,
    C: Classify<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ValueFuture<S::Future, F, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        ValueFuture::new(self.inner.call(request), self.fallback.clone())
    }
}

impl<Req, S, O, C> Service<Req> for FallbackService<S, Instead<O>, C>
where
    Req: Clone,
    S: Service<Req>,
    O: Service<Req, Response = S::Response, Error = S::Error> + Clone,
    C: Classify<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = InsteadFuture<Req, S::Future, O, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let kept = request.clone();
        InsteadFuture::new(self.inner.call(request), kept, self.fallback.clone())
    }
}

impl<S: Clone, K, C> Clone for FallbackService<S, K, C> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.fallback.clone())
    }
}

impl<S: fmt::Debug, K, C> fmt::Debug for FallbackService<S, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackService")
            .field("inner", &self.inner)
            .field("fallback", &self.fallback)
            .finish()
    }
}
