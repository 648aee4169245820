use buttress_core::metrics::{Counter, Description, Gauge, Metric, Metrics};

use crate::Priority;

const LIMIT: Metric<Gauge, 1> =
    Metric::gauge("buttress_adaptive_limit", "How many calls may be under way now")
        .labels(&["limit"]);
const REFUSED: Metric<Counter, 2> = Metric::counter(
    "buttress_adaptive_refused_total",
    "Calls for which an adaptive limit had no slot",
)
.labels(&["limit", "priority"]);

/// Every metric of an adaptive limit.
pub const CATALOGUE: &[Description] = &[*LIMIT.description(), *REFUSED.description()];

#[derive(Debug)]
pub(super) struct Meters {
    limit: Gauge,
    refused: [Counter; Priority::ALL.len()],
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let refused = |priority: Priority| metrics.bind(&REFUSED, [name, priority.as_str()]);
        Self { limit: metrics.bind(&LIMIT, [name]), refused: Priority::ALL.map(refused) }
    }

    pub(super) fn limit(&self, limit: u32) {
        self.limit.set(limit.into());
    }

    pub(super) fn refused(&self, priority: Priority) {
        self.refused[priority.rank()].increment(1);
    }
}
