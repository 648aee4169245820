use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::outcome::JudgedAnswer;
use buttress_core::sync::Shared;
use tower_service::Service;

use super::layer::Rules;
use super::{Admission, Guard, PriorityFor, ResponseFuture};

/// A service with a [`Guard`] before it. Made by a [`DoorLayer`](super::DoorLayer); the [module](super) has an example.
///
/// A request that has to wait takes the instance along that was polled ready, and leaves a clone behind. After a
/// refusal the instance keeps its readiness; the next call spends it.
pub struct Door<S, G, C: 'static, M, P: 'static> {
    pub(super) inner: S,
    pub(super) guard: G,
    pub(super) rules: Shared<Rules<C, P>>,
    pub(super) mode: PhantomData<fn() -> M>,
}

impl<S, G, C, M, P> Door<S, G, C, M, P> {
    /// The service inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<Req, S, G, C, M, P> Service<Req> for Door<S, G, C, M, P>
where
    S: Service<Req> + Clone,
    G: Guard,
    M: JudgedAnswer<Req, S::Response, S::Error, C, G::Ticket>,
    P: PriorityFor<Req>,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = ResponseFuture<Req, S, G, C, M>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let Rules { classify, whose } = &*self.rules;
        match self.guard.admit(whose.priority(&request)) {
            Admission::In(ticket) => {
                let classify = classify.clone();
                ResponseFuture::calling(self.inner.call(request), ticket, classify)
            }
            Admission::Out(problem) => {
                ResponseFuture::refused(problem, M::wants(&request), classify.clone())
            }
            Admission::Wait(wait) => {
                let fresh = self.inner.clone();
                let ready = std::mem::replace(&mut self.inner, fresh);
                ResponseFuture::waiting(wait, ready, request, classify.clone())
            }
        }
    }
}

impl<S: Clone, G: Clone, C, M, P> Clone for Door<S, G, C, M, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            guard: self.guard.clone(),
            rules: self.rules.clone(),
            mode: PhantomData,
        }
    }
}

impl<S: fmt::Debug, G: fmt::Debug, C, M, P> fmt::Debug for Door<S, G, C, M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("inner", &self.inner)
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}
