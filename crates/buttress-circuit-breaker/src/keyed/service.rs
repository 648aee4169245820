use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::clock::Timer;
use buttress_core::key::KeyFor;
use buttress_core::outcome::{HttpClassify, JudgedAnswer};
use buttress_core::stage::Rewrap;
use buttress_core::sync::Shared;
use http::Request;
use tower_service::Service;

use super::BreakerTable;
use crate::{BreakerTicket, NoTimer, ResponseFuture};

/// A service with a circuit breaker for each key before it. Made by a [`KeyedBreakerLayer`](super::KeyedBreakerLayer),
/// which has an example.
///
/// Which breaker decides is known with the request: so the service inside is asked in any case whether it is ready, and
/// keeps its readiness if the call is refused.
pub struct KeyedBreaker<S, K: 'static, C: 'static = HttpClassify, M = Rewrap, T = NoTimer> {
    inner: S,
    table: BreakerTable,
    by: Shared<K>,
    classify: Shared<C>,
    timer: T,
    mode: PhantomData<fn() -> M>,
}

impl<S, K, C, M, T> KeyedBreaker<S, K, C, M, T> {
    pub(super) const fn new(
        inner: S,
        table: BreakerTable,
        by: Shared<K>,
        classify: Shared<C>,
        timer: T,
    ) -> Self {
        Self { inner, table, by, classify, timer, mode: PhantomData }
    }

    /// The breakers before it.
    pub const fn table(&self) -> &BreakerTable {
        &self.table
    }

    /// The service inside.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<B, S, K, C, M, T> Service<Request<B>> for KeyedBreaker<S, K, C, M, T>
where
    S: Service<Request<B>>,
    K: KeyFor,
    M: JudgedAnswer<Request<B>, S::Response, S::Error, C, BreakerTicket<BreakerTable>>,
    T: Timer + Clone,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = ResponseFuture<Request<B>, S, C, M, T, BreakerTable>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let key = self.table.key(&*self.by, &request);
        match self.table.try_enter(key) {
            Ok(ticket) => {
                let (inner, classify) = (&mut self.inner, self.classify.clone());
                ResponseFuture::calling(inner, request, ticket, classify, self.timer.clone())
            }
            Err(problem) => {
                ResponseFuture::refused(problem, M::wants(&request), self.classify.clone())
            }
        }
    }
}

impl<S: Clone, K, C, M, T: Clone> Clone for KeyedBreaker<S, K, C, M, T> {
    fn clone(&self) -> Self {
        let (table, by, classify) = (self.table.clone(), self.by.clone(), self.classify.clone());
        Self::new(self.inner.clone(), table, by, classify, self.timer.clone())
    }
}

impl<S: fmt::Debug, K, C, M, T> fmt::Debug for KeyedBreaker<S, K, C, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBreaker")
            .field("inner", &self.inner)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
