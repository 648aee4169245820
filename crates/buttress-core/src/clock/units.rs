use std::time::Duration;

/// This many milliseconds.
///
/// ```
/// use buttress_core::clock::{ms, secs};
///
/// assert_eq!(ms(1_500) * 2, secs(3));
/// ```
#[must_use]
pub const fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// This many seconds. See [`ms`].
#[must_use]
pub const fn secs(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// Its nanoseconds, as a number that fits an atomic; of more than 584 years, the most that does.
///
/// ```
/// use buttress_core::clock::{millis, ms, nanos};
/// use std::time::Duration;
///
/// assert_eq!((nanos(ms(2)), millis(ms(2))), (2_000_000, 2));
/// assert_eq!((nanos(Duration::MAX), millis(Duration::MAX)), (u64::MAX, u64::MAX));
/// ```
#[inline]
#[must_use]
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Its whole milliseconds, likewise. See [`nanos`].
#[inline]
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
