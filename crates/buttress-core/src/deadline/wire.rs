use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Deadline;
use crate::clock::{Moment, millis};
use crate::number;
use crate::outcome::Wants;
use crate::render::Format;
use crate::stage::RequestHead;

pub(crate) const DEADLINE_HEADER: HeaderName = HeaderName::from_static("x-request-timeout-ms");
static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// How a deadline is written on a request: as what is left, in `grpc-timeout` for gRPC, else in whole milliseconds
/// in a header of their own.
///
/// ```
/// use buttress_core::Deadline;
/// use buttress_core::clock::{Clock, ManualClock, ms, secs};
/// use buttress_core::deadline::Wire;
/// use http::header::CONTENT_TYPE;
///
/// let (clock, wire) = (ManualClock::new(), Wire::default());
/// let deadline = Deadline::after(clock.now(), secs(2));
///
/// let mut call = http::Request::post("/shop.Stock/Count")
///     .header(CONTENT_TYPE, "application/grpc")
///     .body(())?;
/// wire.write(deadline, &mut call, clock.now());
/// assert_eq!(call.headers()["grpc-timeout"], "2000000u");
///
/// // Before it is sent a second time:
/// clock.advance(ms(1_500));
/// wire.refresh(deadline, &mut call, clock.now());
/// assert_eq!(call.headers()["grpc-timeout"], "500000u");
/// assert_eq!(wire.read(&call, clock.now()), Some(deadline));
/// # Ok::<_, http::Error>(())
/// ```
///
/// # Guarantees
///
/// - A written time is rounded down: the next hop never believes to have more time than is left.
/// - A shorter time that is there already stays, so a deadline only ever comes closer. Of several the shortest counts.
/// - An unreadable value counts as absent: a sign, a fraction, an unknown unit, too many digits.
///
/// # Cost
///
/// An allocation for the number, unless it is below a thousand milliseconds of no gRPC; beside it what the map of
/// headers needs to take one more.
#[derive(Clone, Debug)]
pub struct Wire {
    plain: Option<HeaderName>,
}

impl Wire {
    /// In this header, where it is not gRPC.
    #[must_use]
    pub const fn new(plain: HeaderName) -> Self {
        Self { plain: Some(plain) }
    }

    /// For gRPC alone: other requests say nothing.
    #[must_use]
    pub const fn grpc_alone() -> Self {
        Self { plain: None }
    }

    /// Whether anything is ever written on such a request: by [`grpc_alone`](Self::grpc_alone) only on one of gRPC.
    #[inline]
    #[must_use]
    pub const fn concerns(&self, request: Wants) -> bool {
        self.plain.is_some() || request.is_grpc()
    }

    /// The deadline that is written on `request`.
    #[must_use]
    pub fn read(&self, request: &dyn RequestHead, now: Moment) -> Option<Deadline> {
        let left = said(request.headers(), is_grpc(request), self.plain.as_ref())?;
        Some(Deadline::after(now, left))
    }

    /// Writes on `request` how much is left, unless less is written there already.
    pub fn write(&self, deadline: Deadline, request: &mut dyn RequestHead, now: Moment) {
        shorten(request, deadline.remaining(now), self.plain.as_ref());
    }

    /// Brings up to date what is written on `request`, which is sent later than it was written. Where nothing is,
    /// nothing comes there.
    pub fn refresh(&self, deadline: Deadline, request: &mut dyn RequestHead, now: Moment) {
        let left = deadline.remaining(now);
        let headers = request.headers_mut();
        for form in [Form::Grpc].into_iter().chain(self.plain.as_ref().map(Form::Plain)) {
            if headers.contains_key(form.name()) {
                form.shorten(headers, left);
            }
        }
    }
}

impl Default for Wire {
    /// In `x-request-timeout-ms`, where it is not gRPC.
    fn default() -> Self {
        Self::new(DEADLINE_HEADER)
    }
}

