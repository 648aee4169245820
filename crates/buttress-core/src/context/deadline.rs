use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::clock::Moment;
use crate::number;

/// When a request has to be done. It may come earlier, never later.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::Deadline;
/// use buttress_core::clock::Moment;
///
/// let now = Moment::from_nanos(0);
/// let deadline = Deadline::after(now, Duration::from_secs(30));
/// assert_eq!(deadline.remaining(now + Duration::from_secs(20)), Duration::from_secs(10));
/// assert_eq!(deadline.remaining(now + Duration::from_secs(40)), Duration::ZERO);
///
/// let sooner = Deadline::after(now, Duration::from_secs(5));
/// assert_eq!(deadline.or_sooner(sooner), sooner);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Deadline {
    at: Moment,
}

impl Deadline {
    /// A deadline at this moment.
    #[must_use]
    pub const fn at(at: Moment) -> Self {
        Self { at }
    }

    /// A deadline this long after `now`.
    #[must_use]
    pub fn after(now: Moment, time: Duration) -> Self {
        Self { at: now + time }
    }

    /// The moment itself.
    #[must_use]
    pub const fn moment(self) -> Moment {
        self.at
    }

    /// The time that is left; zero once it has passed.
    #[must_use]
    pub fn remaining(self, now: Moment) -> Duration {
        self.at - now
    }

    /// The earlier of the two.
    #[must_use]
    pub fn or_sooner(self, other: Self) -> Self {
        self.min(other)
    }
}

pub(super) static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Says in `headers` how much time is left, unless less is said there already.
pub(super) fn shorten(
    headers: &mut HeaderMap,
    left: Duration,
    is_grpc: bool,
    plain: Option<&HeaderName>,
) {
    let name = if is_grpc { Some(&GRPC_TIMEOUT) } else { plain };
    let Some(name) = name else { return };
    let said = headers.get(name).and_then(if is_grpc { from_grpc } else { from_millis });
    if said.is_none_or(|said| said > left) {
        let left = if is_grpc { to_grpc(left) } else { to_millis(left) };
        let _ = headers.try_insert(name, left);
    }
}

/// Reads `grpc-timeout`: at most eight digits and a unit.
pub(super) fn from_grpc(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    let amount = digits_of(digits, 8)?;
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3_600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Writes `grpc-timeout`, rounded down: the next hop must not have more time than is left.
fn to_grpc(time: Duration) -> HeaderValue {
    let units = [(time.as_micros(), 'u'), (time.as_millis(), 'm'), (time.as_secs().into(), 'S')];
    let fitting = units.into_iter().find(|(amount, _)| *amount <= MOST);
    let (amount, unit) = fitting.unwrap_or((MOST, 'S'));
    HeaderValue::try_from(format!("{amount}{unit}"))
        .unwrap_or_else(|_| HeaderValue::from_static("0S"))
}

const MOST: u128 = 99_999_999;

/// Reads a count of whole milliseconds.
pub(super) fn from_millis(value: &HeaderValue) -> Option<Duration> {
    digits_of(value.as_bytes(), 12).map(Duration::from_millis)
}

/// Writes whole milliseconds, rounded down.
fn to_millis(time: Duration) -> HeaderValue {
    number::header(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn digits_of(digits: &[u8], most_digits: usize) -> Option<u64> {
    if digits.is_empty() || digits.len() > most_digits {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| match digit {
        b'0'..=b'9' => Some(number * 10 + u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_of_grpc_is_read_and_written() {
        let read = |text| from_grpc(&HeaderValue::from_static(text));
        assert_eq!(read("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(read("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for wrong in ["", "S", "1", "1s", "-1S", "1 S", "123456789S", "1.5S"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }

        let write = |time| to_grpc(time).to_str().unwrap().to_owned();
        assert_eq!(write(Duration::from_nanos(1_999)), "1u");
        assert_eq!(write(Duration::from_secs(100)), "100000m");
        assert_eq!(write(Duration::from_secs(1_000_000)), "1000000S");
        assert_eq!(write(Duration::MAX), "99999999S");
        assert_eq!(write(Duration::ZERO), "0u");
    }

    #[test]
    fn milliseconds_are_read_and_written() {
        assert_eq!(
            from_millis(&HeaderValue::from_static("1500")),
            Some(Duration::from_millis(1_500))
        );
        for wrong in ["", "+5", "5ms", "9999999999999"] {
            assert_eq!(from_millis(&HeaderValue::from_static(wrong)), None, "{wrong}");
        }
        assert_eq!(to_millis(Duration::from_micros(1_999)), "1");
    }
}
