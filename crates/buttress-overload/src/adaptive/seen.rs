use std::time::Duration;

/// What came of the calls that ended between two looks at a limit.
///
/// A [`LimitPolicy`](super::LimitPolicy) learns from it. Only successes have a latency that says something of load:
/// what fails may fail fast, or wait for something else.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Seen {
    /// How many successes there were.
    pub successes: u32,
    /// How many calls the other side turned away for its load, or never answered.
    pub dropped: u32,
    /// How long the typical success took: the median, to 7 %.
    pub typical: Duration,
    /// How many calls were under way at once, at most.
    pub busiest: u32,
}

/// Fewer drops than one in so many are what a network does on a good day.
const TOLERATED: u32 = 50;

impl Seen {
    /// Successes only, as a test of a policy has them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use buttress_overload::adaptive::Seen;
    ///
    /// let seen = Seen::successes(100, Duration::from_millis(10)).busiest(20).dropped(2);
    /// assert!(!seen.is_congested(), "one in fifty is tolerated");
    /// assert!(seen.dropped(3).is_congested());
    /// ```
    #[must_use]
    pub const fn successes(count: u32, took: Duration) -> Self {
        Self { successes: count, dropped: 0, typical: took, busiest: 0 }
    }

    /// The same, with so many dropped.
    #[must_use]
    pub const fn dropped(self, dropped: u32) -> Self {
        Self { dropped, ..self }
    }

    /// The same, with so many under way at once.
    #[must_use]
    pub const fn busiest(self, busiest: u32) -> Self {
        Self { busiest, ..self }
    }

    /// Whether more than one in fifty was dropped, and more than one: of a few calls, one alone is chance.
    #[must_use]
    pub const fn is_congested(&self) -> bool {
        let all = self.successes.saturating_add(self.dropped);
        self.dropped > 1 && self.dropped.saturating_mul(TOLERATED) > all
    }

    /// Whether at least half of `limit` was used. What is not used says nothing of whether more would be too much.
    #[must_use]
    pub const fn used(&self, limit: u32) -> bool {
        self.busiest.saturating_mul(2) >= limit
    }
}
