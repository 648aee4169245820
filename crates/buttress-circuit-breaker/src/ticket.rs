use std::time::Duration;

use buttress_core::clock::{Moment, Timestamp};
use buttress_core::outcome::{BodyKind, Judgement, Outcome, Ticket};
use buttress_core::sync::Shared;

use crate::machine::Ended;

/// What a ticket belongs to: a breaker of its own, or one of a table.
pub(crate) trait Host: Send + Sync + 'static {
    /// The leave that was given, and to whom.
    type Pass: Copy + Send + 'static;

    fn now(&self) -> Moment;
    fn wall(&self) -> Timestamp;
    fn is_probe(&self, pass: &Self::Pass) -> bool;
    fn is_timed(&self, pass: &Self::Pass) -> bool;
    fn is_news(&self, pass: &Self::Pass, outcome: Outcome) -> bool;
    fn settle(&self, pass: Self::Pass, ended: Ended);
    /// Only for a pass that is timed.
    fn hangs(&self, pass: Self::Pass) -> Self::Pass;
}

/// One call that was let pass, until it is known how it ended.
///
/// It is settled once; and if it is dropped before, the caller went away.
pub(crate) struct Held<H: Host> {
    host: Shared<H>,
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

impl<H: Host> Held<H> {
    #[inline]
    pub(crate) const fn new(host: Shared<H>, pass: H::Pass) -> Self {
        Self { host, pass: Some(pass), wait: Wait::Not }
    }

    /// The call is not ready: it waits from now on, if it does not yet.
    #[inline]
    pub(crate) fn waits(&mut self) {
        if let (Wait::Not, Some(pass)) = (self.wait, &self.pass)
            && self.host.is_timed(pass)
        {
            self.wait = Wait::Since(self.host.now());
        }
    }

    /// The call waits for longer than is not slow.
    pub(crate) fn hangs(&mut self) {
        self.pass = self.pass.map(|pass| self.host.hangs(pass));
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

impl<H: Host> Ticket for Held<H> {
    #[inline]
    fn settle(mut self, judgement: Judgement) {
        self.end(judgement);
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

impl<H: Host> Drop for Held<H> {
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
    ticket: &'a mut Option<Held<H>>,
}

impl<H: Host> Polling<'_, H> {
    /// It came back.
    #[inline]
    pub(crate) fn done(self) {
        std::mem::forget(self);
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

#[cfg(test)]
mod tests;
