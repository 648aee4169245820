use std::time::Duration;

use buttress_core::Faults;
use buttress_core::clock::Moment;

use super::aimd::BACK_OFF;
use super::least::{Learnt, Least};
use super::policy::{Bounds, whole};
use super::{LimitPolicy, Seen};

/// As much at once as latency bears: the limit shrinks as soon as calls take longer than they would alone.
///
/// A call that takes longer than it would alone stands in somebody's queue. So the *gradient* is the least that the
/// typical call took, with some [tolerance](Self::tolerance), over what it takes now. While that is 1 or above, the
/// limit grows by a little, if it is used; below, it shrinks in that proportion. Calls that are dropped take a tenth
/// off, whatever the latency says.
///
/// What "alone" means is [measured again](Self::measured_every) now and then: for a moment the limit is halved, so that
/// no queue is left. Without that, the least of a limit that is too high is what a call takes behind a short queue, and
/// the limit would allow for that queue, and then for the next one: it would climb for ever.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::clock::Moment;
/// use buttress_overload::adaptive::{Gradient, LimitPolicy, Seen};
///
/// let mut limit = Gradient::new().between(4, 200).starting_at(100);
/// let took = |ms| Seen::successes(1_000, Duration::from_millis(ms)).busiest(100);
///
/// assert_eq!(limit.learn(&took(10), Moment::FIRST), 102);
/// // Half as long again is tolerated; three times as long is a queue.
/// assert_eq!(limit.learn(&took(14), Moment::FIRST), 104);
/// assert_eq!(limit.learn(&took(30), Moment::FIRST), 94);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gradient {
    bounds: Bounds,
    tolerance: f64,
    limit: f64,
    least: Least,
    at_the_bottom: u32,
}

/// How much of a new limit is taken over at once: the rest is what it was.
const SMOOTHING: f64 = 0.2;
/// The limit shrinks by no more than half of itself, before smoothing.
const STEEPEST: f64 = 0.5;
/// After so many looks at the lowest limit, what is held for the least cannot be true any more.
const STUCK: u32 = 5;

impl Gradient {
    /// Between 4 and 1,000, beginning at 20; half as long again is tolerated, what a call takes alone is measured every
    /// half minute.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bounds: Bounds::DEFAULT,
            tolerance: 1.5,
            limit: 20.0,
            least: Least::every(Duration::from_secs(30)),
            at_the_bottom: 0,
        }
    }

    /// Sets the lowest and the highest limit.
    #[must_use]
    pub const fn between(mut self, least: u32, most: u32) -> Self {
        self.bounds.least = least;
        self.bounds.most = most;
        self
    }

    /// Sets the limit to begin with.
    #[must_use]
    pub fn starting_at(mut self, limit: u32) -> Self {
        self.bounds.first = limit;
        self.limit = limit.into();
        self
    }

    /// Sets how many times as long as alone a call may take: from 1 to 2. The default is 1.5.
    ///
    /// More lets a longer queue stand in the dependency. Above 2 the queue would still be there after the limit is
    /// halved.
    #[must_use]
    pub const fn tolerance(mut self, times: f64) -> Self {
        self.tolerance = times;
        self
    }

    /// Sets how often it is measured again what a call takes alone. The default is half a minute.
    #[must_use]
    pub const fn measured_every(mut self, time: Duration) -> Self {
        self.least = Least::every(time);
        self
    }

    fn next(&self, seen: &Seen) -> f64 {
        if seen.is_congested() {
            return self.limit * BACK_OFF;
        }
        let Some(least) = self.least.known().filter(|_| seen.successes > 0) else {
            return self.limit;
        };
        let gradient = self.tolerance * least / seen.typical.as_secs_f64().max(f64::MIN_POSITIVE);
        let aim = if gradient < 1.0 {
            self.limit * gradient.max(STEEPEST)
        } else if seen.used(whole(self.limit)) {
            // Only here: with this allowance on a gradient below 1, a high limit finds its balance where it is too
            // high.
            self.limit + self.limit.sqrt()
        } else {
            self.limit
        };
        self.limit + SMOOTHING * (aim - self.limit)
    }

    /// What it is while the least is measured.
    fn halved(&self) -> u32 {
        whole(self.bounds.clamp(self.limit / 2.0))
    }

    fn is_stuck(&mut self) -> bool {
        let at_the_bottom = whole(self.limit) <= self.bounds.least;
        self.at_the_bottom = if at_the_bottom { self.at_the_bottom + 1 } else { 0 };
        self.at_the_bottom >= STUCK
    }
}

impl Default for Gradient {
    fn default() -> Self {
        Self::new()
    }
}

impl LimitPolicy for Gradient {
    fn limit(&self) -> u32 {
        whole(self.limit)
    }

    fn learn(&mut self, seen: &Seen, now: Moment) -> u32 {
        match self.least.learn(seen, now) {
            Learnt::Latency => {}
            // The limit was halved for this: nothing else is learnt from it, but that even so it is too much.
            Learnt::Nothing => {
                let limit = if seen.is_congested() { self.limit * BACK_OFF } else { self.limit };
                self.limit = self.bounds.clamp(limit);
                return self.halved();
            }
            Learnt::Measured => return self.limit(),
        }
        self.limit = self.bounds.clamp(self.next(seen));
        if self.is_stuck() {
            self.at_the_bottom = 0;
            self.least.forget();
        }
        if self.least.is_due(now) {
            return self.halved();
        }
        self.limit()
    }

    fn check(&self, faults: &mut Faults) {
        self.bounds.check(faults);
        if !(1.0..=2.0).contains(&self.tolerance) {
            faults.add("tolerance", format_args!("must be from 1 to 2, not {}", self.tolerance));
        }
        if self.least.is_never() {
            faults.add("measured_every", "must be greater than zero");
        }
    }
}
