use std::fmt;

/// How a call ended, seen from the one who depends on it.
///
/// ```
/// use buttress_core::outcome::Outcome;
///
/// assert!(Outcome::Panicked.is_failure());
/// assert!(Outcome::Throttled.is_conclusive() && !Outcome::Throttled.is_failure());
/// assert!(!Outcome::Rejected.is_conclusive(), "it never got there");
/// assert_eq!(Outcome::Abandoned.as_str(), "abandoned");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It did what it is there for, if only to say that there is no such thing.
    Success,
    /// It failed, or never answered.
    Failure,
    /// It has more to do than it can, or than it wants to do for us.
    Throttled,
    /// It says nothing of the dependency, and is not counted.
    Ignored,
    /// Our own wall refused it: nothing was asked.
    Rejected,
    /// The caller went away before it had ended.
    Abandoned,
    /// The code that calls it panicked.
    Panicked,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::Failure,
        Self::Throttled,
        Self::Ignored,
        Self::Rejected,
        Self::Abandoned,
        Self::Panicked,
    ];

    /// The name, for metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Throttled => "throttled",
            Self::Ignored => "ignored",
            Self::Rejected => "rejected",
            Self::Abandoned => "abandoned",
            Self::Panicked => "panicked",
        }
    }

    /// Whether something broke.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failure | Self::Panicked)
    }

    /// Whether it says something of the dependency.
    #[must_use]
    pub const fn is_conclusive(self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Throttled | Self::Panicked)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
