use buttress_core::{BuildError, ContextSettings};
use serde::{Deserialize, Serialize};

use super::{Inbound, InboundBuilder};

/// The settings of the inbound wall, as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress::InboundSettings;
///
/// let settings: InboundSettings = serde_json::from_str(
///     r#"{ "context": { "addresses": { "trusted_proxies": ["10.0.0.0/33"] } } }"#,
/// )?;
///
/// let error = settings.build().unwrap_err();
/// assert_eq!(error.faults()[0].path(), "context.addresses.trusted_proxies[0]");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct InboundSettings {
    /// Ids, traces, addresses.
    pub context: ContextSettings,
    /// Whether panics of the handler become answers.
    pub catch_panics: bool,
}

impl InboundSettings {
    /// Checks the settings, and builds the wall.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Inbound, BuildError> {
        InboundBuilder::from(self).build()
    }
}

impl Default for InboundSettings {
    fn default() -> Self {
        Self { context: ContextSettings::default(), catch_panics: true }
    }
}
