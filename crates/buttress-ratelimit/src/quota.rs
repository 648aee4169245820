use std::time::Duration;

use buttress_core::BuildError;

use crate::{Algorithm, Limit};

/// How much is allowed in which time, and how much of it at once.
///
/// The unit stands in the name of what makes it, and it prints as a sentence, so that no number can be misread:
///
/// ```
/// use buttress_ratelimit::Quota;
///
/// assert_eq!(Quota::per_minute(100).burst(200).to_string(), "100 a minute, up to 200 at once");
/// assert_eq!(Quota::per_second(20).to_string(), "20 a second, up to 20 at once");
/// assert_eq!(Quota::at_once(8).to_string(), "8 at the same time");
///
/// // And each of these sentences is read again.
/// let logins: Quota = "5/15m fixed_window".parse().unwrap();
/// assert_eq!(logins.to_string(), "5 every 15 minutes, as fixed_window");
/// assert_eq!(logins.to_string().parse(), Ok(logins));
/// ```
///
/// Numbers are checked when a limit is built, all of them at once.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use = "a quota limits nothing until it is part of a limit"]
pub struct Quota {
    pub(crate) count: u64,
    pub(crate) period: Duration,
    pub(crate) burst: Option<u64>,
    pub(crate) algorithm: Algorithm,
    pub(crate) queue: Duration,
}

impl Quota {
    /// So many in each time of this length.
    pub const fn per(period: Duration, count: u64) -> Self {
        Self { count, period, burst: None, algorithm: Algorithm::Gcra, queue: Duration::ZERO }
    }

    /// So many a second. Not one every so many seconds.
    pub const fn per_second(count: u64) -> Self {
        Self::per(Duration::from_secs(1), count)
    }

    /// So many a minute.
    pub const fn per_minute(count: u64) -> Self {
        Self::per(Duration::from_secs(60), count)
    }

    /// So many an hour.
    pub const fn per_hour(count: u64) -> Self {
        Self::per(Duration::from_secs(3_600), count)
    }

    /// So many a day of 24 hours.
    pub const fn per_day(count: u64) -> Self {
        Self::per(Duration::from_secs(86_400), count)
    }

    /// So many at the same time, however long each takes.
    pub const fn at_once(count: u64) -> Self {
        let mut quota = Self::per(Duration::ZERO, count);
        quota.algorithm = Algorithm::Concurrent;
        quota
    }

    /// Lets so many through at once, after a time of rest. The default is as many as the quota has in its period.
    pub const fn burst(mut self, burst: u64) -> Self {
        self.burst = Some(burst);
        self
    }

    /// Counts in another way. The default is [`Algorithm::Gcra`].
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Lets a request wait for its turn, up to so long, before it is refused: a leaky queue.
    pub const fn queue(mut self, at_most: Duration) -> Self {
        self.queue = at_most;
        self
    }

    /// Checks the numbers.
    ///
    /// # Errors
    ///
    /// Fails with every number that makes no limit: zero, more than can be counted, a time of nothing or of centuries,
    /// a burst or a queue where the algorithm has none.
    pub fn check(&self) -> Result<Limit, BuildError> {
        Limit::try_from(*self)
    }
}
