use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::Deadline;
use buttress_core::clock::{Clock, Moment, SystemClock};
use buttress_core::metrics::{Counter, Metrics};

use super::EXPIRED;
use super::mode::{Told, sooner};

/// What all calls have in common.
#[derive(Clone)]
pub(super) struct Rules {
    /// None for what has no time of its own.
    pub(super) time: Option<Duration>,
    pub(super) clock: RulesClock,
    pub(super) told: Told,
    pub(super) before: Counter,
    pub(super) meanwhile: Counter,
}

#[derive(Clone)]
pub(super) struct RulesClock(Option<Arc<dyn Clock>>);

impl RulesClock {
    pub(super) fn own(clock: impl Clock) -> Self {
        Self(Some(Arc::new(clock)))
    }

    #[inline]
    pub(super) fn get(&self) -> &dyn Clock {
        self.0.as_deref().unwrap_or(&SystemClock)
    }
}

impl Rules {
    pub(super) fn new(time: Option<Duration>) -> Self {
        let nobody = |when| Metrics::none().bind(&EXPIRED, ["", when]);
        let (before, meanwhile) = (nobody("before"), nobody("meanwhile"));
        Self { time, clock: RulesClock(None), told: Told::default(), before, meanwhile }
    }

    /// The sooner of what is said and the own time.
    #[inline]
    pub(super) fn deadline(&self, said: Option<Deadline>, now: Moment) -> Option<Deadline> {
        let own = self.time.map(|time| Deadline::after(now, time));
        sooner(own, said)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("time", &self.time)
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}
