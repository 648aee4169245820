use std::time::Duration;

use buttress_core::{BuildError, Fault, Faults, HealthStatus};

use super::CircuitBreakerSettings;
use crate::machine::Policy;
use crate::{CircuitBreaker, CircuitBreakerBuilder, Rule};

impl CircuitBreakerSettings {
    /// A builder with these settings, to which a name, a clock and a classifier may be added.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn builder(&self) -> Result<CircuitBreakerBuilder, BuildError> {
        let builder = self.changed(self.began());
        self.placed(builder.check())?;
        Ok(builder)
    }

    /// What the breakers of a table go by.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, and all that a table has no room for.
    pub(crate) fn policy_of_keys(&self) -> Result<Policy, BuildError> {
        self.placed(self.changed(self.began()).policy_of_keys())
    }

    /// With faults where they stand in the file.
    fn placed<V>(&self, checked: Result<V, BuildError>) -> Result<V, BuildError> {
        checked.map_err(|error| {
            let mut faults = Faults::new();
            error.faults().iter().for_each(|fault| faults.add(self.path(fault), fault.reason()));
            faults.finish(()).err().unwrap_or(error)
        })
    }

    /// Where it stands in the file: `failures` are a rule, too, but none of the list.
    fn path(&self, fault: &Fault) -> String {
        let path = fault.path();
        let rule = path.strip_prefix("rules[").and_then(|rule| rule.split_once(']'));
        if path == "health" {
            return "critical".to_owned();
        }
        match rule.and_then(|(at, of)| Some((at.parse::<usize>().ok()?, of))) {
            None => path.to_owned(),
            Some(_) if self.failures.is_none() && !self.rules.is_empty() => path.to_owned(),
            Some((0, ".within")) => "failures_in".to_owned(),
            Some((0, _)) => "failures".to_owned(),
            Some((at, of)) => format!("rules[{}]{of}", at - 1),
        }
    }

    /// With what opens it.
    fn began(&self) -> CircuitBreakerBuilder {
        let builder = match self.failures {
            Some(failures) => CircuitBreaker::after(failures),
            None if self.rules.is_empty() => CircuitBreaker::after(5),
            None => CircuitBreaker::by_switch_alone(),
        };
        let builder = with(builder, self.failures_in_ms, |builder, window| {
            builder.failures_in(Duration::from_millis(window))
        });
        self.rules.iter().fold(builder, |builder, rule| builder.or(Rule::from(*rule)))
    }

    /// With all the rest.
    fn changed(&self, builder: CircuitBreakerBuilder) -> CircuitBreakerBuilder {
        type Set<V> = fn(CircuitBreakerBuilder, V) -> CircuitBreakerBuilder;
        let times: [(Option<u64>, Set<Duration>); 5] = [
            (self.stable_after_ms, CircuitBreakerBuilder::stable_after),
            (self.follow_retry_after_ms, CircuitBreakerBuilder::follow_retry_after),
            (self.lease_ms, CircuitBreakerBuilder::lease),
            (self.ramp_up_ms, CircuitBreakerBuilder::ramp_up),
            (self.slow_ms, CircuitBreakerBuilder::slow),
        ];
        let builder = times.into_iter().fold(builder, |builder, (time, set)| {
            with(builder, time.map(Duration::from_millis), set)
        });
        let first = self.open_ms.unwrap_or(1_000);
        let last = self.open_at_most_ms.unwrap_or(first.max(32_000));
        let open = if self.critical { HealthStatus::Down } else { HealthStatus::Degraded };
        let builder = builder
            .open_for(Duration::from_millis(first)..=Duration::from_millis(last))
            .abandoned(self.abandoned)
            .exact_counts(self.exact_counts)
            .mode(self.mode)
            .health(open);
        let builder = with(builder, self.jitter_percent, CircuitBreakerBuilder::jitter);
        let builder = with(builder, self.probes, CircuitBreakerBuilder::probes);
        with(builder, self.close_after, CircuitBreakerBuilder::close_after)
    }
}

/// Sets what the file says.
fn with<B, V>(builder: B, value: Option<V>, set: impl FnOnce(B, V) -> B) -> B {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}