/// How much time these headers leave.
pub(crate) fn said(
    headers: &HeaderMap,
    is_grpc: bool,
    plain: Option<&HeaderName>,
) -> Option<Duration> {
    Form::of(is_grpc, plain)?.said(headers)
}

/// Says on `request` how much time is left, unless less is said there already.
pub(crate) fn shorten(request: &mut dyn RequestHead, left: Duration, plain: Option<&HeaderName>) {
    if let Some(form) = Form::of(is_grpc(request), plain) {
        form.shorten(request.headers_mut(), left);
    }
}

fn is_grpc(request: &dyn RequestHead) -> bool {
    Format::of(request).is_grpc()
}

/// Where it is said, and so how.
#[derive(Clone, Copy)]
enum Form<'a> {
    Grpc,
    Plain(&'a HeaderName),
}

impl<'a> Form<'a> {
    fn of(is_grpc: bool, plain: Option<&'a HeaderName>) -> Option<Self> {
        if is_grpc { Some(Self::Grpc) } else { plain.map(Self::Plain) }
    }

    const fn name(self) -> &'a HeaderName {
        match self {
            Self::Grpc => &GRPC_TIMEOUT,
            Self::Plain(name) => name,
        }
    }

    /// The shortest of the times that can be read.
    fn said(self, headers: &HeaderMap) -> Option<Duration> {
        let read = match self {
            Self::Grpc => from_grpc,
            Self::Plain(_) => from_millis,
        };
        headers.get_all(self.name()).iter().filter_map(read).min()
    }

    fn shorten(self, headers: &mut HeaderMap, left: Duration) {
        let mut values = headers.get_all(self.name()).iter();
        let is_alone = values.next().is_some() && values.next().is_none();
        let said = self.said(headers);
        if is_alone && said.is_some_and(|said| said <= left) {
            return;
        }
        // Of several, the next hop may well read another one: so there is one.
        let left = said.map_or(left, |said| said.min(left));
        let left = match self {
            Self::Grpc => to_grpc(left),
            Self::Plain(_) => to_millis(left),
        };
        // A map that is full says nothing: better than a panic.
        let _ = headers.try_insert(self.name(), left);
    }
}

/// Reads `grpc-timeout`: at most eight digits and a unit.
fn from_grpc(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    let amount = number::digits(digits, 8)?;
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
    let units = [(time.as_micros(), "u"), (time.as_millis(), "m"), (time.as_secs().into(), "S")];
    let fitting = units.into_iter().find(|(amount, _)| *amount <= MOST.into());
    let (amount, unit) = match fitting {
        Some((0, _)) => (time.as_nanos(), "n"),
        Some(fitting) => fitting,
        None => (MOST.into(), "S"),
    };
    number::header_in(u64::try_from(amount).unwrap_or(MOST), unit)
}

const MOST: u64 = 99_999_999;

/// Reads a count of whole milliseconds.
fn from_millis(value: &HeaderValue) -> Option<Duration> {
    number::digits(value.as_bytes(), MOST_DIGITS).map(Duration::from_millis)
}

/// Writes whole milliseconds, rounded down.
fn to_millis(time: Duration) -> HeaderValue {
    number::header(millis(time).min(MOST_MILLIS))
}

/// Enough for thirty years.
const MOST_DIGITS: usize = 12;
const MOST_MILLIS: u64 = 999_999_999_999;

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
        assert_eq!(write(Duration::from_nanos(999)), "999n");
        assert_eq!(write(Duration::from_secs(100)), "100000m");
        assert_eq!(write(Duration::from_secs(1_000_000)), "1000000S");
        assert_eq!(write(Duration::MAX), "99999999S");
        assert_eq!(write(Duration::ZERO), "0n", "as Go writes it");
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
        let longest = to_millis(Duration::MAX);
        assert!(from_millis(&longest).is_some(), "what is written can be read: {longest:?}");
    }
}
