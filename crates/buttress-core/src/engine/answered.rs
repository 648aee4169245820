use crate::stage::Never;

/// What came of asking a store, and who said it.
///
/// ```
/// use buttress_core::engine::Answered;
///
/// fn admits(answer: Answered<u64>) -> bool {
///     match answer {
///         Answered::Store(total) | Answered::Local(total) => total <= 100,
///         Answered::Allow => true,
///         Answered::Deny => false,
///     }
/// }
///
/// assert!(admits(Answered::Store(100)) && !admits(Answered::Local(101)));
/// assert!(Answered::<u64>::Allow.is_degraded());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "it says what was decided"]
#[expect(clippy::exhaustive_enums, reason = "who decides must heed every one")]
pub enum Answered<T> {
    /// The store itself.
    Store(T),
    /// The memory of this process, as Redis could not be asked: it knows nothing of other processes.
    Local(T),
    /// Nobody: go on, as the settings say.
    Allow,
    /// Nobody: refuse, as the settings say.
    Deny,
}

impl<T> Answered<T> {
    /// Whether it was somebody else than the store.
    #[must_use]
    pub const fn is_degraded(&self) -> bool {
        !matches!(self, Self::Store(_))
    }

    /// What was answered, by whomever.
    #[must_use]
    pub fn value(self) -> Option<T> {
        match self {
            Self::Store(value) | Self::Local(value) => Some(value),
            Self::Allow | Self::Deny => None,
        }
    }
}

/// What is never waited for has any answer: so code for all stores does for those that never wait.
impl<T> From<Never> for Answered<T> {
    fn from(never: Never) -> Self {
        match never {}
    }
}
