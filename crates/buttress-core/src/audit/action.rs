use std::fmt;
use std::hash::{Hash, Hasher};

/// What was done, or tried: a constant of the program.
///
/// ```
/// use buttress_core::audit::Action;
///
/// const BAN_LIFTED: Action = Action::new("ratelimit.ban_lifted");
/// const REFUSED: Action = Action::new("ratelimit.refused").sampled();
///
/// assert_eq!(BAN_LIFTED.name(), "ratelimit.ban_lifted");
/// assert!(REFUSED.is_sampled() && !BAN_LIFTED.is_sampled());
/// ```
///
/// Two actions are equal if their names are.
#[derive(Clone, Copy)]
pub struct Action {
    name: &'static str,
    sampled: bool,
}

impl Action {
    /// An action with this name, in small letters, digits, underscores and dots: the crate or the area, then what.
    ///
    /// # Panics
    ///
    /// If the name has other characters: while compiling, in a constant.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(is_name(name), "an action is written in small letters, digits, `_` and `.`");
        Self { name, sampled: false }
    }

    /// Says that strangers can cause it as often as they like: of a flood of it the first few a second are told, and
    /// the rest is a number. See [`AuditBuilder::sampled_per_second`](super::AuditBuilder::sampled_per_second).
    #[must_use]
    pub const fn sampled(self) -> Self {
        Self { sampled: true, ..self }
    }

    /// The name, as in `ratelimit.refused`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether a flood of it is sampled.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.sampled
    }
}

const fn is_name(name: &str) -> bool {
    let mut rest = name.as_bytes();
    while let [first, others @ ..] = rest {
        if !matches!(first, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.') {
            return false;
        }
        rest = others;
    }
    !name.is_empty()
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Action {}

impl Hash for Action {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Action({})", self.name)
    }
}

/// How it ended.
///
/// ```
/// assert_eq!(buttress_core::audit::Outcome::Refused.as_str(), "refused");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// It was not allowed.
    Refused,
    /// It was allowed, and went wrong.
    Failed,
}

impl Outcome {
    /// The word of logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
