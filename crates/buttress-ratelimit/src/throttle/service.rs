use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::gate::{Gate, Outcome};
use super::{ResponseFuture, Way};
use crate::store::LimitStore;

/// Holds requests back that a quota has no room for. Made by a [`ThrottleBuilder`](super::ThrottleBuilder).
///
/// Clones of a layer, and all services that it makes, have one quota together.
pub struct ThrottleLayer<W, L> {
    gate: Arc<Gate<W, L>>,
}

impl<W, L> ThrottleLayer<W, L> {
    pub(super) fn new(gate: Gate<W, L>) -> Self {
        Self { gate: Arc::new(gate) }
    }
}

impl<S, W, L> Layer<S> for ThrottleLayer<W, L> {
    type Service = Throttle<S, W, L>;

    fn layer(&self, inner: S) -> Self::Service {
        Throttle { inner, gate: self.gate.clone() }
    }
}

/// A service behind a throttle. Made by a [`ThrottleLayer`]; the [module](super) has an example.
///
/// A request that has to wait takes the instance along that was polled ready, and leaves a clone behind. After a
/// refusal the instance keeps its readiness; the next call spends it.
pub struct Throttle<S, W, L> {
    inner: S,
    gate: Arc<Gate<W, L>>,
}

impl<S, W, L> Throttle<S, W, L> {
    /// The service inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<R, S, W, L> Service<R> for Throttle<S, W, L>
where
    S: Service<R> + Clone,
    W: Way<R, S>,
    L: LimitStore,
{
    type Response = W::Response;
    type Error = S::Error;
    type Future = ResponseFuture<R, S, W, L>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        match self.gate.ask(|way, key| way.write(&request, key)) {
            Outcome::Pass => ResponseFuture::calling(self.inner.call(request)),
            Outcome::Refuse(problem) => ResponseFuture::refused(W::refuse(problem, &request)),
            Outcome::Wait(turn, waiting) => {
                let fresh = self.inner.clone();
                let ready = std::mem::replace(&mut self.inner, fresh);
                ResponseFuture::waiting(turn, ready, request, waiting)
            }
        }
    }
}

impl<W, L> Clone for ThrottleLayer<W, L> {
    fn clone(&self) -> Self {
        Self { gate: self.gate.clone() }
    }
}

impl<S: Clone, W, L> Clone for Throttle<S, W, L> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), gate: self.gate.clone() }
    }
}

impl<W: fmt::Debug, L: fmt::Debug> fmt::Debug for ThrottleLayer<W, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLayer").field("gate", &self.gate).finish()
    }
}

impl<S: fmt::Debug, W: fmt::Debug, L: fmt::Debug> fmt::Debug for Throttle<S, W, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("inner", &self.inner).field("gate", &self.gate).finish()
    }
}
