use std::time::Duration;

use buttress_core::clock::Timestamp;

use crate::inner::Inner;
use crate::slot::Slot;
use crate::{CheckStatus, Importance, Status};

/// All that is known about the health of a service at one moment. Made by
/// [`HealthChecks::report`](crate::HealthChecks::report).
///
/// ```
/// use buttress_core::Health;
/// use buttress_health::{Check, CheckStatus, HealthChecks, Status};
///
/// let search = Check::of("search", || async { Health::up() });
/// let health = HealthChecks::builder().check(search).build()?;
///
/// let report = health.report();
/// assert_eq!(report.status(), Status::Starting);
/// assert_eq!(report.checks()[0].status(), CheckStatus::Pending);
/// # Ok::<(), buttress_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    status: Status,
    time: Timestamp,
    uptime: Duration,
    checks: Vec<CheckReport>,
}

/// What is known about one check. A part of a [`Report`].
///
/// ```
/// use buttress_core::Health;
/// use buttress_health::{Check, HealthChecks, Importance};
///
/// let search = Check::of("search", || async { Health::up() }).degrading().group("catalogue");
/// let health = HealthChecks::builder().check(search).build()?;
///
/// let report = health.report();
/// let search = report.check("search").expect("it was added");
/// assert_eq!((search.importance(), search.groups()), (Importance::Degrading, &["catalogue".to_owned()][..]));
/// assert_eq!((search.latency(), search.message()), (None, None), "it has not run yet");
/// # Ok::<(), buttress_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CheckReport {
    name: String,
    status: CheckStatus,
    importance: Importance,
    groups: Vec<String>,
    tags: Vec<String>,
    latency: Option<Duration>,
    last_success: Option<Timestamp>,
    since: Option<Timestamp>,
    message: Option<String>,
    details: Vec<(String, String)>,
}

impl Report {
    pub(crate) fn of(inner: &Inner) -> Self {
        let (verdict, now) = inner.board.verdict_and_time(inner.clock.now());
        let slots = inner.board.slots.iter();
        Self {
            status: inner.board.status(&verdict, None),
            time: inner.clock.wall(),
            uptime: now - inner.started,
            checks: slots.map(|slot| CheckReport::of(slot, inner.board.judge(slot, now))).collect(),
        }
    }

    /// How the service is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// When that was.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// For how long it has been there.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.uptime
    }

    /// The checks, in the order in which they were added.
    #[must_use]
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// The check of this name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&CheckReport> {
        self.checks.iter().find(|check| check.name == name)
    }
}

impl CheckReport {
    fn of(slot: &Slot, status: CheckStatus) -> Self {
        let seen = slot.seen.load();
        let seen = seen.as_deref();
        let details = seen.map(|seen| &*seen.details).unwrap_or_default().iter();
        Self {
            name: slot.name.clone(),
            status,
            importance: slot.importance,
            groups: slot.groups.clone(),
            tags: slot.tags.clone(),
            latency: seen.map(|seen| seen.latency),
            last_success: seen.and_then(|seen| seen.last_success),
            since: seen.map(|seen| seen.since),
            message: seen.and_then(|seen| seen.message.as_deref().map(str::to_owned)),
            details: details.map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> CheckStatus {
        self.status
    }

    /// What its trouble means to the service.
    #[must_use]
    pub fn importance(&self) -> Importance {
        self.importance
    }

    /// The groups that it is in.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// The words that are shown with it.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// How long its last run took.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// When a run last succeeded.
    #[must_use]
    pub fn last_success(&self) -> Option<Timestamp> {
        self.last_success
    }

    /// Since when it has had the status that its runs showed last.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// What its last run said, redacted.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What its last run said beside that, redacted.
    pub fn details(&self) -> impl Iterator<Item = (&str, &str)> {
        self.details.iter().map(|(name, value)| (&**name, &**value))
    }
}
