pub(crate) mod concurrent;
pub(crate) mod counter;
pub(crate) mod fixed;
pub(crate) mod gcra;
pub(crate) mod log;
#[cfg(test)]
mod properties;
pub(crate) mod sliding;

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a quota counts.
///
/// ```
/// use buttress_ratelimit::Algorithm;
///
/// let setting: Algorithm = serde_json::from_str(r#""sliding_log""#)?;
/// assert_eq!(setting, Algorithm::SlidingLog);
/// assert_eq!(Algorithm::default(), Algorithm::Gcra);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Algorithm {
    /// A bucket that refills all the time: the default, the cheapest, and the only one whose `Retry-After` spreads
    /// callers by itself.
    #[default]
    Gcra,
    /// Counts from the first request of a key on, and starts anew when the window is over. Up to twice the quota may
    /// pass around the end of a window.
    FixedWindow,
    /// Two windows, the older one weighted by how much of it is still in view. It differs from the exact log by what
    /// was not spread evenly over the older window.
    SlidingCounter,
    /// Remembers when each request came: exact, and as large as the quota. For small ones, of 64 at most.
    SlidingLog,
    /// How many at the same time, however long each takes.
    Concurrent,
}

impl Algorithm {
    /// The word of settings, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gcra => "gcra",
            Self::FixedWindow => "fixed_window",
            Self::SlidingCounter => "sliding_counter",
            Self::SlidingLog => "sliding_log",
            Self::Concurrent => "concurrent",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
