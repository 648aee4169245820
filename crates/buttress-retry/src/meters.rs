use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use buttress_core::clock::Moment;
use buttress_core::metrics::{Counter, Description, Family, Gauge, Metric, Metrics};

use crate::decide::Why;
use crate::hedge::HEDGES;
use crate::{Attempt, Budget, Cost};

const ATTEMPTS: Metric<Counter, 2> = Metric::counter(
    "buttress_retry_attempts_total",
    "Attempts that were begun: first ones, second ones, third ones, and more",
)
.labels(&["outbound", "attempt"]);
const REPEATS: Metric<Counter, 2> = Metric::counter(
    "buttress_retry_repeats_total",
    "Attempts that were repeated, by what came before",
)
.labels(&["outbound", "reason"]);
const NOT_REPEATED: Metric<Counter, 2> = Metric::counter(
    "buttress_retry_not_repeated_total",
    "Calls that failed and were not repeated any more, and why",
)
.labels(&["outbound", "reason"]);
const BUDGET_LEFT: Metric<Gauge, 1> =
    Metric::gauge("buttress_retry_budget_left", "Repeats that the budget has left, as last seen")
        .labels(&["outbound"]);

/// Every metric of retries.
pub const CATALOGUE: &[Description] = &[
    *ATTEMPTS.description(),
    *REPEATS.description(),
    *NOT_REPEATED.description(),
    *BUDGET_LEFT.description(),
    *HEDGES.description(),
];

#[derive(Debug)]
pub(crate) struct Meters {
    attempts: [Counter; 4],
    repeats: [Counter; Cost::ALL.len()],
    free: Counter,
    not_repeated: [Counter; Why::ALL.len()],
    budget_left: Gauge,
    /// By which mark of the budget that is.
    shown: AtomicU64,
    /// Whether anybody looks at it.
    pub(crate) is_bound: bool,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics, name: &str, is_bound: bool) -> Self {
        let attempts: Family<Counter, 2> = metrics.family(&ATTEMPTS);
        let repeats = metrics.family(&REPEATS);
        let not_repeated = metrics.family(&NOT_REPEATED);
        Self {
            attempts: ["1", "2", "3", "more"].map(|at| attempts.with([name, at]).clone()),
            repeats: Cost::ALL.map(|cost| repeats.with([name, cost.as_str()]).clone()),
            free: repeats.with([name, "unprocessed"]).clone(),
            not_repeated: Why::ALL.map(|why| not_repeated.with([name, why.as_str()]).clone()),
            budget_left: metrics.bind(&BUDGET_LEFT, [name]),
            shown: AtomicU64::new(u64::MAX),
            is_bound,
        }
    }

    /// An attempt begins.
    #[inline]
    pub(crate) fn began(&self, attempt: Attempt) {
        let at = usize::try_from(attempt.repeats()).unwrap_or(usize::MAX);
        self.attempts[at.min(self.attempts.len() - 1)].increment(1);
    }

    /// An attempt begins that is not the first, and costs this.
    pub(crate) fn repeated(&self, cost: Option<Cost>) {
        match cost {
            Some(cost) => self.repeats[cost as usize].increment(1),
            None => self.free.increment(1),
        }
    }

    /// It was decided not to.
    pub(crate) fn not_repeated(&self, why: Why) {
        self.not_repeated[why as usize].increment(1);
    }

    /// A call has to be waited for: time to see whether the budget has become another one by itself.
    #[inline]
    pub(crate) fn look_at(&self, budget: &Budget, now: Moment) {
        if self.is_bound && self.shown.load(Relaxed) != budget.mark() {
            self.show(budget, now);
        }
    }

    /// Shows what the budget has left. Who changed it looks afterwards, and once more if somebody else has meanwhile:
    /// so what is shown last is true, and no lock is held while somebody records it.
    #[cold]
    pub(crate) fn show(&self, budget: &Budget, now: Moment) {
        loop {
            self.shown.store(budget.mark(), Relaxed);
            let left = budget.left(now);
            self.budget_left.set(left);
            if budget.left(now).to_bits() == left.to_bits() {
                return;
            }
        }
    }
}
