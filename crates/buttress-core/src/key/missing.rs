use serde::{Deserialize, Serialize};

use super::Key;

/// What to do with a request that lacks a part of its key.
///
/// ```
/// use buttress_core::key::{Keyer, KeyOutcome, MissingKey, principal};
///
/// let nobody = http::Request::new(());
/// let found = Keyer::random().key_for(&principal(), &nobody);
///
/// // All who lack it share one key, so nobody gets around a limit by leaving it out.
/// assert_eq!(found.or(MissingKey::default()), KeyOutcome::Use(found.key()));
/// assert_eq!(found.or(MissingKey::Skip), KeyOutcome::Skip);
/// assert_eq!(found.or(MissingKey::Refuse), KeyOutcome::Refuse);
///
/// let setting: MissingKey = serde_json::from_str(r#""skip""#)?;
/// assert_eq!(setting, MissingKey::Skip);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MissingKey {
    /// Go on with the key of all who lack the same parts, and are alike in the others. The default: the limit
    /// holds for everyone, and nobody is refused for what is not wrong.
    #[default]
    Share,
    /// Leave the request alone: this limit is not for it. Only safe where another one is.
    ///
    /// A part that is there more than once, with different values, is shared all the same.
    Skip,
    /// Turn the request away.
    Refuse,
}

/// What came out of a [`MissingKey`]: what to do with a request now.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "who asks for a key must heed every one")]
pub enum KeyOutcome {
    /// Go on with this key.
    Use(Key),
    /// Leave the request alone.
    Skip,
    /// Turn the request away.
    Refuse,
}

/// The key of a request, and whether all its parts were there. See [`MissingKey`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct FoundKey {
    key: Key,
    found: Found,
}

/// How much of a key was there. In this order: the last of them decides.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Found {
    Complete,
    Missing,
    Ambiguous,
}

impl FoundKey {
    #[inline]
    pub(super) fn new(key: Key, found: Found) -> Self {
        Self { key, found }
    }

    /// The key, in which missing parts stand as absent: it is that of all who lack them.
    #[must_use]
    pub fn key(&self) -> Key {
        self.key
    }

    /// Whether each part was there, and once.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.found == Found::Complete
    }

    /// What to do now, if this is the rule for what is missing.
    #[inline]
    pub fn or(self, missing: MissingKey) -> KeyOutcome {
        match (self.found, missing) {
            (Found::Missing, MissingKey::Skip) => KeyOutcome::Skip,
            (Found::Missing | Found::Ambiguous, MissingKey::Refuse) => KeyOutcome::Refuse,
            // Also what is ambiguous and would be skipped: otherwise a second value, which the handler may
            // not even look at, would switch a limit off.
            _ => KeyOutcome::Use(self.key),
        }
    }
}
