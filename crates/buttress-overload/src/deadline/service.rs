use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::clock::Timer;
use buttress_core::outcome::Answer;
use buttress_core::stage::Rewrap;
use buttress_core::sync::Shared;
use tower_service::Service;

use super::rules::Rules;
use super::{Mode, ResponseFuture};

/// A service whose calls have a deadline. Made by a [`DeadlineLayer`](super::DeadlineLayer); the [module](super) has an
/// example.
///
/// After a refusal the instance keeps its readiness; the next call spends it.
pub struct DeadlineService<S, T, M = Rewrap> {
    inner: S,
    rules: Shared<Rules>,
    timer: T,
    mode: PhantomData<fn() -> M>,
}

impl<S, T, M> DeadlineService<S, T, M> {
    pub(super) const fn new(inner: S, rules: Shared<Rules>, timer: T) -> Self {
        Self { inner, rules, timer, mode: PhantomData }
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

impl<Req, S, T, M> Service<Req> for DeadlineService<S, T, M>
where
    S: Service<Req>,
    T: Timer + Clone,
    M: Answer<Req, S::Response, S::Error> + Mode<Req>,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = ResponseFuture<Req, S, T, M>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    // A future is written where a call says; inlined into what stands around, it would be made elsewhere and moved, and
    // that of a whole wall is large.
    #[inline(never)]
    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture::begin(&self.rules, &self.timer, &mut self.inner, request)
    }
}

impl<S: Clone, T: Clone, M> Clone for DeadlineService<S, T, M> {
    #[inline]
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.rules.clone(), self.timer.clone())
    }
}

impl<S: fmt::Debug, T, M> fmt::Debug for DeadlineService<S, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineService")
            .field("inner", &self.inner)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
