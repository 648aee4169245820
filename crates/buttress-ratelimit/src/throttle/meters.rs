use std::time::Duration;

use buttress_core::metrics::{Counter, Description, Gauge, Histogram, Metric, Metrics, Unit};

const THROTTLED: Metric<Counter, 2> = Metric::counter(
    "buttress_ratelimit_throttled_total",
    "Requests that came to a throttle: passed at once, waited, refused, or found too many waiting",
)
.labels(&["throttle", "outcome"]);
const WAIT: Metric<Histogram, 1> = Metric::histogram(
    "buttress_ratelimit_throttle_seconds",
    "How long requests waited for their turn at a throttle",
)
.unit(Unit::Seconds)
.labels(&["throttle"]);
const WAITING: Metric<Gauge, 1> =
    Metric::gauge("buttress_ratelimit_throttle_waiting", "Requests that wait at a throttle now")
        .labels(&["throttle"]);

/// Every metric of a throttle.
pub const CATALOGUE: &[Description] =
    &[*THROTTLED.description(), *WAIT.description(), *WAITING.description()];

#[derive(Debug)]
pub(super) struct Meters {
    pub(super) passed: Counter,
    pub(super) refused: Counter,
    pub(super) crowded: Counter,
    pub(super) waiting: Gauge,
    waited: Counter,
    wait: Histogram,
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let throttled = |outcome| metrics.bind(&THROTTLED, [name, outcome]);
        Self {
            passed: throttled("passed"),
            refused: throttled("refused"),
            crowded: throttled("crowded"),
            waiting: metrics.bind(&WAITING, [name]),
            waited: throttled("waited"),
            wait: metrics.bind(&WAIT, [name]),
        }
    }

    /// A request goes on, after its turn has come.
    pub(super) fn went_on(&self, waited: Duration) {
        if waited.is_zero() {
            self.passed.increment(1);
        } else {
            self.waited.increment(1);
            self.wait.record_duration(waited);
        }
    }
}
