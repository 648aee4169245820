use buttress_core::Faults;
use buttress_core::clock::Moment;

use super::policy::{Bounds, whole};
use super::{LimitPolicy, Seen};

/// One more while all is well, a tenth less when calls are dropped: additive increase, multiplicative decrease.
///
/// It does not look at latency, so it is for what says no by itself: a dependency with a limit of its own, that answers
/// with 429 or does not answer in time. For all else [`Gradient`](super::Gradient) is better, as it need not fail
/// first.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::clock::Moment;
/// use buttress_overload::adaptive::{Aimd, LimitPolicy, Seen};
///
/// let mut limit = Aimd::new().between(2, 100).starting_at(50);
/// let well = Seen::successes(200, Duration::from_millis(10)).busiest(50);
///
/// assert_eq!(limit.learn(&well, Moment::FIRST), 51);
/// assert_eq!(limit.learn(&well.busiest(9), Moment::FIRST), 51, "what is not used does not grow");
/// assert_eq!(limit.learn(&well.dropped(20), Moment::FIRST), 46);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Aimd {
    bounds: Bounds,
    limit: f64,
    /// What was said of it that it does not have.
    misplaced: &'static [&'static str],
}

/// What is left of a limit that was too high.
pub(super) const BACK_OFF: f64 = 0.9;

impl Aimd {
    /// Between 4 and 1,000, beginning at 20.
    #[must_use]
    pub const fn new() -> Self {
        Self { bounds: Bounds::DEFAULT, limit: 20.0, misplaced: &[] }
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

    /// Notes what was said of it that it does not have, which is an error.
    pub(super) const fn misplaced(mut self, paths: &'static [&'static str]) -> Self {
        self.misplaced = paths;
        self
    }
}

impl Default for Aimd {
    fn default() -> Self {
        Self::new()
    }
}

impl LimitPolicy for Aimd {
    fn limit(&self) -> u32 {
        whole(self.limit)
    }

    fn learn(&mut self, seen: &Seen, _now: Moment) -> u32 {
        let next = if seen.is_congested() {
            self.limit * BACK_OFF
        } else if seen.used(self.limit()) {
            self.limit + 1.0
        } else {
            self.limit
        };
        self.limit = self.bounds.clamp(next);
        self.limit()
    }

    fn check(&self, faults: &mut Faults) {
        self.bounds.check(faults);
        for path in self.misplaced {
            faults.add(*path, "is of `gradient` alone");
        }
    }
}
