use std::task::Poll;

use buttress_circuit_breaker::BreakerTicket;
use buttress_core::Deadline;
use buttress_core::outcome::{Judgement, Outcome, Reached};
use buttress_retry::Upload;
use http::{Response, StatusCode};

/// What the breaker is to hear of an attempt, and what decides whether it says anything of the dependency.
///
/// To drop it says that the call was given up.
pub(super) struct Asked<A> {
    /// None while the call waits for its permit, and if it was refused: the dependency was not asked. None, too, once
    /// all is said.
    pub(super) ticket: Option<BreakerTicket>,
    /// The body that is sent, if that is the caller's to give.
    pub(super) upload: Option<Upload<A>>,
    /// By when the call has to be done; it is looked for once somebody has to wait.
    deadline: Option<Deadline>,
}

impl<A> Asked<A> {
    #[inline]
    pub(super) const fn new(ticket: Option<BreakerTicket>, upload: Option<Upload<A>>) -> Self {
        Self { ticket, upload, deadline: None }
    }

    /// The answer is not there yet.
    #[inline]
    pub(super) fn waits(&mut self) {
        if let Some(ticket) = &mut self.ticket {
            ticket.waits();
            if self.deadline.is_none() {
                self.deadline = Deadline::current();
            }
        }
    }

    /// Whether the dependency cannot have answered, as it still has to get what the caller does not give.
    #[inline]
    pub(super) fn is_callers_fault(&self) -> bool {
        self.upload.as_ref().is_some_and(Upload::is_callers_fault)
    }

    /// Whether this answer says that the request did not come in time, which was the caller's fault.
    #[inline]
    pub(super) fn is_blamed_by<B, E>(&self, polled: &Poll<Result<Response<B>, E>>) -> bool {
        self.upload.is_some()
            && matches!(polled, Poll::Ready(Ok(answer)) if answer.status() == StatusCode::REQUEST_TIMEOUT)
            && self.is_callers_fault()
    }

    /// What such an answer says of the dependency.
    pub(super) const NO_NEWS: Judgement =
        Judgement::new(Outcome::Ignored).with_reached(Reached::Perhaps);

    /// What this says of the dependency.
    pub(super) fn judged(&self, judgement: Judgement) -> Judgement {
        if !judgement.outcome().is_failure() || !self.is_callers_fault() {
            return judgement;
        }
        let ignored = Judgement::new(Outcome::Ignored).with_reached(judgement.reached());
        ignored.with_advice(judgement.advice())
    }

    /// The call panics, or, while its body is asked for, the caller does.
    #[cold]
    pub(super) fn panicked(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.settle(self.judged(Judgement::new(Outcome::Panicked)));
        }
    }

    #[cold]
    fn leave(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        match self.deadline {
            _ if self.is_callers_fault() => ticket.settle(Outcome::Ignored),
            Some(deadline) => ticket.leave_before(deadline),
            None => drop(ticket),
        }
    }
}

impl<A> Drop for Asked<A> {
    #[inline]
    fn drop(&mut self) {
        if self.ticket.is_some() {
            self.leave();
        }
    }
}
