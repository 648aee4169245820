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
