use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime};

use super::nanos;

/// A time of day, to the nanosecond, printed as RFC 3339 in UTC.
///
/// It reaches from 1970 to 2554; arithmetic and conversions stop at the ends.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use buttress_core::clock::Timestamp;
///
/// let time = Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_247_160_123));
/// assert_eq!(time.to_string(), "2026-11-21T07:46:00.123Z");
/// assert_eq!(time.as_millis(), 1_795_247_160_123);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp {
    nanos: u64,
}

impl Timestamp {
    /// The start of 1970 in UTC.
    pub const EPOCH: Self = Self { nanos: 0 };

    /// The time `nanos` nanoseconds after the start of 1970.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// The time `millis` milliseconds after the start of 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self { nanos: millis.saturating_mul(1_000_000) }
    }

    /// Nanoseconds since the start of 1970.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.nanos
    }

    /// Whole milliseconds since the start of 1970.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.nanos / 1_000_000
    }

    /// Whole seconds since the start of 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.nanos / 1_000_000_000
    }

    /// The days from the start of 1970 to this one of the Gregorian calendar; nothing if there is no such day.
    pub(crate) fn days(year: u64, month: u64, day: u64) -> Option<u64> {
        // Counted from the first of March of an era, as in `civil`.
        let year = if month < 3 { year.checked_sub(1)? } else { year };
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
        let (era, of_era) = (year / 400, year % 400);
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        let days = days.checked_sub(719_468)?;
        let year = if month < 3 { year + 1 } else { year };
        (civil(days) == (year, month, day)).then_some(days)
    }

    /// The text of [`Display`](fmt::Display), without an allocation.
    pub(crate) fn text(self) -> Text {
        let (days, millis) = (self.as_millis() / 86_400_000, self.as_millis() % 86_400_000);
        let (year, month, day) = civil(days);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (at, width, value) in [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, millis / 3_600_000),
            (14, 2, millis / 60_000 % 60),
            (17, 2, millis / 1_000 % 60),
            (20, 3, millis % 1_000),
        ] {
            digits(&mut text[at..at + width], value);
        }
        Text(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { nanos: nanos(since) }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        Self::UNIX_EPOCH + Duration::from_nanos(time.nanos)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self { nanos: self.nanos.saturating_add(nanos(duration)) }
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    /// The time from `earlier` to `self`; zero if it was not earlier.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }
}

/// A time in the form of RFC 3339.
pub(crate) struct Text([u8; 24]);

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        // Digits and punctuation only, so the empty string is never given.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Year, month and day of the `days`th day after the start of 1970, in the Gregorian calendar.
///
/// Counts in 400-year eras that start on the first of March, so that a leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    match month {
        0..10 => (era * 400 + year, month + 3, day),
        _ => (era * 400 + year + 1, month - 9, day),
    }
}

fn digits(into: &mut [u8], mut value: u64) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_calendar_right() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (1_767_225_599, "2025-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(Timestamp::from_millis(seconds * 1_000).to_string(), text);
        }
        assert_eq!(Timestamp::from_nanos(u64::MAX).to_string(), "2554-07-21T23:34:33.709Z");
    }

    #[test]
    fn every_day_follows_the_day_before() {
        let mut before = civil(0);
        for day in 1..200_000 {
            let today = civil(day);
            let next_day = (before.0, before.1, before.2 + 1);
            let next_month = (before.0, before.1 + 1, 1);
            let next_year = (before.0 + 1, 1, 1);
            assert!([next_day, next_month, next_year].contains(&today), "{before:?} {today:?}");
            assert_eq!(Timestamp::days(today.0, today.1, today.2), Some(day));
            before = today;
        }
    }
}
