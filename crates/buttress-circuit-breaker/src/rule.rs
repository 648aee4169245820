use std::time::Duration;

use buttress_core::Faults;

/// When a breaker trips. Several may stand beside each other: the first that holds is the reason.
///
/// ```
/// use buttress_circuit_breaker::{Over, Rule};
/// use std::time::Duration;
///
/// let rate = Rule::failure_rate(50, Over::Time(Duration::from_secs(10)), 20);
/// assert_eq!(rate.to_string(), "50 % of 20 calls or more fail in 10s");
/// assert_eq!(Rule::InARow(5).to_string(), "5 calls fail in a row");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// So many calls fail, and none succeeds in between. Success costs one look.
    InARow(u32),
    /// So many calls fail in a time, whatever succeeds meanwhile. Exact up to 64.
    #[non_exhaustive]
    Failures {
        /// How many.
        n: u32,
        /// In which time.
        within: Duration,
    },
    /// So many percent of the calls fail.
    #[non_exhaustive]
    FailureRate {
        /// From what share on.
        percent: u32,
        /// Of which calls.
        over: Over,
        /// Not before there are so many of them.
        at_least: u32,
    },
    /// So many percent of the calls are slow, whether they succeed or fail.
    #[non_exhaustive]
    SlowRate {
        /// From what share on.
        percent: u32,
        /// Of which calls.
        over: Over,
        /// Not before there are so many of them.
        at_least: u32,
    },
    /// So many answers in a time say: not so fast. They count for no other rule.
    #[non_exhaustive]
    Throttled {
        /// How many.
        n: u32,
        /// In which time.
        within: Duration,
    },
}

/// Of which calls a rate is.
///
/// ```
/// use buttress_circuit_breaker::Over;
///
/// assert_eq!(Over::Calls(100).to_string(), "the last 100 calls");
/// ```
///
/// # How exactly it slides
///
/// A time is cut into twenty buckets, and the oldest goes as a whole: what counts is never older than the time, and
/// spans at least 95 % of it. Fewer than 80 calls are counted one by one. More are cut, too, into forty buckets or a
/// few more: what counts is never more than the calls asked for, and 97 % of them at least. (With exact counts, all of
/// them are counted one by one.) Where much traffic has just become little, up to fifteen successes of a thread are
/// left out, once.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Over {
    /// Of those in the last time.
    Time(Duration),
    /// Of the last so many.
    Calls(u32),
}

impl Rule {
    /// [`Rule::Failures`].
    #[must_use]
    pub const fn failures(n: u32, within: Duration) -> Self {
        Self::Failures { n, within }
    }

    /// [`Rule::FailureRate`].
    #[must_use]
    pub const fn failure_rate(percent: u32, over: Over, at_least: u32) -> Self {
        Self::FailureRate { percent, over, at_least }
    }

    /// [`Rule::SlowRate`].
    #[must_use]
    pub const fn slow_rate(percent: u32, over: Over, at_least: u32) -> Self {
        Self::SlowRate { percent, over, at_least }
    }

    /// [`Rule::Throttled`].
    #[must_use]
    pub const fn throttled(n: u32, within: Duration) -> Self {
        Self::Throttled { n, within }
    }

    pub(crate) const fn is_rate(&self) -> bool {
        self.over().is_some()
    }

    pub(crate) const fn is_of_slow_calls(&self) -> bool {
        matches!(self, Self::SlowRate { .. })
    }

    /// Of how many calls it is a rate, if it is of calls.
    pub(crate) const fn calls(&self) -> Option<u32> {
        match self.over() {
            Some(Over::Calls(calls)) => Some(calls),
            _ => None,
        }
    }

    /// Of which calls it is a rate, if it is one.
    pub(crate) const fn over(&self) -> Option<Over> {
        match self {
            Self::FailureRate { over, .. } | Self::SlowRate { over, .. } => Some(*over),
            _ => None,
        }
    }

    /// Notes what is wrong with it.
    pub(crate) fn check(&self, path: &str, faults: &mut Faults) {
        match *self {
            Self::InARow(n) if n == 0 || n > MOST_IN_A_ROW => {
                faults.add(path, format_args!("must be from 1 to {MOST_IN_A_ROW}, not {n}"));
            }
            Self::InARow(_) => {}
            Self::Failures { n, within } => check_times(n, MOST_CALLS, within, path, faults),
            Self::Throttled { n, within } => check_times(n, MOST_TIMES, within, path, faults),
            Self::FailureRate { percent, over, at_least }
            | Self::SlowRate { percent, over, at_least } => {
                check_rate(percent, over, at_least, path, faults);
            }
        }
    }
}

/// What a streak counts to.
const MOST_IN_A_ROW: u32 = 65_535;
/// Of so many times each is kept.
pub(crate) const MOST_TIMES: u32 = 64;
/// More calls than that are no window.
const MOST_CALLS: u32 = 1_000_000;
/// A time that is longer is no window.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// A time that is shorter has no buckets.
const SHORTEST: Duration = Duration::from_millis(1);

fn check_times(n: u32, most: u32, within: Duration, path: &str, faults: &mut Faults) {
    if n == 0 || n > most {
        faults.add(format!("{path}.n"), format_args!("must be from 1 to {most}, not {n}"));
    }
    check_time(within, &format!("{path}.within"), faults);
}

fn check_time(time: Duration, path: &str, faults: &mut Faults) {
    if !(SHORTEST..=LONGEST).contains(&time) {
        faults.add(path, format_args!("must be from {SHORTEST:?} to a day, not {time:?}"));
    }
}

fn check_rate(percent: u32, over: Over, at_least: u32, path: &str, faults: &mut Faults) {
    if percent == 0 || percent > 100 {
        faults.add(format!("{path}.percent"), format_args!("must be from 1 to 100, not {percent}"));
    }
    if at_least == 0 {
        faults.add(format!("{path}.at_least"), "must be 1 or more");
    }
    match over {
        Over::Time(time) => check_time(time, &format!("{path}.over"), faults),
        Over::Calls(n) if n == 0 || n > MOST_CALLS => {
            let reason = format!("must be from 1 to {MOST_CALLS} calls, not {n}");
            faults.add(format!("{path}.over"), reason);
        }
        Over::Calls(n) if at_least > n => {
            let reason = format!("is {at_least}, and there are never more than {n} calls");
            faults.add(format!("{path}.at_least"), reason);
        }
        Over::Calls(_) => {}
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InARow(n) => write!(f, "{n} calls fail in a row"),
            Self::Failures { n, within } => write!(f, "{n} calls fail in {within:?}"),
            Self::FailureRate { percent, over, at_least } => {
                write!(f, "{percent} % of {at_least} calls or more fail in {over}")
            }
            Self::SlowRate { percent, over, at_least } => {
                write!(f, "{percent} % of {at_least} calls or more are slow in {over}")
            }
            Self::Throttled { n, within } => write!(f, "{n} calls are throttled in {within:?}"),
        }
    }
}

impl std::fmt::Display for Over {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Time(time) => write!(f, "{time:?}"),
            Self::Calls(n) => write!(f, "the last {n} calls"),
        }
    }
}
