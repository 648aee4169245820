use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use buttress_core::metrics::{Counter, Description, Family, Gauge, Histogram, Metric, Metrics};

use crate::ErrorKind;
use crate::link::Facts;

const CALLS: Metric<Histogram, 1> =
    Metric::histogram("buttress_redis_call_seconds", "How long calls took that were answered")
        .labels(&["script"]);
const ERRORS: Metric<Counter, 1> =
    Metric::counter("buttress_redis_errors_total", "Calls that were not answered, by kind")
        .labels(&["kind"]);
const IN_FLIGHT: Metric<Gauge> = Metric::gauge("buttress_redis_in_flight", "Calls under way");
const CONNECTIONS: Metric<Gauge> =
    Metric::gauge("buttress_redis_connections", "Connections that are up: none is an open breaker");
const CONNECTS: Metric<Counter, 1> =
    Metric::counter("buttress_redis_connects_total", "Attempts to connect").labels(&["result"]);
const GAPS: Metric<Counter> =
    Metric::counter("buttress_redis_gaps_total", "Times that messages may have been missed");

/// Every metric of the crate.
pub const CATALOGUE: &[Description] = &[
    *CALLS.description(),
    *ERRORS.description(),
    *IN_FLIGHT.description(),
    *CONNECTIONS.description(),
    *CONNECTS.description(),
    *GAPS.description(),
];

/// The handles, bound once.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) calls: Family<Histogram, 1>,
    errors: [Counter; ErrorKind::ALL.len()],
    connections: Gauge,
    succeeded: Counter,
    failed: Counter,
    pub(crate) gaps: Counter,
    warned: AtomicBool,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            calls: metrics.family(&CALLS),
            errors: ErrorKind::ALL.map(|kind| metrics.bind(&ERRORS, [kind.as_str()])),
            connections: metrics.bind(&CONNECTIONS, []),
            succeeded: metrics.bind(&CONNECTS, ["ok"]),
            failed: metrics.bind(&CONNECTS, ["failed"]),
            gaps: metrics.bind(&GAPS, []),
            warned: AtomicBool::new(false),
        }
    }

    pub(crate) fn in_flight(metrics: &Metrics) -> Gauge {
        metrics.bind(&IN_FLIGHT, [])
    }

    pub(crate) fn failed(&self, kind: ErrorKind) {
        let at = ErrorKind::ALL.iter().position(|other| *other == kind);
        if let Some(counter) = at.and_then(|at| self.errors.get(at)) {
            counter.increment(1);
        }
    }

    /// Counts a new connection for as long as the guard lives, and tells once what an operator should know of its
    /// server.
    pub(crate) fn connected(&self, facts: &Facts, place: usize) -> Up<'_> {
        self.connections.add(1.0);
        self.succeeded.increment(1);
        let version = facts.version.as_deref().unwrap_or("unknown");
        tracing::info!(target: "buttress", version, place, "connected to Redis");
        if !self.warned.swap(true, Relaxed) {
            for warning in facts.warnings() {
                tracing::warn!(target: "buttress", %warning, "Redis is not set up well");
            }
        }
        Up(self)
    }

    /// Counts a connection that listens.
    pub(crate) fn subscribed(&self) {
        self.succeeded.increment(1);
    }

    pub(crate) fn not_connected(&self) {
        self.failed.increment(1);
    }
}

/// A connection that is counted.
#[must_use = "it is counted as long as this lives"]
pub(crate) struct Up<'a>(&'a Meters);

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.0.connections.add(-1.0);
    }
}
