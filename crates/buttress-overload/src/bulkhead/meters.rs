use std::time::Duration;

use buttress_core::metrics::{Counter, Description, Gauge, Histogram, Metric, Metrics, Unit};

const CALLS: Metric<Counter, 2> = Metric::counter(
    "buttress_bulkhead_calls_total",
    "Calls that came to a bulkhead: passed at once, waited, found it full, waited too long, or left the queue",
)
.labels(&["bulkhead", "outcome"]);
const WAIT: Metric<Histogram, 1> = Metric::histogram(
    "buttress_bulkhead_wait_seconds",
    "How long calls waited for a permit, of those that got one",
)
.unit(Unit::Seconds)
.labels(&["bulkhead"]);
const WAITING: Metric<Gauge, 1> =
    Metric::gauge("buttress_bulkhead_waiting", "Calls that wait for a permit now")
        .labels(&["bulkhead"]);

/// Every metric of a bulkhead.
pub const CATALOGUE: &[Description] =
    &[*CALLS.description(), *WAIT.description(), *WAITING.description()];

#[derive(Debug)]
pub(super) struct Meters {
    pub(super) passed: Counter,
    pub(super) full: Counter,
    pub(super) expired: Counter,
    pub(super) left: Counter,
    pub(super) waiting: Gauge,
    waited: Counter,
    wait: Histogram,
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let calls = |outcome| metrics.bind(&CALLS, [name, outcome]);
        Self {
            passed: calls("passed"),
            full: calls("full"),
            expired: calls("expired"),
            left: calls("left"),
            waiting: metrics.bind(&WAITING, [name]),
            waited: calls("waited"),
            wait: metrics.bind(&WAIT, [name]),
        }
    }

    pub(super) fn waited(&self, time: Duration) {
        self.waited.increment(1);
        self.wait.record_duration(time);
    }
}
