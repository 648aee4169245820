use std::error::Error;
use std::task::{Context, Poll};

use buttress_circuit_breaker::BreakerTicket;
use buttress_circuit_breaker::machine::Refused;
use buttress_core::Problem;
use buttress_core::outcome::Wants;
use buttress_core::sync::Shared;
use buttress_overload::door::Admission;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::call::{Before, Call, Held};
use super::unwinding::Unwinding;
use super::{AttemptFuture, Limits};
use crate::outbound::OutboundBody;

/// A client of which each call is one attempt.
///
/// While the breaker is open, it is ready without asking the client, and what became ready that way refuses the next call,
/// whatever has become of the breaker by then: the client was not polled ready.
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is seen in the type of a future alone")]
pub struct Attempts<S> {
    client: S,
    limits: Shared<Limits>,
    /// Why the next call is refused.
    refuses: Option<Refused>,
}

impl<S> Attempts<S> {
    pub(in crate::outbound) const fn new(client: S, limits: Shared<Limits>) -> Self {
        Self { client, limits, refuses: None }
    }

    #[inline]
    fn enter(&mut self) -> Result<BreakerTicket, Problem> {
        let breaker = &self.limits.breaker;
        match self.refuses.take() {
            None => breaker.try_enter(),
            Some(refused) => Err(breaker.refuse(&refused)),
        }
    }
}

impl<S, A, B> Service<Request<A>> for Attempts<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone,
    S::Error: Error + 'static,
    B: Body<Data = Bytes>,
{
    type Response = Response<OutboundBody<B>>;
    type Error = S::Error;
    type Future = AttemptFuture<S, A>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.refuses = self.limits.breaker.will_refuse();
        if self.refuses.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.client.poll_ready(cx)
    }

    // In one function, as a request that is looked at is moved by whoever hands it on.
    #[inline]
    fn call(&mut self, request: Request<A>) -> Self::Future {
        let wants = Wants::of(&request);
        let (mut ticket, limits) = match self.enter() {
            Ok(ticket) => (Some(ticket), &self.limits),
            Err(problem) => {
                let refused = Before::Refused(problem);
                return AttemptFuture::not_made(refused, None, wants, &self.limits);
            }
        };
        let before = match limits.admit(&request) {
            Admission::In(permit) => {
                let unwinding = Unwinding::of_call(&mut ticket);
                let future = self.client.call(request);
                unwinding.done();
                let call = Call::made(future, permit);
                return AttemptFuture::made(call, ticket, wants, limits.clone());
            }
            Admission::Out(problem) => Before::Refused(problem),
            Admission::Wait(wait) => {
                let fresh = self.client.clone();
                let ready = std::mem::replace(&mut self.client, fresh);
                Before::Waits(Box::new(Held { wait: Box::pin(wait), ready, request }))
            }
        };
        AttemptFuture::not_made(before, ticket, wants, limits)
    }
}

/// The clone is not ready, though the original may be.
impl<S: Clone> Clone for Attempts<S> {
    #[inline]
    fn clone(&self) -> Self {
        Self::new(self.client.clone(), self.limits.clone())
    }
}
