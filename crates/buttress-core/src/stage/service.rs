use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::{BodyMode, Rewrap};
use super::panic::caught;
use super::state::State;
use super::{Decision, Stage};
use crate::sync::Shared;

/// A service with a stage before it. Made by [`StageLayer`](super::StageLayer).
///
/// Clones share the stage. After a refusal the instance keeps the readiness that the inner service
/// granted it; the next call spends it, dropping the instance gives it back.
pub struct Staged<T: 'static, S, M = Rewrap> {
    inner: S,
    stage: Shared<T>,
    catch: bool,
    mode: PhantomData<fn() -> M>,
}

impl<T, S, M> Staged<T, S, M> {
    pub(super) fn new(inner: S, stage: Shared<T>, catch: bool) -> Self {
        Self { inner, stage, catch, mode: PhantomData }
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

impl<T, S, M, ReqBody, ResBody> Service<Request<ReqBody>> for Staged<T, S, M>
where
    T: Stage,
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    M: BodyMode<ResBody>,
{
    type Response = Response<M::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<T, S, ReqBody, M>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let decision = if self.catch {
            let decision = caught(true, || self.stage.enter(&mut request));
            decision.unwrap_or_else(|problem| Decision::Refuse(problem, None))
        } else {
            self.stage.enter(&mut request)
        };
        let state = match decision {
            Decision::Pass(memo) => State::call(memo, self.catch, &mut self.inner, request),
            Decision::Answer(answer, memo) => State::answer(answer, memo, &request),
            Decision::Refuse(problem, memo) => State::refuse(problem, memo, &request),
            Decision::Wait(wait) => {
                // The instance that was polled ready goes with the request.
                let fresh = self.inner.clone();
                let ready = std::mem::replace(&mut self.inner, fresh);
                State::wait(wait, Box::new((ready, request)))
            }
        };
        ResponseFuture::new(self.stage.clone(), self.catch, state)
    }
}

impl<T, S: Clone, M> Clone for Staged<T, S, M> {
    #[inline]
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.stage.clone(), self.catch)
    }
}

impl<T: fmt::Debug, S: fmt::Debug, M> fmt::Debug for Staged<T, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut staged = f.debug_struct("Staged");
        staged.field("stage", &self.stage).field("inner", &self.inner).finish_non_exhaustive()
    }
}
