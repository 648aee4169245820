use std::fmt;

use super::handle::{Meters, Rules};
use super::party::Shown;
use super::sink::Log;
use super::{Audit, Sink};
use crate::clock::{Clock, SharedClock};
use crate::flood::Lines;
use crate::key::Keyer;
use crate::metrics::{Counter, Description, Metric, Metrics};
use crate::{BuildError, Faults, Redact};

/// Collects the settings of an [`Audit`].
///
/// ```
/// use buttress_core::Audit;
///
/// let error = Audit::builder().sampled_per_second(0).build().unwrap_err();
/// assert_eq!(error.faults()[0].path(), "sampled_per_second");
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct AuditBuilder {
    sinks: Vec<Box<dyn Sink>>,
    keyer: Option<Keyer>,
    redact: Redact,
    show_people: bool,
    sampled_per_second: u32,
    clock: SharedClock,
    metrics: Metrics,
}

const EVENTS: Metric<Counter, 2> =
    Metric::counter("buttress_audit_events_total", "Security events, by action and outcome")
        .labels(&["action", "outcome"]);
const LEFT_OUT: Metric<Counter, 1> = Metric::counter(
    "buttress_audit_left_out_total",
    "Security events of a flood that were not told, by action",
)
.labels(&["action"]);
const LOST: Metric<Counter> =
    Metric::counter("buttress_audit_lost_total", "Records that a sink had no room for");

/// Every metric of an audit.
pub const CATALOGUE: &[Description] =
    &[*EVENTS.description(), *LEFT_OUT.description(), *LOST.description()];

/// How many of a sampled action are told in a second, if nothing else is said.
const SAMPLED_PER_SECOND: u32 = 10;

impl AuditBuilder {
    /// Tells this sink, too. Where none is named, `tracing` is told.
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// Tells `tracing`, beside the sinks.
    pub fn tracing(self) -> Self {
        self.sink(Log)
    }

    /// Makes the keys of people and clients with this one, in a scope of its own. The default is random: then
    /// the same client has another key in each process, and after each start.
    pub fn keyer(mut self, keyer: Keyer) -> Self {
        self.keyer = Some(keyer);
        self
    }

    /// Sets what must not stand in a target, a reason or a name. The default is [`Redact`]'s own.
    pub fn redact(mut self, redact: Redact) -> Self {
        self.redact = redact;
        self
    }

    /// Tells addresses of clients and ids of principals as they are: for a store that is made for it. The default is
    /// no.
    pub fn dangerous_show_people(mut self, show: bool) -> Self {
        self.show_people = show;
        self
    }

    /// Sets how many of each [sampled](super::Action::sampled) action are told in a second. The default is ten.
    pub fn sampled_per_second(mut self, most: u32) -> Self {
        self.sampled_per_second = most;
        self
    }

    /// Sets the clock. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::of(clock);
        self
    }

    /// Counts events, and what was left out or lost. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails if a sampled action would never be told.
    pub fn build(self) -> Result<Audit, BuildError> {
        let mut faults = Faults::new();
        if self.sampled_per_second == 0 {
            faults.add("sampled_per_second", "must be at least 1");
        }
        faults.finish(()).map(|()| self.built())
    }

    /// The defaults, in which nothing can be wrong.
    pub(super) fn build_default() -> Audit {
        Self::default().built()
    }

    fn built(mut self) -> Audit {
        if self.sinks.is_empty() {
            self.sinks.push(Box::new(Log));
        }
        let keyer = self.keyer.unwrap_or_default().scoped("audit");
        let meters = Meters {
            events: self.metrics.family(&EVENTS),
            left_out: self.metrics.family(&LEFT_OUT),
            lost: self.metrics.bind(&LOST, []),
        };
        Audit::new(Rules {
            sinks: self.sinks,
            clock: self.clock,
            shown: Shown { keyer, redact: self.redact, people: self.show_people },
            floods: Lines::new(self.sampled_per_second),
            meters,
        })
    }
}

impl Default for AuditBuilder {
    fn default() -> Self {
        Self {
            sinks: Vec::new(),
            keyer: None,
            redact: Redact::default(),
            show_people: false,
            sampled_per_second: SAMPLED_PER_SECOND,
            clock: SharedClock::System,
            metrics: Metrics::none(),
        }
    }
}

impl fmt::Debug for AuditBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditBuilder")
            .field("sinks", &self.sinks.len())
            .field("show_people", &self.show_people)
            .field("sampled_per_second", &self.sampled_per_second)
            .finish_non_exhaustive()
    }
}
