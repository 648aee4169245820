use buttress_core::{BuildError, Faults};
use serde::{Deserialize, Serialize};

use crate::{ErrorEnvelopeBuilder, ErrorEnvelopeLayer, kinds};

/// The settings of an [`ErrorEnvelopeLayer`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_error_envelope::ErrorEnvelopeSettings;
///
/// let settings: ErrorEnvelopeSettings = serde_json::from_str(
///     r#"{ "leave_paths": ["/pages", "legacy"], "leave_content_types": ["html"], "read_at_most": 0 }"#,
/// )?;
///
/// let error = settings.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["leave_content_types[0]", "leave_paths[1]", "read_at_most"]);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ErrorEnvelopeSettings {
    /// Whether failures are rewritten at all.
    pub enabled: bool,
    /// Failures of these kinds stay as they are: `text/html`, `image/*`, `application/*+json`, or `*/*`.
    pub leave_content_types: Vec<String>,
    /// Failures at these paths, and below them, stay as they are: whole ones, also in a router within another.
    pub leave_paths: Vec<String>,
    /// Failures of these routes stay as they are: their templates, as the router has them.
    pub leave_routes: Vec<String>,
    /// Whether the words of a foreign refusal become the message, as far as they are harmless.
    pub keep_texts: bool,
    /// How much of a foreign body is read, in bytes: a longer one is not looked at.
    pub read_at_most: u32,
}

/// More than this is no message, and no envelope.
const LARGEST: u32 = 65_536;

impl ErrorEnvelopeSettings {
    /// Checks the settings, and builds the layer.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<ErrorEnvelopeLayer, BuildError> {
        ErrorEnvelopeBuilder::from(self).build()
    }

    pub(crate) fn are_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        for (at, kind) in self.leave_content_types.iter().enumerate() {
            if !kinds::is_pattern(kind) {
                let path = format!("leave_content_types[{at}]");
                let wanted = "`text/html`, `text/*`, `application/*+json` and `*/*` are ones";
                faults.add(path, format_args!("`{kind}` is not a content type: {wanted}"));
            }
        }
        for (list, paths) in
            [("leave_paths", &self.leave_paths), ("leave_routes", &self.leave_routes)]
        {
            for (at, path) in paths.iter().enumerate().filter(|(_, path)| !path.starts_with('/')) {
                faults
                    .add(format!("{list}[{at}]"), format_args!("`{path}` does not begin with `/`"));
            }
        }
        if !(1..=LARGEST).contains(&self.read_at_most) {
            let found = self.read_at_most;
            faults.add("read_at_most", format_args!("must be from 1 to {LARGEST}, not {found}"));
        }
        faults.finish(())
    }
}

impl Default for ErrorEnvelopeSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            leave_content_types: Vec::new(),
            leave_paths: Vec::new(),
            leave_routes: Vec::new(),
            keep_texts: true,
            read_at_most: 4_096,
        }
    }
}
