use buttress_core::metrics::{Counter, Metric, Metrics};

pub(crate) const HEDGES: Metric<Counter, 2> = Metric::counter(
    "buttress_retry_hedges_total",
    "Hedges by how they ended, and those that were not sent: capped, or for want of budget",
)
.labels(&["outbound", "result"]);

#[derive(Debug)]
pub(super) struct Meters {
    pub(super) won: Counter,
    pub(super) lost: Counter,
    pub(super) both_bad: Counter,
    /// Those that would have been more than their cap.
    pub(super) capped: Counter,
    /// Those that the budget of the repeats did not pay for.
    pub(super) no_budget: Counter,
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let hedges = |result| metrics.bind(&HEDGES, [name, result]);
        Self {
            won: hedges("won"),
            lost: hedges("lost"),
            both_bad: hedges("both_bad"),
            capped: hedges("capped"),
            no_budget: hedges("no_budget"),
        }
    }
}
