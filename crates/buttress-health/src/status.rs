use std::fmt;

use buttress_core::HealthStatus;

/// How the service is, as its readiness says.
///
/// ```
/// use buttress_health::Status;
///
/// assert!(Status::Degraded.is_ready(), "it works, if not as it should");
/// assert!(!Status::Draining.is_ready());
/// assert_eq!(Status::Draining.as_str(), "draining");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// All is well.
    Ok,
    /// It works, but something is not as it should be.
    Degraded,
    /// Something that it cannot work without has not been seen well yet.
    Starting,
    /// Something that it cannot work without is down, or nobody knows how it is.
    Down,
    /// It is about to stop.
    Draining,
}

impl Status {
    /// Whether requests may be sent to it.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Ok | Self::Degraded)
    }

    /// The word of reports, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Starting => "starting",
            Self::Down => "down",
            Self::Draining => "draining",
        }
    }

    /// The word of `application/health+json`.
    pub(crate) const fn in_health_json(self) -> &'static str {
        match self {
            Self::Ok => "pass",
            Self::Degraded => "warn",
            Self::Starting | Self::Down | Self::Draining => "fail",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How one check is, as far as anybody knows.
///
/// ```
/// use buttress_core::HealthStatus;
/// use buttress_health::CheckStatus;
///
/// assert_eq!(CheckStatus::from(HealthStatus::Up), CheckStatus::Up);
/// assert_eq!(CheckStatus::Unknown.as_str(), "unknown");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CheckStatus {
    /// It has not run yet.
    Pending,
    /// It does its work.
    Up,
    /// It does its work, but not as it should.
    Degraded,
    /// It does not do its work, or did not answer in time.
    Down,
    /// It ran too long ago to say anything.
    Unknown,
    /// It leads back to the caller, and says nothing that the caller does not know.
    Circular,
}

impl CheckStatus {
    /// The word of reports, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Circular => "circular",
        }
    }

    pub(crate) const fn in_health_json(self) -> &'static str {
        match self {
            Self::Up => "pass",
            Self::Pending | Self::Degraded | Self::Circular => "warn",
            Self::Down | Self::Unknown => "fail",
        }
    }
}

impl From<HealthStatus> for CheckStatus {
    fn from(status: HealthStatus) -> Self {
        match status {
            HealthStatus::Up => Self::Up,
            HealthStatus::Degraded => Self::Degraded,
            _ => Self::Down,
        }
    }
}

impl fmt::Display for CheckStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the trouble of a check means to the service.
///
/// ```
/// use buttress_health::Importance;
///
/// assert_eq!(Importance::Degrading.as_str(), "degrading");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Importance {
    /// Without it the service cannot work: readiness is 503 while it is down.
    Critical,
    /// Without it the service works less well: readiness says so, and stays 200.
    Degrading,
    /// It is shown, and changes nothing.
    Informational,
}

impl Importance {
    /// The word of reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Degrading => "degrading",
            Self::Informational => "informational",
        }
    }
}

/// How many checks mean what for the service: so that some can be left out without asking the others.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally([usize; BY_RANK.len()]);

impl Tally {
    pub(crate) fn leave_out(&mut self, means: Status) {
        let count = &mut self.0[usize::from(rank(means))];
        *count = count.saturating_sub(1);
    }

    pub(crate) fn worst(&self) -> Status {
        let ranked = BY_RANK.iter().zip(&self.0).rev();
        ranked
            .filter(|(_, count)| **count > 0)
            .map(|(means, _)| *means)
            .next()
            .unwrap_or(Status::Ok)
    }
}

impl FromIterator<Status> for Tally {
    fn from_iter<I: IntoIterator<Item = Status>>(all: I) -> Self {
        all.into_iter().fold(Self::default(), |mut tally, means| {
            tally.0[usize::from(rank(means))] += 1;
            tally
        })
    }
}

/// The worst that one of the checks means for the service.
pub(crate) fn fold(checks: impl Iterator<Item = (Importance, CheckStatus)>) -> Status {
    checks.fold(Status::Ok, |worst, (importance, status)| {
        let means = meaning(importance, status);
        if rank(means) > rank(worst) { means } else { worst }
    })
}

pub(crate) fn meaning(importance: Importance, status: CheckStatus) -> Status {
    match (importance, status) {
        (Importance::Critical, CheckStatus::Down | CheckStatus::Unknown) => Status::Down,
        (Importance::Critical, CheckStatus::Pending) => Status::Starting,
        (Importance::Critical, CheckStatus::Degraded)
        | (
            Importance::Degrading,
            CheckStatus::Down | CheckStatus::Unknown | CheckStatus::Degraded,
        ) => Status::Degraded,
        _ => Status::Ok,
    }
}

const BY_RANK: [Status; 5] =
    [Status::Ok, Status::Degraded, Status::Starting, Status::Down, Status::Draining];

/// Its place in [`BY_RANK`].
const fn rank(status: Status) -> u8 {
    match status {
        Status::Ok => 0,
        Status::Degraded => 1,
        Status::Starting => 2,
        Status::Down => 3,
        Status::Draining => 4,
    }
}
