use std::time::Duration;

use buttress_circuit_breaker::CircuitBreakerSettings;
use buttress_core::clock::TokioTimer;
use buttress_core::{BuildError, Faults};
use buttress_overload::adaptive::AdaptiveSettings;
use buttress_overload::bulkhead::BulkheadSettings;
use buttress_overload::shed::ShedSettings;
use buttress_overload::throttle::ThrottleSettings;
use buttress_retry::RetrySettings;
use serde::{Deserialize, Serialize};

use super::check::whole;
use super::{Outbound, OutboundBuilder};

/// The settings of an outbound wall, as they stand in a file. What is left out is not there, and what is left out of a part has
/// its default.
///
/// ```
/// use buttress::OutboundSettings;
///
/// let settings: OutboundSettings = serde_json::from_str(r#"{
///     "name": "payments",
///     "deadline_ms": 30000,
///     "retry": { "tries": 3, "budget": { "percent": 20 } },
///     "circuit_breaker": { "failures": 5, "failures_in_ms": 60000 },
///     "bulkhead": { "permits": 64, "queue": 16, "at_most_ms": 200 },
///     "attempt_timeout_ms": 5000
/// }"#)?;
/// assert_eq!(settings.build()?.bulkhead().unwrap().limit(), 64);
///
/// let settings: OutboundSettings = serde_json::from_str(r#"{
///     "name": "payments",
///     "retry": { "tries": 0 },
///     "circuit_breaker": { "probes": 0 },
///     "bulkhead": { "permits": 0 }
/// }"#)?;
/// let error = settings.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["retry.tries", "circuit_breaker.probes", "bulkhead.permits"]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OutboundSettings {
    /// What the dependency is called, by metrics, health and events.
    pub name: String,
    /// How long a call may take in all, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// Not to make calls that would be turned away.
    pub throttle: Option<ThrottleSettings>,
    /// To find out how many calls at a time the dependency bears.
    pub adaptive: Option<AdaptiveSettings>,
    /// To shed what would come too late.
    pub shed: Option<ShedSettings>,
    /// To try again, and to hedge.
    pub retry: Option<RetrySettings>,
    /// To stop calling what is down.
    pub circuit_breaker: Option<CircuitBreakerSettings>,
    /// To hold back attempts that are too many.
    pub bulkhead: Option<BulkheadSettings>,
    /// How long an attempt may take until its answer begins, in milliseconds.
    pub attempt_timeout_ms: Option<u64>,
    /// Whether refusals have a body, the family's JSON.
    pub render_refusals: bool,
}

impl OutboundSettings {
    /// A builder with these settings, to which a clock, a judge and metrics may be added.
    ///
    /// # Errors
    ///
    /// Fails with every setting that cannot be read.
    pub fn builder(&self) -> Result<OutboundBuilder, BuildError> {
        let mut faults = Faults::new();
        let builder = self.read(&mut faults);
        faults.finish(builder)
    }

    /// Checks the settings, and builds the wall.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(&self) -> Result<Outbound, BuildError> {
        let mut faults = Faults::new();
        let builder = self.read(&mut faults);
        let built = faults.within("", builder.build());
        whole(faults, built)
    }

    fn read(&self, faults: &mut Faults) -> OutboundBuilder {
        let mut builder = Outbound::to(self.name.clone()).render_refusals(self.render_refusals);
        builder.deadline = self.deadline_ms.map(Duration::from_millis);
        builder.attempt_timeout = self.attempt_timeout_ms.map(Duration::from_millis);
        builder.throttle = self.throttle.as_ref().map(ThrottleSettings::builder);
        builder.adaptive = self.adaptive.as_ref().map(AdaptiveSettings::builder);
        builder.shed = self.shed.as_ref().map(|shed| shed.builder(TokioTimer));
        builder.retry =
            self.retry.as_ref().and_then(|retry| faults.within("retry", retry.builder()));
        builder.breaker = self
            .circuit_breaker
            .as_ref()
            .and_then(|breaker| faults.within("circuit_breaker", breaker.builder()));
        builder.bulkhead = self.bulkhead.as_ref().map(|bulkhead| bulkhead.builder(TokioTimer));
        builder
    }
}
