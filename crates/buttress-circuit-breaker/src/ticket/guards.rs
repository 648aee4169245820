use buttress_core::outcome::{Judgement, Outcome};

use super::{BreakerTicket, Host};

/// Stands on the stack while the call runs: that it is dropped means that the call panics. (Whether the thread panics
/// would tell less: it may be the caller's panic that drops the call.)
pub(crate) struct Polling<'a, H: Host> {
    pub(super) ticket: &'a mut Option<BreakerTicket<H>>,
}

impl<H: Host> Polling<'_, H> {
    /// It came back.
    #[inline]
    pub(crate) fn done(self) {
        std::mem::forget(self);
    }
}

/// Stands on the stack while the call is judged: that it is dropped means that the judge panics, which is no news of
/// whom was called.
pub(crate) struct Judging<'a, H: Host> {
    pub(crate) ticket: &'a mut Option<BreakerTicket<H>>,
}

impl<H: Host> Judging<'_, H> {
    /// It came back: what is left of the ticket.
    #[inline]
    pub(crate) fn done(self) -> Option<BreakerTicket<H>> {
        let ticket = self.ticket.take();
        std::mem::forget(self);
        ticket
    }
}

impl<H: Host> Drop for Judging<'_, H> {
    #[cold]
    fn drop(&mut self) {
        if let Some(mut ticket) = self.ticket.take() {
            ticket.end(Judgement::new(Outcome::Ignored));
        }
    }
}

impl<H: Host> Drop for Polling<'_, H> {
    #[cold]
    fn drop(&mut self) {
        if let Some(mut ticket) = self.ticket.take() {
            ticket.end(Judgement::new(Outcome::Panicked));
        }
    }
}
