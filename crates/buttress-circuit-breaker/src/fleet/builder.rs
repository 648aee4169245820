use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use buttress_core::audit::Audit;
use buttress_core::clock::{Clock, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults};

use super::shared::Core;
use super::votes::Votes;
use super::{Fleet, FleetSettings, Quorum};

/// Collects the settings of a [`Fleet`]. See there for an example.
#[derive(Clone)]
#[must_use = "nothing happens until `build` is called"]
pub struct FleetBuilder<V> {
    votes: V,
    quorum: Result<Quorum, BuildError>,
    name: Cow<'static, str>,
    metrics: Metrics,
    audit: Audit,
    clock: Arc<dyn Clock>,
}

impl<V: Votes> FleetBuilder<V> {
    pub(super) fn new(votes: V) -> Self {
        Self {
            votes,
            quorum: Ok(Quorum::default()),
            name: Cow::Borrowed("breakers"),
            metrics: Metrics::default(),
            audit: Audit::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Says how many processes open the breakers of all. The default is two.
    pub fn quorum(self, quorum: Quorum) -> Self {
        Self { quorum: quorum.check(), ..self }
    }

    /// Takes what a file says.
    pub fn settings(self, settings: &FleetSettings) -> Self {
        Self { quorum: settings.quorum.read(), ..self }
    }

    /// Says what logs, metrics and health call it. The default is `breakers`.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Counts there. The default is nowhere.
    pub fn metrics(self, metrics: &Metrics) -> Self {
        Self { metrics: metrics.clone(), ..self }
    }

    /// Tells there what operators [order](Fleet::force). The default is the audit's own.
    pub fn audit(self, audit: Audit) -> Self {
        Self { audit, ..self }
    }

    /// Measures by this clock how long the others were silent. The default is the system's.
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Checks the settings. Nothing is asked before the first breaker joins.
    ///
    /// # Errors
    ///
    /// Fails with all that is wrong: a [quorum](Quorum) that one process would be, or of no or more than all processes;
    /// a name that is empty.
    pub fn build(self) -> Result<Fleet<V>, BuildError> {
        let mut faults = Faults::new();
        let quorum = faults.within("", self.quorum).unwrap_or_default();
        if self.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        let core = Core::new(self.votes, quorum, self.name, self.metrics, self.clock);
        faults.finish(Fleet { core: Arc::new(core), audit: self.audit })
    }
}

impl<V: fmt::Debug> fmt::Debug for FleetBuilder<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetBuilder")
            .field("name", &self.name)
            .field("quorum", &self.quorum)
            .field("votes", &self.votes)
            .finish_non_exhaustive()
    }
}
