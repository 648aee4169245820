use serde::{Deserialize, Serialize};

use super::Redact;
use crate::BuildError;

/// The settings of a [`Redact`], as they stand in a file: names that are hidden beside the built-in ones. Those of a
/// [context](crate::ContextSettings::redact) have a place for them.
///
/// ```
/// use buttress_core::redact::RedactSettings;
///
/// let settings: RedactSettings = serde_json::from_str(r#"{ "fields": ["tax_id"] }"#)?;
/// assert!(settings.build()?.hides_field("taxId"));
///
/// let settings: RedactSettings = serde_json::from_str(r#"{ "headers": ["ok", ""] }"#)?;
/// assert_eq!(settings.build().unwrap_err().faults()[0].path(), "headers[1]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedactSettings {
    /// Headers whose value is hidden.
    pub headers: Vec<String>,
    /// Query keys whose value is hidden.
    pub query_keys: Vec<String>,
    /// Fields whose value is hidden in JSON, in text and in queries.
    pub fields: Vec<String>,
}

impl RedactSettings {
    /// Checks the settings, once.
    ///
    /// # Errors
    ///
    /// Fails with every name that could never match; see [`RedactBuilder::build`].
    ///
    /// [`RedactBuilder::build`]: super::RedactBuilder::build
    pub fn build(self) -> Result<Redact, BuildError> {
        let builder =
            self.headers.into_iter().fold(Redact::builder(), super::RedactBuilder::header);
        let builder = self.query_keys.into_iter().fold(builder, super::RedactBuilder::query_key);
        self.fields.into_iter().fold(builder, super::RedactBuilder::field).build()
    }
}
