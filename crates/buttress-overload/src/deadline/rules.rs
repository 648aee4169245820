use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::Deadline;
use buttress_core::clock::{Clock, SystemClock};
use buttress_core::metrics::{Counter, Metrics};

use super::mode::{Told, sooner};
use super::{EXPIRED, Mode};

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

/// It was over before it began.
pub(super) struct TooLate;

impl Rules {
    pub(super) fn new(time: Option<Duration>) -> Self {
        let nobody = |when| Metrics::none().bind(&EXPIRED, ["", when]);
        let (before, meanwhile) = (nobody("before"), nobody("meanwhile"));
        Self { time, clock: RulesClock(None), told: Told::default(), before, meanwhile }
    }

    /// A call begins: by when it has to be done, which the next hop may be told.
    #[inline]
    pub(super) fn begin<M: Mode<Req>, Req>(
        &self,
        request: &mut Req,
        tells: bool,
    ) -> Result<Option<Deadline>, TooLate> {
        let clock = self.clock.get();
        let now = clock.now();
        let own = self.time.map(|time| Deadline::after(now, time));
        let deadline = sooner(own, M::said(request, clock, now, &self.told));
        let Some(deadline) = deadline else { return Ok(None) };
        if deadline.is_over(now) {
            return Err(self.too_late());
        }
        if tells {
            M::tell(request, deadline, now, &self.told);
        }
        Ok(Some(deadline))
    }

    #[cold]
    fn too_late(&self) -> TooLate {
        self.before.increment(1);
        TooLate
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
