use std::error::Error;
use std::task::{Context, Poll};

use buttress_circuit_breaker::BreakerTicket;
use buttress_circuit_breaker::machine::Refused;
use buttress_core::Problem;
use buttress_core::outcome::{Outcome, Wants};
use buttress_core::sync::Shared;
use buttress_overload::Priority;
use buttress_overload::door::Admission;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::admitted::{Admitted, Halted, Unasked};
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

    #[inline]
    fn call(&mut self, request: Request<A>) -> Self::Future {
        let wants = Wants::of(&request);
        let admitted = self.admit(Priority::of(request.extensions()));
        let limits = self.limits.clone();
        match admitted {
            Ok(admitted) => AttemptFuture::made(&mut self.client, request, wants, limits, admitted),
            Err(halted) => AttemptFuture::halted(&mut self.client, request, wants, limits, halted),
        }
    }
}

/// For a first attempt, which the wall makes by itself.
impl<S> Attempts<S> {
    /// Whether it may be made.
    #[inline]
    pub(in crate::outbound) fn admit(
        &mut self,
        priority: Option<Priority>,
    ) -> Result<Admitted, Halted> {
        let ticket = self.enter().map_err(Halted::Refused)?;
        match self.limits.admit(priority) {
            Admission::In(permit) => Ok(Admitted { ticket, permit }),
            Admission::Out(problem) => {
                ticket.settle(Outcome::Rejected);
                Err(Halted::Refused(problem))
            }
            Admission::Wait(wait) => Err(Halted::Waits { unasked: Unasked::new(ticket), wait }),
        }
    }

    /// Takes the client that is ready, and leaves a clone.
    #[inline]
    pub(in crate::outbound) fn take(&mut self) -> S
    where
        S: Clone,
    {
        let fresh = self.client.clone();
        std::mem::replace(&mut self.client, fresh)
    }

    /// The client.
    #[inline]
    pub(in crate::outbound) const fn client(&mut self) -> &mut S {
        &mut self.client
    }
}

/// The clone is not ready, though the original may be.
impl<S: Clone> Clone for Attempts<S> {
    #[inline]
    fn clone(&self) -> Self {
        Self::new(self.client.clone(), self.limits.clone())
    }
}
