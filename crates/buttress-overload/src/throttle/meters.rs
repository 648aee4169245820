use buttress_core::metrics::{Counter, Description, Metric, Metrics};

use crate::Priority;

const REFUSED: Metric<Counter, 2> = Metric::counter(
    "buttress_throttle_refused_total",
    "Calls that were not made, because most of those before were turned away",
)
.labels(&["throttle", "priority"]);

/// Every metric of a throttle.
pub const CATALOGUE: &[Description] = &[*REFUSED.description()];

#[derive(Debug)]
pub(super) struct Meters {
    refused: [Counter; Priority::ALL.len()],
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let refused = |priority: Priority| metrics.bind(&REFUSED, [name, priority.as_str()]);
        Self { refused: Priority::ALL.map(refused) }
    }

    pub(super) fn refused(&self, priority: Priority) {
        self.refused[priority.rank()].increment(1);
    }
}
