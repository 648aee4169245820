use std::fmt;

use http::Extensions;
use serde::{Deserialize, Serialize};

/// How much it matters that a request is served, where not all can be.
///
/// A request of HTTP carries it in its extensions; what carries none is as the layer says, [`Normal`](Self::Normal)
/// unless it was told otherwise.
///
/// ```
/// use buttress_overload::Priority;
///
/// let mut checkout = http::Request::new(());
/// assert_eq!(Priority::of(checkout.extensions()), None);
///
/// checkout.extensions_mut().insert(Priority::Critical);
/// assert_eq!(Priority::of(checkout.extensions()), Some(Priority::Critical));
/// assert!(Priority::Critical > Priority::Normal);
/// ```
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Priority {
    /// Nobody waits for it.
    Background,
    /// It is missed if it fails, and no more than that.
    Low,
    /// The default.
    #[default]
    Normal,
    /// Without it the rest is worth nothing.
    Critical,
}

impl Priority {
    /// All of them, from the least to the greatest.
    pub const ALL: [Self; 4] = [Self::Background, Self::Low, Self::Normal, Self::Critical];

    /// The one that these extensions carry.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().copied()
    }

    /// The word of settings and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::Critical => "critical",
        }
    }

    /// How much of what all share it may fill, in percent: so a lower one is refused before a higher one has to be.
    ///
    /// ```
    /// use buttress_overload::Priority;
    ///
    /// assert_eq!(Priority::ALL.map(Priority::share), [50, 70, 90, 100]);
    /// ```
    #[must_use]
    pub const fn share(self) -> u32 {
        match self {
            Self::Background => 50,
            Self::Low => 70,
            Self::Normal => 90,
            Self::Critical => 100,
        }
    }

    /// Its [share](Self::share) of `all`, rounded up: of something, each has something.
    pub(crate) const fn share_of(self, all: u32) -> u32 {
        let (whole, rest) = (all / 100, all % 100);
        whole * self.share() + (rest * self.share()).div_ceil(100)
    }

    /// Its place in [`ALL`](Self::ALL).
    pub(crate) const fn rank(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_something_of_something() {
        let of = |all| Priority::ALL.map(|priority| priority.share_of(all));
        assert_eq!(of(0), [0; 4]);
        assert_eq!(of(1), [1; 4]);
        assert_eq!(of(10), [5, 7, 9, 10]);
        assert_eq!(of(u32::MAX)[3], u32::MAX);
        assert_eq!(Priority::ALL.map(Priority::rank), [0, 1, 2, 3]);
    }
}
