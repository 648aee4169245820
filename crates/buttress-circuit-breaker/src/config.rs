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
    /// After how many failures it opens. By default 5, if there are no rules; else by the rules alone.
    pub failures: Option<u32>,
    /// In which time, in milliseconds. By default they have to come in a row.
    pub failures_in_ms: Option<u64>,
    /// What else opens it; without `failures`, what opens it.
    pub rules: Vec<RuleSettings>,
    /// For how many milliseconds it opens first. By default 1,000.
    pub open_ms: Option<u64>,
    /// For how many it does in the end. By default 32,000, or the first if that is longer.
    pub open_at_most_ms: Option<u64>,
    /// By how many percent chance shortens or prolongs that. By default 10.
    pub jitter_percent: Option<u32>,
    /// After how many milliseconds closed it begins with the first open time again. By default after the longest open time.
    pub stable_after_ms: Option<u64>,
    /// Up to how many milliseconds it stays open as the failure asks for. By default it is not looked at.
    pub follow_retry_after_ms: Option<u64>,
    /// How many calls at a time try whether it works again. By default 1.
    pub probes: Option<u8>,
    /// After how many of these it closes. By default 1.
    pub close_after: Option<u8>,
    /// After how many milliseconds the place of one that hangs is given to another one. By default 30,000.
    pub lease_ms: Option<u64>,
    /// How many milliseconds it takes until all calls pass again. By default all do at once.
    pub ramp_up_ms: Option<u64>,
    /// A call that waits for more milliseconds is slow. By default 10,000.
    pub slow_ms: Option<u64>,
    /// What a call counts as whose caller went away.
    pub abandoned: Abandoned,
    /// Whether windows of calls are counted one by one.
    pub exact_counts: bool,
    /// Whether it does what its rules say.
    pub mode: Mode,
    /// Whether the service is down while it is open, and not only degraded.
    pub critical: bool,
}

/// A [`Rule`], as settings say it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum RuleSettings {
    /// So many calls fail in a row.
    InARow(u32),
    /// So many calls fail in a time.
    Failures(TimesSettings),
    /// So many percent of the calls fail.
    FailureRate(RateSettings),
    /// So many percent of the calls are slow.
    SlowRate(RateSettings),
    /// So many answers in a time say: not so fast.
    Throttled(TimesSettings),
}

/// So many in a time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TimesSettings {
    /// How many.
    pub n: u32,
    /// In how many milliseconds.
    pub within_ms: u64,
}

/// So many percent of the calls.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RateSettings {
    /// From what share on.
    pub percent: u32,
    /// Of which calls.
    pub over: OverSettings,
    /// Not before there are so many of them.
    pub at_least: u32,
}

/// Of which calls a rate is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OverSettings {
    /// Of those in the last milliseconds.
    Ms(u64),
    /// Of the last so many.
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
