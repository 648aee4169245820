use std::pin::Pin;

use buttress_circuit_breaker::BreakerTicket;
use buttress_core::Problem;
use buttress_core::clock::TokioTimer;
use buttress_core::outcome::Outcome;
use buttress_overload::bulkhead::{Permit, Waits};

/// What an attempt has that may be made.
pub(in crate::outbound) struct Admitted {
    pub(super) ticket: BreakerTicket,
    pub(super) permit: Option<Permit>,
}

/// Why one is not made, or not yet.
pub(in crate::outbound) enum Halted {
    Refused(Problem),
    Waits { unasked: Unasked, wait: Pin<Box<Waits<TokioTimer>>> },
}

/// The ticket of an attempt that waits for its permit. However that ends, it says nothing of the dependency: the queue
/// is ours, and so is the time that is spent there.
pub(in crate::outbound) struct Unasked {
    /// Nothing: it is asked.
    ticket: Option<BreakerTicket>,
}

impl Unasked {
    pub(super) const fn new(ticket: BreakerTicket) -> Self {
        Self { ticket: Some(ticket) }
    }

    /// From now on it is for the dependency to answer.
    pub(super) const fn asks(&mut self) -> Option<BreakerTicket> {
        self.ticket.take()
    }
}

impl Drop for Unasked {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.settle(Outcome::Rejected);
        }
    }
}
