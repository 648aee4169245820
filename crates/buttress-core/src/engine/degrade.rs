use std::fmt;

use serde::{Deserialize, Serialize};

/// What a store does about a request while Redis cannot be asked. There is no default: each layer has its own.
///
/// ```
/// use buttress_core::engine::Degrade;
///
/// let degrade: Degrade = serde_json::from_str(r#""local""#)?;
/// assert_eq!(degrade, Degrade::Local);
/// assert_eq!(degrade.to_string(), "local");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a layer must heed every one")]
pub enum Degrade {
    /// Goes on as if the store had no objection: for what protects comfort, not safety.
    Allow,
    /// Refuses: for what must not happen unchecked.
    Deny,
    /// Asks the memory of this process, which knows only what it was told while Redis was away. A fleet of `n` then
    /// allows up to `n` times as much, and what one process knows is lost to the others and to Redis.
    Local,
}

impl Degrade {
    /// The word of settings, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for Degrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
