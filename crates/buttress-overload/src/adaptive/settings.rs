use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Adaptive, AdaptiveBuilder, Aimd, Gradient, LimitPolicy};
use crate::file::Names;

/// The settings of an [`Adaptive`] limit, as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_overload::adaptive::AdaptiveSettings;
///
/// let settings: AdaptiveSettings = toml::from_str(r#"
///     policy = "gradient"
///     least = 8
///     most = 400
///     tolerance = 1.8
/// "#)?;
/// assert_eq!(settings.builder().build()?.limit(), 20);
///
/// let settings: AdaptiveSettings = toml::from_str("least = 30\ntolerance = 9.0\nslow_ms = 0")?;
/// let error = settings.builder().build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["starting_at", "tolerance", "slow_ms"]);
///
/// // What its policy does not have is an error, and not ignored.
/// let settings: AdaptiveSettings = toml::from_str("policy = 'aimd'\ntolerance = 1.8")?;
/// let error = settings.builder().build().unwrap_err();
/// assert_eq!(error.faults()[0].path(), "tolerance");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AdaptiveSettings {
    /// What moves the limit: `gradient`, the default, or `aimd`.
    pub policy: PolicySettings,
    /// The lowest limit, in calls at a time. By default 4.
    pub least: u32,
    /// The highest limit, in calls at a time. By default 1,000.
    pub most: u32,
    /// The limit to begin with, in calls at a time. By default 20.
    pub starting_at: u32,
    /// By which factor latency may exceed its unloaded value before the limit shrinks, for `gradient`. By default 1.5.
    pub tolerance: f64,
    /// How often the unloaded latency is measured anew, in milliseconds, for `gradient`. By default 30,000.
    pub measured_every_ms: u64,
    /// How long a call must have taken, in milliseconds, to count as a drop if its caller gives it up. By default
    /// 10,000.
    pub slow_ms: u64,
}

/// What an [`Adaptive`] limit goes by, as it stands in a file.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PolicySettings {
    /// By latency and by drops: a [`Gradient`].
    #[default]
    Gradient,
    /// By drops alone: an [`Aimd`].
    Aimd,
}

/// What the builder says, and the file.
const NAMES: Names =
    &[("between", "least"), ("measured_every", "measured_every_ms"), ("slow", "slow_ms")];

impl Default for AdaptiveSettings {
    fn default() -> Self {
        Self {
            policy: PolicySettings::Gradient,
            least: 4,
            most: 1_000,
            starting_at: 20,
            tolerance: 1.5,
            measured_every_ms: 30_000,
            slow_ms: 10_000,
        }
    }
}

impl AdaptiveSettings {
    /// A builder with these settings.
    pub fn builder(&self) -> AdaptiveBuilder {
        Adaptive::by(self.policy()).slow(self.slow()).of_a_file(NAMES)
    }

    /// The policy alone.
    #[must_use]
    pub fn policy(&self) -> Box<dyn LimitPolicy> {
        let Self { least, most, starting_at, .. } = *self;
        match self.policy {
            PolicySettings::Aimd => {
                let aimd = Aimd::new().between(least, most).starting_at(starting_at);
                Box::new(aimd.misplaced(self.of_gradient()))
            }
            PolicySettings::Gradient => {
                let gradient = Gradient::new().between(least, most).starting_at(starting_at);
                let every = Duration::from_millis(self.measured_every_ms);
                Box::new(gradient.tolerance(self.tolerance).measured_every(every))
            }
        }
    }

    /// What was said that is of a gradient alone: what is not its default.
    #[expect(clippy::float_cmp, reason = "it is the default itself, or it is not")]
    fn of_gradient(&self) -> &'static [&'static str] {
        let default = Self::default();
        let is_tolerance_set = self.tolerance != default.tolerance;
        let is_time_set = self.measured_every_ms != default.measured_every_ms;
        match (is_tolerance_set, is_time_set) {
            (true, true) => &["tolerance", "measured_every"],
            (true, false) => &["tolerance"],
            (false, true) => &["measured_every"],
            (false, false) => &[],
        }
    }

    pub(crate) fn slow(&self) -> Duration {
        Duration::from_millis(self.slow_ms)
    }
}
