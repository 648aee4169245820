use std::time::Duration;

use buttress_core::metrics::{Counter, Description, Gauge, Histogram, Metric, Metrics, Unit};

use crate::Source;

const DECISIONS: Metric<Counter, 2> =
    Metric::counter("buttress_ratelimit_decisions_total", "What policies decided about requests")
        .labels(&["policy", "outcome"]);
const PASSED_BY: Metric<Counter, 1> = Metric::counter(
    "buttress_ratelimit_passed_by_total",
    "Requests that no policy was asked about: exempt, a probe, or on the deny list",
)
.labels(&["reason"]);
const DEGRADED: Metric<Counter, 2> = Metric::counter(
    "buttress_ratelimit_degraded_total",
    "Decisions without the store, as it could not be asked",
)
.labels(&["policy", "by"]);
const QUEUED: Metric<Histogram, 1> = Metric::histogram(
    "buttress_ratelimit_queue_seconds",
    "How long requests had to wait for their turn",
)
.unit(Unit::Seconds)
.labels(&["policy"]);
const RETURNED: Metric<Counter, 1> = Metric::counter(
    "buttress_ratelimit_returned_total",
    "Charges that were given back, as the answer does not count",
)
.labels(&["policy"]);
const BANS: Metric<Counter, 1> =
    Metric::counter("buttress_ratelimit_bans_total", "Bans that were imposed").labels(&["policy"]);
const BANNED: Metric<Gauge> = Metric::gauge(
    "buttress_ratelimit_banned",
    "Bans in force when a probe looked, or somebody listed them, and those imposed since then",
);

pub(crate) const KEYS: Metric<Gauge, 1> = Metric::gauge(
    "buttress_ratelimit_keys",
    "Keys in the table of a policy, when somebody last looked: a probe, or who asked for its usage",
)
.labels(&["policy"]);
pub(crate) const PLACES: Metric<Gauge, 1> =
    Metric::gauge("buttress_ratelimit_places", "Places in the table of a policy")
        .labels(&["policy"]);
pub(crate) const CROWDED: Metric<Counter, 2> = Metric::counter(
    "buttress_ratelimit_crowded_total",
    "What became of keys, as there was no room: forgotten, refused, uncounted",
)
.labels(&["policy", "what"]);
pub(crate) const FALLBACK: Metric<Gauge, 1> = Metric::gauge(
    "buttress_ratelimit_fallback",
    "Whether a store answers without Redis: 1 from the first answer without it to the first one after a second with it",
)
.labels(&["store"]);

/// Every metric of the door. Those of a store are in its own catalogue.
pub const CATALOGUE: &[Description] = &[
    *DECISIONS.description(),
    *PASSED_BY.description(),
    *DEGRADED.description(),
    *QUEUED.description(),
    *RETURNED.description(),
    *BANS.description(),
    *BANNED.description(),
    *KEYS.description(),
    *PLACES.description(),
    *CROWDED.description(),
    *FALLBACK.description(),
];

/// What is counted for one policy.
#[derive(Debug)]
pub(crate) struct PolicyMeters {
    pub(crate) allowed: Counter,
    pub(crate) refused: Counter,
    pub(crate) never: Counter,
    pub(crate) would_refuse: Counter,
    pub(crate) banned: Counter,
    pub(crate) key_missing: Counter,
    pub(crate) unavailable: Counter,
    pub(crate) returned: Counter,
    pub(crate) bans: Counter,
    local: Counter,
    let_through: Counter,
    turned_away: Counter,
    queued: Histogram,
}

impl PolicyMeters {
    pub(crate) fn new(metrics: &Metrics, policy: &str) -> Self {
        let decided = |outcome| metrics.bind(&DECISIONS, [policy, outcome]);
        let degraded = |by| metrics.bind(&DEGRADED, [policy, by]);
        Self {
            allowed: decided("allowed"),
            refused: decided("refused"),
            never: decided("never"),
            would_refuse: decided("would_refuse"),
            banned: decided("banned"),
            key_missing: decided("key_missing"),
            unavailable: decided("unavailable"),
            returned: metrics.bind(&RETURNED, [policy]),
            bans: metrics.bind(&BANS, [policy]),
            local: degraded("local"),
            let_through: degraded("allow"),
            turned_away: degraded("deny"),
            queued: metrics.bind(&QUEUED, [policy]),
        }
    }

    /// Counts who has decided, if it was not the store.
    #[inline]
    pub(crate) fn decided_by(&self, source: Source) {
        match source {
            // What was not counted is told with how full tables are.
            Source::Store
            | Source::Remembered
            | Source::Leased
            | Source::Uncounted
            | Source::Crowded
            | Source::Unasked => {}
            Source::Local => self.local.increment(1),
            Source::Allowed => self.let_through.increment(1),
            Source::Denied => self.turned_away.increment(1),
        }
    }

    pub(crate) fn queued(&self, delay: Duration) {
        self.queued.record_duration(delay);
    }
}

/// What is counted for all of them.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) exempt: Counter,
    pub(crate) probes: Counter,
    pub(crate) denied: Counter,
    pub(crate) banned: Gauge,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let passed_by = |why| metrics.bind(&PASSED_BY, [why]);
        Self {
            exempt: passed_by("exempt"),
            probes: passed_by("probe"),
            denied: passed_by("denied"),
            banned: metrics.bind(&BANNED, []),
        }
    }
}
