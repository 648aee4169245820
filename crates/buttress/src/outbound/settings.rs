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

use super::build::whole;
use super::within::Within;
use super::{Outbound, OutboundBuilder};

/// The settings of an outbound wall, as they stand in a file. What is left out is not there, but for the deadline,
/// which is 30 s; and what is left out of a part has its default.
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
///
/// // With the names of the file, whichever part is told of them.
/// let settings: OutboundSettings = serde_json::from_str(r#"{ "name": "payments", "deadline_ms": 0 }"#)?;
/// assert_eq!(settings.build().unwrap_err().faults()[0].path(), "deadline_ms");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OutboundSettings {
    /// The name of the dependency, in metrics, health and events. It has to be there.
    pub name: String,
    /// How long a call may take in all, with its repeats and until its answer begins, in milliseconds. By default
    /// 30,000.
    pub deadline_ms: Option<u64>,
    /// Whether a call may take as long as its request has, which may be for ever. By default not; not beside
    /// `deadline_ms`.
    pub without_deadline: bool,
    /// Client-side throttling: calls that would be turned away are not made. Off if absent.
    pub throttle: Option<ThrottleSettings>,
    /// A limit on calls at a time that adapts to what the dependency bears. Off if absent.
    pub adaptive: Option<AdaptiveSettings>,
    /// A limit on calls at a time with a queue that refuses what would come too late. Off if absent.
    pub shed: Option<ShedSettings>,
    /// Retries and hedges. Off if absent.
    pub retry: Option<RetrySettings>,
    /// A circuit breaker. If absent, it opens by hand alone.
    pub circuit_breaker: Option<CircuitBreakerSettings>,
    /// A limit on attempts at a time. Off if absent.
    pub bulkhead: Option<BulkheadSettings>,
    /// Whether an attempt holds its permit of the bulkhead until the body of its answer ends. By default until the head
    /// is there.
    pub permits_until_body_ends: bool,
    /// How long an attempt may take until its answer begins, in milliseconds. By default as long as the call.
    pub attempt_timeout_ms: Option<u64>,
    /// Whether refusals have a body, the family's JSON. By default they have none.
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
        builder.is_of_a_file = true;
        builder.deadline = self.within(faults);
        builder.holds_permits = self.permits_until_body_ends;
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

    fn within(&self, faults: &mut Faults) -> Within {
        match (self.deadline_ms, self.without_deadline) {
            (Some(time), is_without) => {
                if is_without {
                    faults.add("without_deadline", "contradicts `deadline_ms`");
                }
                Within::Said(Duration::from_millis(time))
            }
            (None, true) => Within::RequestAlone,
            (None, false) => Within::Unsaid,
        }
    }
}
