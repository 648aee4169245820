use std::fmt;

use http::Request;

/// Which attempt of a call this is, counted from one.
///
/// From the second on it is in the extensions of the request; what has none is the first. Of two retries around one
/// another it is that of the inner one, whose first attempt has none.
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

    /// Takes away that of a retry further out: what begins here is a first attempt, of whatever that is.
    #[inline]
    pub(crate) fn begin_anew<B>(request: &mut Request<B>) {
        request.extensions_mut().remove::<Self>();
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
