use std::borrow::Cow;

use buttress_core::audit::Audit;
use buttress_core::clock::Clock;
use buttress_core::metrics::Metrics;
use buttress_core::{Dice, HealthStatus};

use super::CircuitBreakerBuilder;

/// Where it stands.
impl<C, T> CircuitBreakerBuilder<C, T> {
    /// Names it, for metrics, events, health and a fleet. The default is `breaker`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.said.outside.name = name.into();
        self
    }

    /// Says what it is to health while it is open. The default is degraded: the service goes on without that
    /// dependency. With [`Down`](HealthStatus::Down) it is a critical [probe](buttress_core::Probe), and degraded once
    /// its open time is over. A [table](Self::build_table) is always degraded while any key is open.
    pub fn health(mut self, open: HealthStatus) -> Self {
        self.said.health = open;
        self
    }

    /// Reads the time from this clock. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.said.outside.clock = Box::new(clock);
        self
    }

    /// Takes chance from here, as from a seed. The default is the thread's own.
    pub fn dice(mut self, dice: Dice) -> Self {
        self.said.outside.dice = dice;
        self
    }

    /// Counts what becomes of calls. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.said.outside.metrics = metrics.clone();
        self
    }

    /// Tells there when it opens and closes, and when somebody forces it. The default is `tracing`.
    pub fn audit(mut self, audit: Audit) -> Self {
        self.said.outside.audit = audit;
        self
    }
}
