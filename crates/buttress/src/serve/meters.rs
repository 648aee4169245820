use std::error::Error;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use buttress_core::metrics::{Counter, Description, Family, Gauge, Metric, Metrics};

use super::cause::Cause;
use super::failure::{self, Failure};
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
const FAILURES: Metric<Counter, 1> = Metric::counter(
    "buttress_serve_failures_total",
    "Times that the application failed, and its client has no whole answer",
)
.labels(&["what"]);
const PHASE: Metric<Gauge, 1> =
    Metric::gauge("buttress_serve_phase", "Servers that are in this phase").labels(&["phase"]);

/// Every metric of the server.
pub const CATALOGUE: &[Description] = &[
    *CONNECTIONS.description(),
    *ACCEPTED.description(),
    *LIMITED.description(),
    *FLIGHTS.description(),
    *ABORTED.description(),
    *PAUSES.description(),
    *FAILURES.description(),
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
    failed_answers: Counter,
    failed_bodies: Counter,
    failed: AtomicU64,
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
            failed_answers: metrics.bind(&FAILURES, [Failure::Answer.as_str()]),
            failed_bodies: metrics.bind(&FAILURES, [Failure::Body.as_str()]),
            failed: AtomicU64::new(0),
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

    /// The application failed: nobody above has said so, nor can anybody tell its client.
    pub(super) fn failed(&self, what: Failure, error: &(dyn Error + 'static)) {
        if failure::is_the_clients(error) {
            return;
        }
        self.failed.fetch_add(1, Relaxed);
        match what {
            Failure::Answer => self.failed_answers.increment(1),
            Failure::Body => self.failed_bodies.increment(1),
        }
        let (what, source) = (what.as_str(), failure::told(error));
        tracing::error!(target: "buttress", what, source, "the application failed, and its client has no whole answer");
    }

    pub(super) fn failures(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    pub(super) fn aborted(&self, connections: usize, requests: usize) {
        self.aborted_connections.increment(connections as u64);
        self.aborted_requests.increment(requests as u64);
    }

    /// A server has come from one phase to the next. Others may count into the same gauges.
    pub(super) fn entered(&self, before: Option<Phase>, phase: Phase) {
        for (gauge, other) in self.phases.iter().zip(Phase::ALL) {
            let (left, came) = (Some(other) == before, other == phase);
            gauge.add(f64::from(i8::from(came) - i8::from(left)));
        }
    }
}
