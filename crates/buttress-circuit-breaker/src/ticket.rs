use std::fmt;
use std::time::Duration;

use buttress_core::clock::{Moment, Timestamp};
use buttress_core::outcome::{BodyKind, Judgement, Outcome, Ticket};
use buttress_core::sync::Shared;

use crate::Breaker;
use crate::machine::Ended;

/// What a ticket belongs to: a [`Breaker`], or one of a [table](crate::BreakerTable).
#[expect(unnameable_types, reason = "so nobody else can implement it")]
pub trait Host: Send + Sync + 'static {
    /// The leave that was given, and to whom.
    type Pass: Copy + Send + 'static;

    fn now(&self) -> Moment;
    fn wall(&self) -> Timestamp;
    fn is_probe(&self, pass: &Self::Pass) -> bool;
    fn is_timed(&self, pass: &Self::Pass) -> bool;
    fn is_news(&self, pass: &Self::Pass, outcome: Outcome) -> bool;
    /// A call ended like this, whether it is news or not.
    fn heard(&self, outcome: Outcome);
    fn settle(&self, pass: Self::Pass, ended: Ended);
    /// Only for a pass that is timed.
    fn hangs(&self, pass: Self::Pass) -> Self::Pass;
    /// What waits longer is slow.
    fn slow(&self) -> Duration;
}

impl<H: Host> Host for Shared<H> {
    type Pass = H::Pass;

    fn now(&self) -> Moment {
        (**self).now()
    }

    fn wall(&self) -> Timestamp {
        (**self).wall()
    }

    #[inline]
    fn is_probe(&self, pass: &H::Pass) -> bool {
        (**self).is_probe(pass)
    }

    #[inline]
    fn is_timed(&self, pass: &H::Pass) -> bool {
        (**self).is_timed(pass)
    }

    #[inline]
    fn is_news(&self, pass: &H::Pass, outcome: Outcome) -> bool {
        (**self).is_news(pass, outcome)
    }

    #[inline]
    fn heard(&self, outcome: Outcome) {
        (**self).heard(outcome);
    }

    fn settle(&self, pass: H::Pass, ended: Ended) {
        (**self).settle(pass, ended);
    }

    fn hangs(&self, pass: H::Pass) -> H::Pass {
        (**self).hangs(pass)
    }

    fn slow(&self) -> Duration {
        (**self).slow()
    }
}

/// One call that was let pass, until it is known how it ended. Given by [`Breaker::try_enter`], which has an example.
///
/// # Cancellation
///
/// Dropped unsettled, it says that the caller went away: what that counts as is said by [`Abandoned`](crate::Abandoned). The place
/// of a probe is free again.
#[must_use = "dropping it says that the caller went away"]
pub struct BreakerTicket<H: Host = Breaker> {
    host: H,
    /// Nothing: it is settled.
    pass: Option<H::Pass>,
    wait: Wait,
}

/// How long it waits: only what is not ready at once does.
#[derive(Clone, Copy, Debug)]
enum Wait {
    Not,
    Since(Moment),
    /// The head came after this time: what its body takes is no slowness.
    Was(Duration),
}

impl<H: Host> BreakerTicket<H> {
    #[inline]
    pub(crate) const fn new(host: H, pass: H::Pass) -> Self {
        Self { host, pass: Some(pass), wait: Wait::Not }
    }

    /// Says how the call ended.
    #[inline]
    pub fn settle(mut self, judgement: impl Into<Judgement>) {
        self.end(judgement.into());
    }

    /// The call is not ready: it waits from now on, if it does not yet.
    ///
    /// What is settled without that was ready at once, and so was not slow.
    #[inline]
    pub fn waits(&mut self) {
        if let (Wait::Not, Some(pass)) = (self.wait, &self.pass)
            && self.host.is_timed(pass)
        {
            self.wait = Wait::Since(self.host.now());
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
    #[inline]
    pub(crate) fn end(&mut self, judgement: Judgement) {
        let Some(pass) = self.pass.take() else { return };
        self.host.heard(judgement.outcome());
        if self.host.is_news(&pass, judgement.outcome()) {
            self.end_with_news(pass, judgement);
        }
    }

    #[cold]
    fn end_with_news(&self, pass: H::Pass, judgement: Judgement) {
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

    fn took(&self) -> Option<Duration> {
        match self.wait {
            Wait::Not => None,
            Wait::Since(since) => Some(self.host.now() - since),
            Wait::Was(took) => Some(took),
        }
    }

    fn is_probe(&self) -> bool {
        self.pass.as_ref().is_some_and(|pass| self.host.is_probe(pass))
    }
}

impl<H: Host> Ticket for BreakerTicket<H> {
    #[inline]
    fn settle(self, judgement: Judgement) {
        Self::settle(self, judgement);
    }

    fn headed(&mut self) {
        if let Some(took) = self.took() {
            self.wait = Wait::Was(took);
        }
    }

    /// An endless stream must not hold the place of a probe: a head that is no failure is enough, or the first message,
    /// where the head says nothing.
    fn headed_by(&mut self, kind: BodyKind) {
        self.headed();
        if !matches!(kind, BodyKind::Grpc) && self.is_probe() {
            self.end(Judgement::new(Outcome::Success));
        }
    }

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
            self.end(Judgement::new(Outcome::Abandoned));
        }
    }
}

/// Stands on the stack while the call runs: that it is dropped means that the call panics. (Whether the thread panics
/// would tell less: it may be the caller's panic that drops the call.)
pub(crate) struct Polling<'a, H: Host> {
    ticket: &'a mut Option<BreakerTicket<H>>,
}

impl<H: Host> Polling<'_, H> {
    /// It came back.
    #[inline]
    pub(crate) fn done(self) {
        std::mem::forget(self);
    }
}

/// Stands on the stack while the call is judged: that it is dropped means that the judge panics, which is no news of whom
/// was called.
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

impl<H: Host> fmt::Debug for BreakerTicket<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerTicket")
            .field("settled", &self.pass.is_none())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
