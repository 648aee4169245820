use std::fmt;

use http::Request;

/// Which attempt of a call this is, counted from one.
///
/// From the second on it is in the extensions of the request; what has none is the first.
///
/// ```
/// use buttress_retry::Attempt;
/// use http::Request;
///
/// let request = Request::new(());
/// let attempt = Attempt::of(&request);
/// assert!(attempt.is_first());
/// assert_eq!((attempt.number(), attempt.repeats()), (1, 0));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Attempt {
    /// How many came before.
    repeats: u32,
}

impl Attempt {
    /// The first.
    pub const FIRST: Self = Self { repeats: 0 };

    /// Which attempt this request is.
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().copied().unwrap_or(Self::FIRST)
    }

    /// Its number: one for the first.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.repeats.saturating_add(1)
    }

    /// How many attempts came before it.
    #[must_use]
    pub const fn repeats(self) -> u32 {
        self.repeats
    }

    /// Whether nothing came before it.
    #[must_use]
    pub const fn is_first(self) -> bool {
        self.repeats == 0
    }

    /// The one after it.
    pub(crate) const fn next(self) -> Self {
        Self { repeats: self.repeats.saturating_add(1) }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}
