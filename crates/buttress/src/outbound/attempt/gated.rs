use std::task::{Context, Poll};

use buttress_circuit_breaker::machine::Refused;
use buttress_circuit_breaker::{BreakerTicket, Waiter};
use buttress_core::Problem;
use buttress_core::outcome::Outcome;
use buttress_overload::Priority;
use buttress_overload::door::Admission;
use tower_service::Service;

use super::Limits;
use super::admitted::{Admitted, Halted, Unasked};

/// A client before which stands the breaker.
///
/// While that is open, it is ready without asking the client, and what became ready that way refuses the next call,
/// whatever has become of the breaker by then: the client was not polled ready. Who waits as the client is not ready is
/// woken when the breaker opens.
#[derive(Debug)]
pub(in crate::outbound) struct Gated<S> {
    client: S,
    /// Why the next call is refused.
    refuses: Option<Refused>,
    waiter: Waiter,
}

impl<S> Gated<S> {
    pub(in crate::outbound) const fn new(client: S) -> Self {
        Self { client, refuses: None, waiter: Waiter::new() }
    }

    #[inline]
    pub(in crate::outbound) fn poll_ready<R>(
        &mut self,
        limits: &Limits,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), S::Error>>
    where
        S: Service<R>,
    {
        self.refuses = limits.breaker.will_refuse();
        let polled = match self.refuses {
            Some(_) => Poll::Ready(Ok(())),
            None => self.client.poll_ready(cx),
        };
        if polled.is_pending() {
            return self.waits(limits, cx);
        }
        self.waiter.stop();
        polled
    }

    /// The client is not ready: the breaker may open meanwhile, or have done so just now.
    #[cold]
    fn waits<E>(&mut self, limits: &Limits, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.refuses = self.waiter.waits(&limits.breaker, cx);
        if self.refuses.is_some() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Whether the next call may be made.
    #[expect(clippy::inline_always, reason = "a call would move what it gives")]
    #[inline(always)]
    pub(in crate::outbound) fn admit(
        &mut self,
        limits: &Limits,
        priority: Option<Priority>,
    ) -> Result<Admitted, Halted> {
        let ticket = self.enter(limits).map_err(Halted::Refused)?;
        match limits.admit(priority) {
            Admission::In(permit) => Ok(Admitted { ticket, permit }),
            Admission::Out(problem) => {
                ticket.settle(Outcome::Rejected);
                Err(Halted::Refused(problem))
            }
            Admission::Wait(wait) => Err(Halted::Waits { unasked: Unasked::new(ticket), wait }),
        }
    }

    #[inline]
    fn enter(&mut self, limits: &Limits) -> Result<BreakerTicket, Problem> {
        match self.refuses.take() {
            None => limits.breaker.try_enter(),
            Some(refused) => Err(limits.breaker.refuse(&refused)),
        }
    }

    /// The client.
    #[inline]
    pub(in crate::outbound) const fn client(&mut self) -> &mut S {
        &mut self.client
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
}

/// The clone is not ready, though the original may be.
impl<S: Clone> Clone for Gated<S> {
    #[inline]
    fn clone(&self) -> Self {
        Self::new(self.client.clone())
    }
}
