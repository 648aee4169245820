use std::fmt;

/// Why a breaker opened, in numbers.
///
/// ```
/// use buttress_circuit_breaker::{Reason, Trip};
///
/// let trip = Trip::new(Reason::FailureRate, 62, 50);
/// assert_eq!(trip.to_string(), "failure_rate (62 of 50)");
/// assert_eq!(Trip::fleet(3, 2).reason(), Reason::Fleet);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Trip {
    reason: Reason,
    seen: u32,
    limit: u32,
}

impl Trip {
    /// For this reason: so much was seen, and so much is the limit.
    #[must_use]
    pub const fn new(reason: Reason, seen: u32, limit: u32) -> Self {
        Self { reason, seen, limit }
    }

    /// So many members of the fleet say that it is down, and so many have to.
    #[must_use]
    pub const fn fleet(votes: u32, quorum: u32) -> Self {
        Self::new(Reason::Fleet, votes, quorum)
    }

    /// Somebody outside said so: a health check, a signal of the dependency.
    #[must_use]
    pub const fn switch() -> Self {
        Self::new(Reason::Switch, 1, 1)
    }

    /// Which rule it was.
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.reason
    }

    /// What was seen: calls, or percent of them where the rule is a rate.
    #[must_use]
    pub const fn seen(self) -> u32 {
        self.seen
    }

    /// From what on it trips.
    #[must_use]
    pub const fn limit(self) -> u32 {
        self.limit
    }
}

/// Prints the reason, what was seen, and the limit.
impl fmt::Display for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} of {})", self.reason, self.seen, self.limit)
    }
}

/// Which rule opened a breaker.
///
/// ```
/// use buttress_circuit_breaker::Reason;
///
/// assert_eq!(Reason::InARow.as_str(), "in_a_row");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Failures in a row.
    InARow,
    /// Failures in a time.
    Failures,
    /// The share of failures.
    FailureRate,
    /// The share of slow calls.
    SlowRate,
    /// Answers that say: not so fast.
    Throttled,
    /// A probe failed.
    Probe,
    /// Probes that never came back.
    Hanging,
    /// The fleet.
    Fleet,
    /// Somebody outside.
    Switch,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::InARow,
        Self::Failures,
        Self::FailureRate,
        Self::SlowRate,
        Self::Throttled,
        Self::Probe,
        Self::Hanging,
        Self::Fleet,
        Self::Switch,
    ];

    /// The name that metrics and events have for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InARow => "in_a_row",
            Self::Failures => "failures",
            Self::FailureRate => "failure_rate",
            Self::SlowRate => "slow_rate",
            Self::Throttled => "throttled",
            Self::Probe => "probe",
            Self::Hanging => "hanging",
            Self::Fleet => "fleet",
            Self::Switch => "switch",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
