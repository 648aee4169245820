use std::pin::Pin;

use buttress_circuit_breaker::BreakerTicket;
use buttress_core::Problem;
use buttress_core::clock::TokioTimer;
use buttress_overload::bulkhead::{Permit, Waits};

/// What an attempt has that may be made.
pub(in crate::outbound) struct Admitted {
    pub(super) ticket: BreakerTicket,
    pub(super) permit: Option<Permit>,
}

/// What one has that may not be made, or not yet: a ticket, if the breaker let it pass.
pub(in crate::outbound) struct Halted {
    pub(super) ticket: Option<BreakerTicket>,
    pub(super) by: By,
}

/// What stands in its way.
pub(super) enum By {
    Refusal(Problem),
    Queue(Pin<Box<Waits<TokioTimer>>>),
}
