use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Throttle, ThrottleBuilder};
use crate::file::Names;

/// The settings of a [`Throttle`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_overload::throttle::ThrottleSettings;
///
/// let settings: ThrottleSettings = toml::from_str("window_ms = 60000\ntimes = 1.5")?;
/// assert!(settings.builder().build().is_ok());
///
/// let settings: ThrottleSettings = toml::from_str("window_ms = 0\ntimes = 0.9")?;
/// let error = settings.builder().build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["window_ms", "times"]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ThrottleSettings {
    /// How long the past is that it judges by, in milliseconds. By default 30,000.
    pub window_ms: u64,
    /// By which factor the calls that are sent may exceed those that are accepted. By default 2.
    pub times: f64,
}

/// What the builder says, and the file.
const NAMES: Names = &[("window", "window_ms")];

impl Default for ThrottleSettings {
    fn default() -> Self {
        Self { window_ms: 30_000, times: 2.0 }
    }
}

impl ThrottleSettings {
    /// A builder with these settings.
    pub fn builder(&self) -> ThrottleBuilder {
        let window = Duration::from_millis(self.window_ms);
        Throttle::builder().window(window).times(self.times).of_a_file(NAMES)
    }
}
