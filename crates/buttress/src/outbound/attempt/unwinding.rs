use buttress_circuit_breaker::BreakerTicket;
use buttress_core::outcome::Outcome;

/// Stands on the stack while others' code runs: that it is dropped means that this panics.
pub(super) struct Unwinding<'a> {
    ticket: &'a mut Option<BreakerTicket>,
    /// What that says of whom was called.
    outcome: Outcome,
}

impl<'a> Unwinding<'a> {
    /// The call runs.
    #[inline]
    pub(super) const fn of_call(ticket: &'a mut Option<BreakerTicket>) -> Self {
        Self { ticket, outcome: Outcome::Panicked }
    }

    /// The judge does, which is no news of whom was called.
    #[inline]
    pub(super) const fn of_judge(ticket: &'a mut Option<BreakerTicket>) -> Self {
        Self { ticket, outcome: Outcome::Ignored }
    }

    /// The ticket, meanwhile.
    #[inline]
    pub(super) const fn ticket(&mut self) -> &mut Option<BreakerTicket> {
        self.ticket
    }

    /// It came back.
    #[inline]
    pub(super) fn done(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unwinding<'_> {
    #[cold]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.settle(self.outcome);
        }
    }
}
