use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Answers, AnswersBuilder};
use crate::{BuildError, Faults};

/// The settings of [`Answers`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_core::render::AnswersSettings;
///
/// let settings: AnswersSettings = serde_json::from_str(
///     r#"{ "log_lines_per_second": 0, "brief": { "after": 100, "window_s": 0 }, "challenge": "" }"#,
/// )?;
///
/// let error = settings.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["log_lines_per_second", "brief.window_s", "challenge"]);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AnswersSettings {
    /// How many lines of each code and level go to the log in a second.
    pub log_lines_per_second: u32,
    /// When answers become brief; never, if left out.
    pub brief: Option<BriefSettings>,
    /// What a 401 says in `WWW-Authenticate` where nobody else does, as in `Bearer`.
    pub challenge: Option<String>,
    /// Whether clients see the errors behind a problem, redacted. Nothing for production.
    pub dangerous_show_sources: bool,
}

/// When a client that is refused again and again gets brief answers, as it stands in a file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BriefSettings {
    /// How many refusals in one window are answered at length.
    pub after: u32,
    /// How long a window is, in seconds.
    pub window_s: u32,
}

impl AnswersSettings {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Answers, BuildError> {
        AnswersBuilder::from(self).build()
    }

    pub(super) fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        if self.log_lines_per_second == 0 {
            faults.add("log_lines_per_second", "must be at least 1, not 0");
        }
        if let Some(brief) = &self.brief
            && !(1..=86_400).contains(&brief.window_s)
        {
            let found = brief.window_s;
            faults.add("brief.window_s", format_args!("must be from 1 to 86400, not {found}"));
        }
        if let Some(challenge) = &self.challenge
            && !is_challenge(challenge)
        {
            faults.add("challenge", "must be a scheme, as in `Bearer`, and what a header may hold");
        }
        faults.finish(())
    }
}

/// Whether it begins with the name of a scheme, and goes on as a header may.
fn is_challenge(text: &str) -> bool {
    let scheme = text.split(' ').next().unwrap_or_default();
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
    let is_shown = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    !scheme.is_empty() && scheme.bytes().all(in_scheme) && text.bytes().all(is_shown)
}

impl BriefSettings {
    pub(super) fn window(&self) -> Duration {
        Duration::from_secs(self.window_s.max(1).into())
    }
}

impl Default for AnswersSettings {
    fn default() -> Self {
        Self {
            log_lines_per_second: 10,
            brief: None,
            challenge: None,
            dangerous_show_sources: false,
        }
    }
}

impl Default for BriefSettings {
    /// A hundred in ten seconds.
    fn default() -> Self {
        Self { after: 100, window_s: 10 }
    }
}
