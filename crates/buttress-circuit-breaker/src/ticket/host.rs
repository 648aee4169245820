use std::time::Duration;

use buttress_core::clock::{Moment, Timestamp};
use buttress_core::outcome::Outcome;
use buttress_core::sync::Shared;

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
    /// Hears of such an end, if it is no news at a glance. If not, it still may be none.
    fn ends_quietly(&self, pass: &Self::Pass, outcome: Outcome) -> bool;
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
    fn ends_quietly(&self, pass: &H::Pass, outcome: Outcome) -> bool {
        (**self).ends_quietly(pass, outcome)
    }

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
