use std::ops::{Add, Sub};
use std::time::Duration;

use super::nanos;

/// A point on the monotonic time line of one [`Clock`](super::Clock), to the nanosecond.
///
/// It is a number, unlike [`std::time::Instant`]: it fits an atomic, a test can write it down, and its
/// arithmetic stops at the ends instead of panicking.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::clock::Moment;
///
/// let early = Moment::from_nanos(1_000);
/// let late = early + Duration::from_nanos(500);
///
/// assert_eq!(late - early, Duration::from_nanos(500));
/// assert_eq!(early - late, Duration::ZERO);
/// assert_eq!(late + Duration::MAX, Moment::LAST);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Moment {
    nanos: u64,
}

impl Moment {
    /// The start of the time line.
    pub const FIRST: Self = Self { nanos: 0 };
    /// Its end, 584 years later.
    pub const LAST: Self = Self { nanos: u64::MAX };

    /// The point `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.nanos
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self { nanos: self.nanos.saturating_add(nanos(duration)) }
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self { nanos: self.nanos.saturating_sub(nanos(duration)) }
    }
}

impl Sub for Moment {
    type Output = Duration;

    /// The time from `earlier` to `self`; zero if it was not earlier.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }
}
