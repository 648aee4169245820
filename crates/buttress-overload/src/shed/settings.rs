use std::time::Duration;

use buttress_core::clock::Timer;
use serde::{Deserialize, Serialize};

use super::{Shed, ShedBuilder};
use crate::adaptive::AdaptiveSettings;
use crate::file::Names;
use crate::queue::QueueSettings;

/// The settings of a [`Shed`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_core::clock::TokioTimer;
/// use buttress_overload::shed::ShedSettings;
///
/// let settings: ShedSettings = toml::from_str(r#"
///     limit = 64
///     queue = 200
///     at_most_ms = 500
/// "#)?;
/// assert_eq!(settings.builder(TokioTimer).build()?.limit(), 64);
///
/// let settings: ShedSettings = toml::from_str(r#"limit = { policy = "aimd", starting_at = 30 }"#)?;
/// assert_eq!(settings.builder(TokioTimer).build()?.limit(), 30);
///
/// let error = toml::from_str::<ShedSettings>("limit = true").unwrap_err();
/// assert!(error.to_string().contains("a number, or a table"));
///
/// let settings: ShedSettings = toml::from_str("limit = 0\ntarget_ms = 500")?;
/// let error = settings.builder(TokioTimer).build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["limit", "target_ms"]);
///
/// // What is of a queue is an error where there is none, and not ignored.
/// let settings: ShedSettings = toml::from_str("queue = 0\nat_most_ms = 500\ntarget_ms = 6")?;
/// let error = settings.builder(TokioTimer).build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["at_most_ms", "target_ms"]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ShedSettings {
    /// How many calls are let in at a time: a number, or a table with the settings of an adaptive limit. By default
    /// adaptive.
    pub limit: ShedLimitSettings,
    /// How many calls may wait when the limit is reached; 0 refuses them at once. By default 100.
    pub queue: u32,
    /// How long a call may wait at most, in milliseconds. By default 1,000.
    pub at_most_ms: u64,
    /// How long a wait is no overload yet, in milliseconds: calls are shed once everybody has waited for longer during
    /// a whole interval. By default 5.
    pub target_ms: u64,
    /// How long that interval is, in milliseconds. By default 100.
    pub interval_ms: u64,
}

/// How many calls a [`Shed`] lets in at a time, as it stands in a file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a limit: a number, or a table as of an adaptive limit")]
#[non_exhaustive]
pub enum ShedLimitSettings {
    /// A fixed number of calls at a time.
    Given(u32),
    /// A limit that adapts to the load.
    Found(AdaptiveSettings),
}

/// What the builder says, and the file.
const NAMES: Names = &[
    ("between", "limit.least"),
    ("starting_at", "limit.starting_at"),
    ("tolerance", "limit.tolerance"),
    ("measured_every", "limit.measured_every_ms"),
    ("slow", "limit.slow_ms"),
    ("queue.length", "queue"),
    ("queue.at_most", "at_most_ms"),
    ("target", "target_ms"),
];

impl Default for ShedSettings {
    fn default() -> Self {
        Self {
            limit: ShedLimitSettings::Found(AdaptiveSettings::default()),
            queue: 100,
            at_most_ms: 1_000,
            target_ms: 5,
            interval_ms: 100,
        }
    }
}

impl ShedSettings {
    /// A builder with these settings.
    pub fn builder<T: Timer + Clone>(&self, timer: T) -> ShedBuilder<T> {
        let ms = Duration::from_millis;
        let shed = match &self.limit {
            ShedLimitSettings::Given(limit) => Shed::of(*limit),
            ShedLimitSettings::Found(found) => Shed::adapting(found.policy()).slow(found.slow()),
        };
        let shed = shed.target(ms(self.target_ms), ms(self.interval_ms)).of_a_file(NAMES);
        let unsaid = Self::default().at_most_ms;
        shed.waits(QueueSettings::of_a_file(self.queue, self.at_most_ms, unsaid), timer)
    }
}
