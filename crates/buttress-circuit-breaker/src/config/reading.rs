use std::time::Duration;

use buttress_core::{BuildError, HealthStatus};

use super::{CircuitBreakerSettings, RuleSettings};
use crate::bounds::Bounds;
use crate::machine::Policy;
use crate::{CircuitBreaker, CircuitBreakerBuilder, Rule};

impl CircuitBreakerSettings {
    /// A builder with these settings, to which a name, a clock and a classifier may be added.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn builder(&self) -> Result<CircuitBreakerBuilder, BuildError> {
        self.builder_within(Bounds::default())
    }

    /// The same for a breaker that stands in a wall.
    pub(crate) fn builder_within(
        &self,
        bounds: Bounds,
    ) -> Result<CircuitBreakerBuilder, BuildError> {
        let builder = self.changed(self.began()).bounded(bounds);
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
        checked.map_err(|error| error.placed(|fault| self.path(fault.path())))
    }

    /// Where it stands in the file, under the name that it has there.
    fn path(&self, path: &str) -> String {
        let rule = path.strip_prefix("rules[").and_then(|rule| rule.split_once(']'));
        if let Some((at, of)) = rule.and_then(|(at, of)| Some((at.parse().ok()?, of))) {
            return self.path_of_rule(at, of);
        }
        match path {
            "health" => "critical",
            "failures_in" => "failures_in_ms",
            "open_for" => self.path_of_open_time(),
            "jitter" => "jitter_percent",
            "stable_after" => "stable_after_ms",
            "follow_retry_after" => "follow_retry_after_ms",
            "lease" => "lease_ms",
            "ramp_up" => "ramp_up_ms",
            "slow" => "slow_ms",
            _ => path,
        }
        .to_owned()
    }

    /// Which of the two is wrong: the last is, if the first is one by itself.
    fn path_of_open_time(&self) -> &'static str {
        match (self.open_ms, self.open_at_most_ms) {
            (_, None) | (Some(0), _) => "open_ms",
            _ => "open_at_most_ms",
        }
    }

    /// `failures` are a rule, too, but none of the list.
    fn path_of_rule(&self, at: usize, of: &str) -> String {
        let before = usize::from(self.failures.is_some() || self.rules.is_empty());
        let Some(at) = at.checked_sub(before) else {
            return if of == ".within" { "failures_in_ms" } else { "failures" }.to_owned();
        };
        let of = if of == ".within" { ".within_ms" } else { of };
        let kind = self.rules.get(at).map_or("", RuleSettings::name);
        format!("rules[{at}].{kind}{of}")
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
