use buttress_core::{BuildError, ContextSettings};
#[cfg(feature = "error-envelope")]
use buttress_error_envelope::{ErrorEnvelopeSettings, NegotiationSettings};
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
#[cfg_attr(feature = "ratelimit", doc = "")]
#[cfg_attr(feature = "ratelimit", doc = include_str!("limits_in_a_file.md"))]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct InboundSettings {
    /// Ids, traces, addresses, how problems are answered, what is hidden.
    pub context: ContextSettings,
    /// Whether panics of the handler become answers.
    pub catch_panics: bool,
    /// What becomes of failures that are not in the family's shape. Left out, they stay as they are.
    #[cfg(feature = "error-envelope")]
    pub error_envelope: Option<ErrorEnvelopeSettings>,
    /// Which formats clients may have their errors in. Left out, what they accept counts if there is an
    /// envelope; else they get JSON, and gRPC clients gRPC.
    #[cfg(feature = "error-envelope")]
    pub error_formats: Option<NegotiationSettings>,
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
        Self {
            context: ContextSettings::default(),
            catch_panics: true,
            #[cfg(feature = "error-envelope")]
            error_envelope: None,
            #[cfg(feature = "error-envelope")]
            error_formats: None,
        }
    }
}
