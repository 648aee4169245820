//! Circuit breakers as they stand in a file.

mod reading;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Abandoned, Mode, Over, Rule};

/// The settings of a circuit breaker, as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreakerSettings, State};
///
/// let settings: CircuitBreakerSettings = toml::from_str(r#"
///     failures = 5
///     failures_in_ms = 60_000
///     rules = [
///         { failure_rate = { percent = 50, over = { ms = 10_000 }, at_least = 20 } },
///         { slow_rate = { percent = 80, over = { calls = 100 }, at_least = 50 } },
///     ]
///     open_ms = 1_000
///     open_at_most_ms = 32_000
///     slow_ms = 2_000
///     mode = "metrics_only"
/// "#)?;
/// let layer = settings.builder()?.named("payments").build()?;
/// assert_eq!(layer.breaker().state(), State::MetricsOnly);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// Everything that is wrong is told at once:
///
/// ```
/// # use buttress_circuit_breaker::CircuitBreakerSettings;
/// let settings: CircuitBreakerSettings = toml::from_str(r#"
///     failures_in_ms = 0
///     rules = [{ in_a_row = 0 }]
///     open_ms = 0
///     probes = 0
/// "#)?;
/// let error = settings.builder().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["failures_in_ms", "rules[0].in_a_row", "open_ms", "probes"]);
/// # Ok::<_, toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CircuitBreakerSettings {
    /// After how many failures it opens. By default 5 if there are no `rules`; else the rules alone open it.
    pub failures: Option<u32>,
    /// In which time so many `failures` open it, in milliseconds. By default they have to come in a row, in whichever
    /// time.
    pub failures_in_ms: Option<u64>,
    /// Further rules that open it: any of them is enough. By default there are none.
    pub rules: Vec<RuleSettings>,
    /// How long it stays open the first time, in milliseconds; it is twice as long each time that did not help. By
    /// default 1,000.
    pub open_ms: Option<u64>,
    /// How long it stays open at most, in milliseconds. By default 32,000, or `open_ms` if that is longer.
    pub open_at_most_ms: Option<u64>,
    /// By how many percent chance shortens or prolongs the open time at most. By default 10.
    pub jitter_percent: Option<u32>,
    /// How long it must have been closed to begin with `open_ms` again, in milliseconds. By default as long as the
    /// longest open time.
    pub stable_after_ms: Option<u64>,
    /// How long it stays open at most because the failing answer asks for it (`Retry-After`), in milliseconds. By
    /// default that is ignored.
    pub follow_retry_after_ms: Option<u64>,
    /// How many calls at a time may probe whether the dependency works again. By default 1.
    pub probes: Option<u8>,
    /// How many probes must succeed before it closes. By default 1.
    pub close_after: Option<u8>,
    /// How long a probe may hang before another call may probe, in milliseconds. By default 30,000.
    pub lease_ms: Option<u64>,
    /// How long it takes after closing until all calls pass again, in milliseconds. By default all do at once.
    pub ramp_up_ms: Option<u64>,
    /// How long a call may take before it counts as slow, in milliseconds. By default 10,000.
    pub slow_ms: Option<u64>,
    /// How to count a call that its caller dropped. By default as a failure if it had been slow.
    pub abandoned: Abandoned,
    /// Whether windows of calls are counted exactly, where threads wait for each other. By default not: a window of 80
    /// calls or more forgets in steps of a fortieth.
    pub exact_counts: bool,
    /// Whether the breaker acts on its rules, only measures, or is off. By default it acts.
    pub mode: Mode,
    /// Whether health reports the service as down while the breaker is open, and not only as degraded. By default not.
    pub critical: bool,
}

/// A [`Rule`], as settings say it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum RuleSettings {
    /// So many calls in a row failed.
    InARow(u32),
    /// So many calls failed within a time.
    Failures(TimesSettings),
    /// So many percent of the calls failed.
    FailureRate(RateSettings),
    /// So many percent of the calls were slow.
    SlowRate(RateSettings),
    /// So many answers within a time asked for fewer calls: 429, or gRPC's `RESOURCE_EXHAUSTED`.
    Throttled(TimesSettings),
}

/// A number of calls within a time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TimesSettings {
    /// How many calls.
    pub n: u32,
    /// Within which time, in milliseconds.
    pub within_ms: u64,
}

/// A share of the calls.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RateSettings {
    /// From which share of the calls on it opens, in percent.
    pub percent: u32,
    /// Which calls the share is of: the last so many, or those of a time.
    pub over: OverSettings,
    /// How many of these calls there must be before the share counts.
    pub at_least: u32,
}

/// Which calls a share is of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OverSettings {
    /// The calls of so many last milliseconds.
    Ms(u64),
    /// The last so many calls.
    Calls(u32),
}

impl RuleSettings {
    /// What it is called in the file.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::InARow(_) => "in_a_row",
            Self::Failures(_) => "failures",
            Self::FailureRate(_) => "failure_rate",
            Self::SlowRate(_) => "slow_rate",
            Self::Throttled(_) => "throttled",
        }
    }
}

impl From<RuleSettings> for Rule {
    fn from(settings: RuleSettings) -> Self {
        match settings {
            RuleSettings::InARow(n) => Self::InARow(n),
            RuleSettings::Failures(TimesSettings { n, within_ms }) => {
                Self::failures(n, Duration::from_millis(within_ms))
            }
            RuleSettings::FailureRate(RateSettings { percent, over, at_least }) => {
                Self::failure_rate(percent, over.into(), at_least)
            }
            RuleSettings::SlowRate(RateSettings { percent, over, at_least }) => {
                Self::slow_rate(percent, over.into(), at_least)
            }
            RuleSettings::Throttled(TimesSettings { n, within_ms }) => {
                Self::throttled(n, Duration::from_millis(within_ms))
            }
        }
    }
}

impl From<OverSettings> for Over {
    fn from(settings: OverSettings) -> Self {
        match settings {
            OverSettings::Ms(millis) => Self::Time(Duration::from_millis(millis)),
            OverSettings::Calls(calls) => Self::Calls(calls),
        }
    }
}
