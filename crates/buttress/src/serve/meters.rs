use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use buttress_core::metrics::{Counter, Description, Family, Gauge, Metric, Metrics};

use super::cause::Cause;
use super::phase::Phase;

const CONNECTIONS: Metric<Gauge> =
    Metric::gauge("buttress_serve_connections", "Open connections, upgraded ones among them");
const ACCEPTED: Metric<Counter> =
    Metric::counter("buttress_serve_accepted_total", "Connections that were accepted");
const LIMITED: Metric<Counter, 1> = Metric::counter(
    "buttress_serve_limited_total",
    "Connections, streams and requests that were refused or ended by a limit",
)
.labels(&["reason"]);
const FLIGHTS: Metric<Gauge> =
    Metric::gauge("buttress_serve_requests_in_flight", "Requests whose answers have not ended");
const ABORTED: Metric<Counter, 1> = Metric::counter(
    "buttress_serve_aborted_total",
    "What was cut off by the end of the grace period",
)
.labels(&["what"]);
const PAUSES: Metric<Counter> =
    Metric::counter("buttress_serve_accept_errors_total", "Times that accepting failed");
const PHASE: Metric<Gauge, 1> =
    Metric::gauge("buttress_serve_phase", "1 for the phase the server is in, else 0")
        .labels(&["phase"]);

/// Every metric of the server.
pub const CATALOGUE: &[Description] = &[
    *CONNECTIONS.description(),
    *ACCEPTED.description(),
    *LIMITED.description(),
    *FLIGHTS.description(),
    *ABORTED.description(),
    *PAUSES.description(),
    *PHASE.description(),
];

/// The handles, bound once.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) connections: Gauge,
    pub(super) accepted: Counter,
    pub(super) flights: Gauge,
    pub(super) pauses: Counter,
    limited: Family<Counter, 1>,
    aborted_connections: Counter,
    aborted_requests: Counter,
    /// For the report, as a stream may end later than its connection.
    panics: AtomicU64,
    phases: [Gauge; 5],
}

impl Meters {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            connections: metrics.bind(&CONNECTIONS, []),
            accepted: metrics.bind(&ACCEPTED, []),
            flights: metrics.bind(&FLIGHTS, []),
            pauses: metrics.bind(&PAUSES, []),
            limited: metrics.family(&LIMITED),
            aborted_connections: metrics.bind(&ABORTED, ["connection"]),
            aborted_requests: metrics.bind(&ABORTED, ["request"]),
            panics: AtomicU64::new(0),
            phases: Phase::ALL.map(|phase| metrics.bind(&PHASE, [phase.as_str()])),
        }
    }

    pub(super) fn limited(&self, cause: Cause) {
        self.limited.with([cause.as_str()]).increment(1);
        tracing::debug!(target: "buttress", reason = cause.as_str(), "a limit of the server was used");
    }

    pub(super) fn panicked(&self) {
        self.panics.fetch_add(1, Relaxed);
    }

    pub(super) fn panics(&self) -> u64 {
        self.panics.load(Relaxed)
    }

    pub(super) fn aborted(&self, connections: usize, requests: usize) {
        self.aborted_connections.increment(connections as u64);
        self.aborted_requests.increment(requests as u64);
    }

    pub(super) fn entered(&self, phase: Phase) {
        for (gauge, other) in self.phases.iter().zip(Phase::ALL) {
            gauge.set(f64::from(u8::from(other == phase)));
        }
    }
}
