use buttress_core::{BuildError, Secret};
use serde::{Deserialize, Serialize};

use crate::paths::READY;
use crate::{HealthChecks, HealthChecksBuilder};

/// The settings of [`HealthChecks`], as they stand in a file. What is left out has its default. The checks
/// themselves are code: see [`HealthChecksBuilder::check`].
///
/// ```
/// use buttress_health::HealthSettings;
///
/// let settings: HealthSettings = serde_json::from_str(
///     r#"{
///         "paths": { "ready": ["/ready"], "startup": ["startup"] },
///         "details": { "networks": ["10.0.0.0/33"], "tokens": ["short"] },
///         "checks": { "fall": 0 }
///     }"#,
/// )?;
///
/// let error = settings.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(
///     paths,
///     ["paths.startup[0]", "details.networks[0]", "details.tokens[0]", "checks.fall"]
/// );
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HealthSettings {
    /// Where probes ask.
    pub paths: PathSettings,
    /// The version of the service, shown with liveness.
    pub version: Option<String>,
    /// The name of the service among services that ask each other for their health: the same in all of its
    /// instances, and no other service's. Without one, each instance has a random name of its own.
    pub service: Option<String>,
    /// Who sees the checks and the summary; others see the status alone. By default nobody.
    pub details: DetailSettings,
    /// What holds for checks that do not say otherwise.
    pub checks: CheckSettings,
    /// Whether requests are counted, for a summary among the details.
    pub summary: bool,
    /// How many gRPC clients may watch at once.
    pub max_watchers: usize,
}

/// Where probes ask. An empty list switches an endpoint off.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PathSettings {
    /// The paths of liveness.
    pub live: Vec<String>,
    /// The paths of readiness. Groups are one segment below each.
    pub ready: Vec<String>,
    /// The paths of startup.
    pub startup: Vec<String>,
}

/// Who sees more than the status.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DetailSettings {
    /// Clients with these addresses or networks.
    pub networks: Vec<String>,
    /// Clients that send one of these as `Authorization: Bearer …`; at least sixteen characters each. They are read,
    /// and never written.
    #[serde(skip_serializing)]
    pub tokens: Vec<Secret<String>>,
    /// Everyone. Names, messages and latencies of dependencies help an attacker.
    pub insecure_everyone: bool,
}

/// What holds for checks that do not say otherwise.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CheckSettings {
    /// How long a run may take, in milliseconds.
    pub deadline_ms: u64,
    /// How much time is between the starts of two runs at the least, in milliseconds.
    pub interval_ms: u64,
    /// By how much an interval may be longer at random, in per cent.
    pub jitter_percent: u8,
    /// How many runs in a row must fail before a check is shown as failed.
    pub fall: u32,
    /// How many runs in a row must succeed before it is shown as well again.
    pub rise: u32,
    /// After how long without a result nobody knows any more, in milliseconds. By default three times what a
    /// run may take with its interval.
    pub stale_after_ms: Option<u64>,
}

impl HealthSettings {
    /// Checks the settings, and builds what answers, without any check.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<HealthChecks, BuildError> {
        HealthChecksBuilder::from(self).build()
    }
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            paths: PathSettings::default(),
            version: None,
            service: None,
            details: DetailSettings::default(),
            checks: CheckSettings::default(),
            summary: false,
            max_watchers: 1_000,
        }
    }
}

impl Default for PathSettings {
    fn default() -> Self {
        let owned = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        Self {
            live: owned(&["/health", "/health/live"]),
            ready: owned(&READY),
            startup: owned(&["/health/startup"]),
        }
    }
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self {
            deadline_ms: 2_000,
            interval_ms: 10_000,
            jitter_percent: 10,
            fall: 1,
            rise: 1,
            stale_after_ms: None,
        }
    }
}
