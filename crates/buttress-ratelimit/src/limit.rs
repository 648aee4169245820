use std::time::Duration;

use buttress_core::clock::nanos;
use buttress_core::{BuildError, Faults};

use crate::{Algorithm, Quota};

/// A [`Quota`] that was checked, in the numbers that decisions are made with.
///
/// ```
/// use buttress_ratelimit::{Limit, Quota};
/// use std::time::Duration;
///
/// let limit = Limit::try_from(Quota::per_minute(100).burst(200))?;
/// assert_eq!((limit.count(), limit.burst(), limit.period()), (100, 200, Duration::from_secs(60)));
///
/// let wrong = Limit::try_from(Quota::per_second(0).queue(Duration::MAX)).unwrap_err();
/// assert_eq!(wrong.faults().len(), 2, "the count and the queue");
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
///
/// Time is counted in whole nanoseconds. [`Gcra`](Algorithm::Gcra) has one interval between two requests at the steady
/// rate, and rounds it up: so it is never faster than was said, and slower by less than a nanosecond for each request.
/// At 7 a second that is one request in five years.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    pub(crate) algorithm: Algorithm,
    pub(crate) count: u64,
    /// Nanoseconds.
    pub(crate) period: u64,
    pub(crate) burst: u64,
    /// How long a request may wait for its turn, in nanoseconds.
    pub(crate) queue: u64,
    /// Nanoseconds between two requests at the steady rate, rounded up: never faster than was said.
    pub(crate) interval: u64,
    /// What a burst takes at that rate, in nanoseconds.
    pub(crate) tolerance: u64,
    /// The same and the queue.
    pub(crate) reach: u64,
    /// The deepest debt: the same and a period, for what was counted afterwards.
    pub(crate) deepest: u64,
    /// One part of the interval, in units of which the whole has 2^(64 + `shift`), rounded up.
    share: u64,
    shift: u32,
}

/// The longest period: what is longer is a mistake, and would make times that no number holds.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// The longest time in which a burst comes back.
const LONGEST_REFILL: Duration = Duration::from_secs(10 * 366 * 86_400);

/// The shortest interval: its part of a nanosecond, which is rounded up, is one in a hundred there.
const SHORTEST_INTERVAL: u64 = 100;

/// The largest log: it is looked through for each request.
pub(crate) const LARGEST_LOG: u64 = 64;

/// The largest count and burst: up to there every product below fits.
const MOST: u64 = u32::MAX as u64;

impl Limit {
    /// How it counts.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// How many are allowed in a period.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// How long a period is; zero for what counts at the same time.
    #[must_use]
    pub const fn period(&self) -> Duration {
        Duration::from_nanos(self.period)
    }

    /// How many may come at once: what no cost may exceed.
    #[must_use]
    pub const fn burst(&self) -> u64 {
        self.burst
    }

    /// How long a request may wait for its turn.
    #[must_use]
    pub const fn queue(&self) -> Duration {
        Duration::from_nanos(self.queue)
    }

    /// How many whole intervals there are in a time: by a product, which processors are quicker with than with a
    /// division. Exact for less than 292 years.
    #[inline]
    pub(crate) const fn turns_in(&self, nanos: u64) -> u64 {
        ((nanos as u128 * self.share as u128) >> 64) as u64 >> self.shift
    }

    /// How much such a time is at the steady rate, in whole charges.
    pub(crate) fn worth(&self, nanos: u64) -> u32 {
        u32::try_from(self.turns_in(nanos)).unwrap_or(u32::MAX)
    }

    /// What `cost` takes at the steady rate, in nanoseconds.
    #[inline]
    pub(crate) const fn price(&self, cost: u32) -> u64 {
        self.interval.saturating_mul(cost as u64)
    }
}

impl TryFrom<Quota> for Limit {
    type Error = BuildError;

    fn try_from(quota: Quota) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        check_counts(&quota, &mut faults);
        check_times(&quota, &mut faults);
        let limit = Self::of(&quota);
        limit.check_pace(&quota, &mut faults);
        faults.finish(limit)
    }
}

