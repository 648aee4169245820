use std::time::Duration;

use buttress_core::metrics::{Counter, Description, Gauge, Histogram, Metric, Metrics, Unit};

use crate::Priority;

const REFUSED: Metric<Counter, 3> =
    Metric::counter("buttress_shed_refused_total", "Calls that were shed, and why")
        .labels(&["shed", "priority", "reason"]);
const WAIT: Metric<Histogram, 1> =
    Metric::histogram("buttress_shed_wait_seconds", "How long calls waited that were served")
        .unit(Unit::Seconds)
        .labels(&["shed"]);

const LIMIT: Metric<Gauge, 1> =
    Metric::gauge("buttress_shed_limit", "How many calls may be under way now").labels(&["shed"]);

/// Every metric of load shedding.
pub const CATALOGUE: &[Description] =
    &[*REFUSED.description(), *WAIT.description(), *LIMIT.description()];

/// Why a call is shed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Why {
    /// There was no room to wait.
    Full,
    /// It has waited too long in a queue that stands.
    Stands,
    /// It has waited as long as one may.
    Late,
}

impl Why {
    const ALL: [Self; 3] = [Self::Full, Self::Stands, Self::Late];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Stands => "stands",
            Self::Late => "late",
        }
    }
}

#[derive(Debug)]
pub(super) struct Meters {
    refused: [[Counter; Why::ALL.len()]; Priority::ALL.len()],
    wait: Histogram,
    limit: Gauge,
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let refused = Priority::ALL.map(|priority| {
            Why::ALL.map(|why| metrics.bind(&REFUSED, [name, priority.as_str(), why.as_str()]))
        });
        Self { refused, wait: metrics.bind(&WAIT, [name]), limit: metrics.bind(&LIMIT, [name]) }
    }

    pub(super) fn refused(&self, priority: Priority, why: Why) {
        self.refused[priority.rank()][why as usize].increment(1);
    }

    pub(super) fn limit(&self, limit: u32) {
        self.limit.set(limit.into());
    }

    pub(super) fn waited(&self, time: Duration) {
        self.wait.record_duration(time);
    }
}
