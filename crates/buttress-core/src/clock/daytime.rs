//! The time of day, from a monotonic time: to ask for both costs twice.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use super::{Clock, Moment, SystemClock, Timestamp};

/// How long a clock that was set may go unnoticed.
const NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// What the time of day is on one time line.
pub(super) struct Daytime {
    /// When it was last asked for, and by how much it was ahead of the time line. Threads may see one of a new pair and
    /// one of an old: both say what time it is.
    asked: AtomicU64,
    ahead: AtomicU64,
}

impl Daytime {
    pub(super) const fn new() -> Self {
        Self { asked: AtomicU64::new(0), ahead: AtomicU64::new(0) }
    }

    /// The time of day at `now`, at most a second behind a clock that was set.
    pub(super) fn at(&self, now: Moment) -> Timestamp {
        let asked = self.asked.load(Acquire);
        if asked == 0 || now - Moment::from_nanos(asked) >= NOTICED_WITHIN {
            self.ask(now);
        }
        Timestamp::from_nanos(now.as_nanos().wrapping_add(self.ahead.load(Relaxed)))
    }

    #[cold]
    fn ask(&self, now: Moment) {
        let wall = SystemClock.wall().as_nanos();
        self.ahead.store(wall.wrapping_sub(now.as_nanos()), Relaxed);
        // After the other: who sees the first of these must not see the time of day begin at nothing.
        self.asked.store(now.as_nanos().max(1), Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_time_of_day_also_after_the_clock_was_set() {
        let daytime = Daytime::new();
        let off = |told: Timestamp| told.as_nanos().abs_diff(SystemClock.wall().as_nanos());
        let now = SystemClock.now();
        for _ in 0..3 {
            assert!(off(daytime.at(now)) < 1_000_000_000);
        }
        // As if it had been set back by an hour since.
        daytime.ahead.fetch_add(3_600_000_000_000, Relaxed);
        assert!(off(daytime.at(now)) > 3_000_000_000_000);
        assert!(off(daytime.at(now + NOTICED_WITHIN)) < 2_000_000_000);
    }
}