impl Limit {
    /// The numbers, whether or not they make sense: none of them overflows.
    fn of(quota: &Quota) -> Self {
        let Quota { count, algorithm, .. } = *quota;
        let burst = burst_of(quota);
        let (period, queue) = (nanos(quota.period), nanos(quota.queue));
        let [interval, tolerance, reach, deepest, share] = [0; 5];
        let limit = Self {
            algorithm,
            count,
            period,
            burst,
            queue,
            interval,
            tolerance,
            reach,
            deepest,
            share,
            shift: 0,
        };
        limit.paced(period.div_ceil(count.max(1)))
    }

    /// The same with this interval, and with all that depends on it.
    pub(crate) fn paced(self, interval: u64) -> Self {
        let tolerance = interval.saturating_mul(self.burst);
        let reach = tolerance.saturating_add(self.queue);
        let deepest = reach.saturating_add(self.period);
        let (share, shift) = reciprocal(interval);
        Self { interval, tolerance, reach, deepest, share, shift, ..self }
    }

    fn check_pace(&self, quota: &Quota, faults: &mut Faults) {
        if self.algorithm != Algorithm::Gcra {
            return;
        }
        if self.interval < SHORTEST_INTERVAL && self.period > 0 {
            faults.add("count", "must be at most ten million a second");
        }
        // One that nobody said takes as long as the period, of which that is told.
        if quota.burst.is_some() && self.tolerance > nanos(LONGEST_REFILL) {
            faults.add("burst", "must be there again within ten years");
        }
    }
}

fn check_counts(quota: &Quota, faults: &mut Faults) {
    let Quota { count, algorithm, .. } = *quota;
    if quota.burst.is_some() && algorithm != Algorithm::Gcra {
        faults.add("burst", format_args!("`{algorithm}` has no burst"));
    }
    // A burst that nobody said is the count, of which the same is told.
    let burst = quota.burst.filter(|_| algorithm == Algorithm::Gcra);
    for (path, number) in [("count", Some(count)), ("burst", burst)] {
        let Some(number) = number else { continue };
        if number == 0 {
            faults.add(path, "must be at least 1: to refuse everything, refuse it");
        } else if number > MOST {
            faults.add(path, format_args!("must be at most {MOST}, not {number}"));
        }
    }
    if algorithm == Algorithm::SlidingLog && count > LARGEST_LOG {
        faults.add("count", format_args!("a log holds at most {LARGEST_LOG}, not {count}"));
    }
}

fn check_times(quota: &Quota, faults: &mut Faults) {
    let Quota { period, algorithm, queue, .. } = *quota;
    if algorithm == Algorithm::Concurrent {
        if !period.is_zero() {
            faults.add("period", format_args!("`{algorithm}` has no period: say `at_once`"));
        }
    } else if period.is_zero() {
        faults.add("period", "must be greater than zero");
    } else if period > LONGEST {
        faults.add("period", "must be at most 366 days");
    }
    if queue > LONGEST {
        faults.add("queue", "must be at most 366 days");
    }
    if !queue.is_zero() && algorithm != Algorithm::Gcra {
        faults.add("queue", format_args!("`{algorithm}` has no queue"));
    }
}

/// How many may come at once, whether or not it is said.
fn burst_of(quota: &Quota) -> u64 {
    match quota.burst {
        Some(burst) if quota.algorithm == Algorithm::Gcra => burst,
        _ => quota.count,
    }
}

/// By what to multiply, and then to shift, beyond 64 bits, in place of a division. Nothing for what is too short to be
/// an interval.
fn reciprocal(interval: u64) -> (u64, u32) {
    let Some(shift) = interval.saturating_sub(1).checked_ilog2() else { return (0, 0) };
    let share = (1_u128 << (64 + shift)).div_ceil(u128::from(interval));
    (u64::try_from(share).unwrap_or(u64::MAX), shift)
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn turns_are_those_of_a_division(
            seconds in 1_u64..=366 * 86_400,
            bits in 0_u32..32,
            count in any::<u32>(),
            turns in any::<u64>(),
            beside in -1_i64..=1,
        ) {
            let count = (u64::from(count) >> bits).max(1);
            let limit = Limit::of(&Quota::per(Duration::from_secs(seconds), count));
            prop_assume!(limit.interval > 1);
            // Around whole turns, where a product that is rounded would be wrong first.
            let most = (u64::MAX >> 1) / limit.interval;
            let nanos = (turns % most * limit.interval).saturating_add_signed(beside);
            prop_assert_eq!(limit.turns_in(nanos), nanos / limit.interval);
        }
    }
}
