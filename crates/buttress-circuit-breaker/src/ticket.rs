mod guards;
mod host;
mod wait;

use std::fmt;
use std::time::Duration;

use buttress_core::Deadline;
use buttress_core::outcome::{BodyKind, Judgement, Outcome, Ticket};

pub(crate) use self::guards::{Judging, Polling};
pub(crate) use self::host::Host;
use self::wait::Wait;
use crate::Breaker;
use crate::machine::Ended;

/// One call that was let pass, until it is known how it ended. Given by [`Breaker::try_enter`], which has an example.
///
/// # Cancellation
///
/// Dropped unsettled, it says that the caller went away: what that counts as is said by
/// [`Abandoned`](crate::Abandoned). The place of a probe is free again. Once there is a head that is no failure, and
/// that is not of gRPC, it was a success: many look at the status and read no body.
#[must_use = "dropping it says that the caller went away"]
pub struct BreakerTicket<H: Host = Breaker> {
    host: H,
    /// Nothing: it is settled.
    pass: Option<H::Pass>,
    wait: Wait,
}

impl<H: Host> BreakerTicket<H> {
    #[inline]
    pub(crate) const fn new(host: H, pass: H::Pass) -> Self {
        Self { host, pass: Some(pass), wait: Wait::NOT }
    }

    /// Says how the call ended.
    #[expect(clippy::inline_always, reason = "what it takes is little, and less than a call")]
    #[inline(always)]
    pub fn settle(mut self, judgement: impl Into<Judgement>) {
        self.end(judgement.into());
    }

    /// The call is not ready: it waits from now on, if it does not yet.
    ///
    /// What is settled without that was ready at once, and so was not slow.
    #[inline]
    pub fn waits(&mut self) {
        if let Some(pass) = &self.pass
            && !self.wait.has_begun()
            && self.host.is_timed(pass)
        {
            self.wait = self.wait.since(self.host.now());
        }
    }

    /// The call waits for longer than is not slow.
    #[cold]
    pub(crate) fn hangs(&mut self) {
        if let Some(pass) = &mut self.pass
            && self.host.is_timed(pass)
        {
            *pass = self.host.hangs(*pass);
        }
    }

    /// What waits longer is slow.
    pub(crate) fn slow(&self) -> Duration {
        self.host.slow()
    }

    /// Guards one poll: if that panics, the call has.
    #[inline]
    pub(crate) fn polling(ticket: &mut Option<Self>) -> Polling<'_, H> {
        Polling { ticket }
    }

    /// Says how the call ended. What comes later is not heard.
    #[expect(clippy::inline_always, reason = "what it takes is little, and less than a call")]
    #[inline(always)]
    pub(crate) fn end(&mut self, judgement: Judgement) {
        let Some(pass) = self.pass.take() else { return };
        if !self.host.ends_quietly(&pass, judgement.outcome()) {
            self.end_with_care(pass, judgement);
        }
    }

    #[cold]
    #[inline(never)]
    fn end_with_care(&self, pass: H::Pass, judgement: Judgement) {
        self.host.heard(judgement.outcome());
        if !self.host.is_news(&pass, judgement.outcome()) {
            return;
        }
        let mut ended = Ended::new(judgement.outcome());
        if let Some(took) = self.took() {
            ended = ended.after(took);
        }
        let may_ask = matches!(judgement.outcome(), Outcome::Failure | Outcome::Throttled);
        if may_ask && let Some(wait) = judgement.wait_advised(self.host.wall()) {
            ended = ended.advised(wait);
        }
        self.host.settle(pass, ended);
    }

    /// Nobody said how it ended.
    #[cold]
    #[inline(never)]
    fn leave(&mut self) {
        // Else only failures would count of a client whose callers read no bodies, and a few of them would open it.
        let answered = self.wait.is_answered();
        self.end(Judgement::new(if answered { Outcome::Success } else { Outcome::Abandoned }));
    }

    fn took(&self) -> Option<Duration> {
        self.wait.took(|| self.host.now())
    }

    fn is_probe(&self) -> bool {
        self.pass.as_ref().is_some_and(|pass| self.host.is_probe(pass))
    }
}

/// For a service that knows by when a call has to be done, and makes it. No part of the public interface.
#[doc(hidden)]
impl<H: Host> BreakerTicket<H> {
    /// Nobody waits any longer for a call that had to be done by then. It was slow if it had its [fair
    /// time](Deadline::fair_time): else those that hang would count for nothing where all of them have less than what
    /// is slow.
    #[cold]
    pub fn leave_before(mut self, deadline: Deadline) {
        let slow = self.host.slow();
        if let Some(since) = self.wait.begun()
            && self.host.now() - since >= deadline.fair_time(since, slow)
        {
            self.wait = self.wait.over(|| since + slow.saturating_add(Duration::from_nanos(1)));
        }
    }
}

impl<H: Host> Ticket for BreakerTicket<H> {
    #[inline]
    fn settle(self, judgement: Judgement) {
        Self::settle(self, judgement);
    }

    #[expect(clippy::inline_always, reason = "what it takes is little, and less than a call")]
    #[inline(always)]
    fn settle_in(place: &mut Option<Self>, judgement: Judgement) {
        if let Some(ticket) = place {
            ticket.end(judgement);
        }
        *place = None;
    }

    #[inline]
    fn headed(&mut self) {
        if self.wait.has_begun() {
            self.wait = self.wait.over(|| self.host.now());
        }
    }

    /// An endless stream must not hold the place of a probe: a head that is no failure is enough, or the first message,
    /// where the head says nothing.
    #[inline]
    fn headed_by(&mut self, kind: BodyKind) {
        self.headed();
        if matches!(kind, BodyKind::Grpc) {
            return;
        }
        self.wait = self.wait.answered();
        if self.is_probe() {
            self.end(Judgement::new(Outcome::Success));
        }
    }

    #[inline]
    fn progressed(&mut self) {
        if self.is_probe() {
            self.end(Judgement::new(Outcome::Success));
        }
    }
}

impl<H: Host> Drop for BreakerTicket<H> {
    #[inline]
    fn drop(&mut self) {
        if self.pass.is_some() {
            self.leave();
        }
    }
}

impl<H: Host> fmt::Debug for BreakerTicket<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerTicket")
            .field("settled", &self.pass.is_none())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
