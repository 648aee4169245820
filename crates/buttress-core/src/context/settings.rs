use serde::{Deserialize, Serialize, Serializer};

use super::builder::{ContextBuilder, Trust};
use super::hop::ID_HEADER;
use super::repeats::ATTEMPT_HEADER;
use super::stage::Context;
use crate::BuildError;
use crate::address::AddressSettings;
use crate::deadline::DEADLINE_HEADER;
use crate::redact::RedactSettings;
use crate::render::AnswersSettings;

/// The settings of a [`Context`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_core::ContextSettings;
///
/// let settings: ContextSettings = serde_json::from_str(
///     r#"{
///         "request_id_header": "X Id",
///         "request_ids_from": "proxies",
///         "addresses": { "trusted_proxies": ["10.0.0.0/8", "10.0.0.0/33"] }
///     }"#,
/// )?;
///
/// let error = settings.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["addresses.trusted_proxies[1]", "request_id_header"]);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ContextSettings {
    /// Who is believed about the client's address.
    pub addresses: AddressSettings,
    /// The header for the id of the request.
    pub request_id_header: String,
    /// Whose ids are taken over.
    pub request_ids_from: Trust,
    /// Whose traces are continued.
    pub traces_from: Trust,
    /// Whether traces that start here are marked as sampled.
    pub sample_new_traces: bool,
    /// The header for the time that is left, in milliseconds; none if empty.
    #[serde(serialize_with = "none_is_empty")]
    pub deadline_header: Option<String>,
    /// The header that says how often a request was sent before; none if empty.
    #[serde(serialize_with = "none_is_empty")]
    pub attempt_header: Option<String>,
    /// How problems are answered.
    pub answers: AnswersSettings,
    /// What is hidden in the log and in answers, beside the usual names and those that the program hides.
    pub redact: RedactSettings,
}

impl ContextSettings {
    /// Checks the settings, and builds the stage.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Context, BuildError> {
        ContextBuilder::from(self).build()
    }
}

impl Default for ContextSettings {
    fn default() -> Self {
        Self {
            addresses: AddressSettings::default(),
            request_id_header: ID_HEADER.as_str().to_owned(),
            request_ids_from: Trust::Proxies,
            traces_from: Trust::Anyone,
            sample_new_traces: false,
            deadline_header: Some(DEADLINE_HEADER.as_str().to_owned()),
            attempt_header: Some(ATTEMPT_HEADER.as_str().to_owned()),
            answers: AnswersSettings::default(),
            redact: RedactSettings::default(),
        }
    }
}

/// Left out, as formats without a `null` do with nothing, it would be read as the default.
#[expect(clippy::ref_option, reason = "serde calls it so")]
fn none_is_empty<S: Serializer>(name: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name.as_deref().unwrap_or_default())
}
