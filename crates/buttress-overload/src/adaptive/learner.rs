use std::fmt;
use std::time::Duration;

use buttress_core::Deadline;
use buttress_core::clock::{Clock, Moment};
use buttress_core::outcome::Judgement;
use buttress_core::sync::Lock;

use super::LimitPolicy;
use super::sampler::Sampler;
use crate::load::Load;

/// Watches calls, and lets a policy learn from them.
pub(crate) struct Learner {
    sampler: Sampler,
    policy: Lock<Box<dyn LimitPolicy>>,
    slow: Duration,
}

/// When a call began, by when it has to be done, and when the head of its answer came, where the body is followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    began: Moment,
    deadline: Option<Deadline>,
    took: Option<Duration>,
}

impl Learner {
    pub(crate) fn new(policy: Box<dyn LimitPolicy>, slow: Duration) -> Self {
        Self { sampler: Sampler::new(), policy: Lock::new(policy), slow }
    }

    /// A call begins; so many are under way with it.
    #[inline]
    pub(crate) fn begins(&self, under_way: u32, now: Moment) -> Timing {
        self.sampler.begins(under_way);
        Timing { began: now, deadline: Deadline::current(), took: None }
    }

    /// A call has ended. The limit from now on, if that has changed.
    pub(crate) fn ended(
        &self,
        timing: Timing,
        judgement: Judgement,
        clock: &dyn Clock,
    ) -> Option<u32> {
        let load = Load::of(judgement);
        if matches!(load, Load::Answered | Load::Unknown) {
            return None;
        }
        let now = clock.now();
        self.learn(load, timing.took.unwrap_or(now - timing.began), now)
    }

    /// A caller went away, or its time was over. If there was an answer, that counts; one that waited for longer than
    /// what is slow, or for its [fair time](Deadline::fair_time), has waited in vain.
    pub(crate) fn left(&self, timing: Timing, clock: &dyn Clock) -> Option<u32> {
        if timing.took.is_some() {
            return None;
        }
        let now = clock.now();
        let waited = now - timing.began;
        let fair = timing.deadline.map(|deadline| deadline.fair_time(timing.began, self.slow));
        if waited > fair.unwrap_or(self.slow) {
            self.learn(Load::TurnedAway, waited, now)
        } else {
            None
        }
    }

    fn learn(&self, load: Load, took: Duration, now: Moment) -> Option<u32> {
        let seen = match load {
            Load::Served => self.sampler.succeeded(took, now),
            _ => self.sampler.was_dropped(now),
        };
        // Once in a window: so the lock is waited for by whoever ends the next window, which is nobody.
        seen.map(|seen| self.policy.lock().learn(&seen, now).max(1))
    }
}

impl Timing {
    pub(crate) fn headed(&mut self, now: Moment) {
        self.took = Some(now - self.began);
    }
}

impl fmt::Debug for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learner").field("policy", &self.policy).finish_non_exhaustive()
    }
}
