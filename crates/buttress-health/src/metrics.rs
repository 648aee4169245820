use std::time::Duration;

use buttress_core::HealthStatus;
use buttress_core::metrics::{
    Counter, Description, Family, Gauge, Histogram, Metric, Metrics, Unit,
};

use crate::{CheckStatus, Status};

/// `1` while the service is ready, `0` while it is not.
pub(crate) const READY: Metric<Gauge> =
    Metric::gauge("buttress_health_ready", "Whether the service is ready: 1 or 0");
/// `1` for up, `0.5` for degraded, `0` for down and for unknown; nothing is set before the first run.
pub(crate) const STATUS: Metric<Gauge, 1> = Metric::gauge(
    "buttress_health_check_status",
    "How a check is: 1 up, 0.5 degraded, 0 down or unknown",
)
.labels(&["check"]);
/// How long the runs of a check took, the timed out ones included.
pub(crate) const DURATION: Metric<Histogram, 1> = Metric::histogram(
    "buttress_health_check_duration_seconds",
    "How long the runs of a check took",
)
.unit(Unit::Seconds)
.labels(&["check"]);
/// How often the status of a check changed, by what it became.
pub(crate) const TRANSITIONS: Metric<Counter, 2> = Metric::counter(
    "buttress_health_check_transitions_total",
    "How often the status of a check changed, by what it became",
)
.labels(&["check", "to"]);
/// How often the readiness changed, by what it became.
pub(crate) const CHANGES: Metric<Counter, 1> = Metric::counter(
    "buttress_health_changes_total",
    "How often the readiness of the service changed, by what it became",
)
.labels(&["to"]);

/// Every metric of health checks.
///
/// ```
/// let names: Vec<_> = buttress_health::CATALOGUE.iter().map(|metric| metric.name()).collect();
/// assert!(names.contains(&"buttress_health_ready"));
/// ```
pub const CATALOGUE: &[Description] = &[
    *READY.description(),
    *CHANGES.description(),
    *STATUS.description(),
    *DURATION.description(),
    *TRANSITIONS.description(),
];

/// What is counted for the whole.
#[derive(Debug)]
pub(crate) struct Counts {
    ready: Gauge,
    changes: Family<Counter, 1>,
}

impl Counts {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self { ready: metrics.bind(&READY, []), changes: metrics.family(&CHANGES) }
    }

    pub(crate) fn unready(&self) {
        self.ready.set(0.0);
    }

    pub(crate) fn changed(&self, to: Status) {
        self.ready.set(if to.is_ready() { 1.0 } else { 0.0 });
        self.changes.with([to.as_str()]).increment(1);
    }
}

/// What is counted for one check.
#[derive(Debug)]
pub(crate) struct CheckCounts {
    status: Gauge,
    duration: Histogram,
    transitions: [Counter; 3],
}

impl CheckCounts {
    pub(crate) fn new(metrics: &Metrics, name: &str) -> Self {
        let to = [HealthStatus::Up, HealthStatus::Degraded, HealthStatus::Down];
        Self {
            status: metrics.bind(&STATUS, [name]),
            duration: metrics.bind(&DURATION, [name]),
            transitions: to
                .map(|to| metrics.bind(&TRANSITIONS, [name, CheckStatus::from(to).as_str()])),
        }
    }

    pub(crate) fn took(&self, took: Duration) {
        self.duration.record_duration(took);
    }

    /// To be called once the board has what it says.
    pub(crate) fn shows(&self, status: CheckStatus) {
        self.status.set(match status {
            CheckStatus::Up => 1.0,
            CheckStatus::Degraded => 0.5,
            _ => 0.0,
        });
    }

    pub(crate) fn changed(&self, to: HealthStatus) {
        let [up, degraded, down] = &self.transitions;
        let counter = match to {
            HealthStatus::Up => up,
            HealthStatus::Degraded => degraded,
            _ => down,
        };
        counter.increment(1);
    }
}
