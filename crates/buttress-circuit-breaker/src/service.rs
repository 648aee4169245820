use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::clock::Timer;
use buttress_core::outcome::{HttpClassify, JudgedAnswer};
use buttress_core::stage::Rewrap;
use buttress_core::sync::Shared;
use tower_service::Service;

use crate::machine::Refused;
use crate::{Breaker, BreakerTicket, NoTimer, ResponseFuture, Waiter};

/// A service with a circuit breaker before it. Made by a [`CircuitBreakerLayer`](crate::CircuitBreakerLayer); begun by
/// [`after`](Self::after), [`when`](Self::when) or [`by_switch_alone`](Self::by_switch_alone).
///
/// While the breaker is open, it is ready without asking the service inside, and an instance that became ready that way
/// refuses the next call, whatever has become of the breaker by then: the service inside was not polled ready. One that
/// is half-open asks it, and takes no place before the call. A caller that waits for the service inside is woken when
/// the breaker opens, and is refused.
pub struct CircuitBreaker<S, C: 'static = HttpClassify, M = Rewrap, T = NoTimer> {
    inner: S,
    breaker: Breaker,
    classify: Shared<C>,
    timer: T,
    /// Why the next call is refused: nobody asked the service whether it is ready.
    refuses: Option<Refused>,
    waiter: Waiter,
    mode: PhantomData<fn() -> M>,
}

impl<S, C, M, T> CircuitBreaker<S, C, M, T> {
    pub(crate) const fn new(inner: S, breaker: Breaker, classify: Shared<C>, timer: T) -> Self {
        let waiter = Waiter::new();
        Self { inner, breaker, classify, timer, refuses: None, waiter, mode: PhantomData }
    }

    /// The breaker before it.
    pub const fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// The service inside.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// Whether the next call is refused, where calls do not simply pass.
    #[cold]
    fn will_refuse(&mut self) -> bool {
        self.refuses = self.breaker.refuses();
        self.refuses.is_some()
    }

    /// The service inside is not ready: the breaker may open meanwhile, or have done so just now.
    #[cold]
    fn waits<E>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.refuses = self.waiter.waits(&self.breaker, cx);
        if self.refuses.is_some() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Takes the service out again.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<Req, S, C, M, T> Service<Req> for CircuitBreaker<S, C, M, T>
where
    S: Service<Req>,
    M: JudgedAnswer<Req, S::Response, S::Error, C, BreakerTicket>,
    T: Timer + Clone,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = ResponseFuture<Req, S, C, M, T>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.refuses = None;
        if !self.breaker.is_closed() && self.will_refuse() {
            self.waiter.stop();
            return Poll::Ready(Ok(()));
        }
        let polled = self.inner.poll_ready(cx);
        if polled.is_pending() {
            return self.waits(cx);
        }
        self.waiter.stop();
        polled
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let refused = match self.refuses {
            None => match self.breaker.enter() {
                Ok(ticket) => {
                    let (inner, classify) = (&mut self.inner, self.classify.clone());
                    let timer = self.timer.clone();
                    return ResponseFuture::calling(inner, request, ticket, classify, timer);
                }
                Err(refused) => refused,
            },
            Some(refused) => {
                self.refuses = None;
                self.breaker.has_refused();
                refused
            }
        };
        let problem = self.breaker.problem(&refused);
        ResponseFuture::refused(problem, M::wants(&request), self.classify.clone())
    }
}

/// The clone is not ready, though the original may be.
impl<S: Clone, C, M, T: Clone> Clone for CircuitBreaker<S, C, M, T> {
    fn clone(&self) -> Self {
        let (breaker, classify) = (self.breaker.clone(), self.classify.clone());
        Self::new(self.inner.clone(), breaker, classify, self.timer.clone())
    }
}

impl<S: fmt::Debug, C, M, T> fmt::Debug for CircuitBreaker<S, C, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("inner", &self.inner)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
