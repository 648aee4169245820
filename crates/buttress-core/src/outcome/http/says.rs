//! What the other side says in headers and trailers: a status of gRPC, and when to come back.

use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::date;
use crate::GrpcCode;
use crate::number::digits;
use crate::outcome::Advice;
use crate::render::is_grpc as is_grpc_type;
use crate::stage::ResponseHead;

pub(super) const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");
const NO_RETRY: HeaderName = HeaderName::from_static("x-no-retry");

/// Whether the content is gRPC.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(is_grpc_type)
}

/// Whether these headers or trailers bring a status of gRPC.
pub(super) fn has_status(metadata: &HeaderMap) -> bool {
    metadata.contains_key(STATUS)
}

/// Reads `grpc-status`. What is no number of a code is unknown.
pub(super) fn code(value: &HeaderValue) -> GrpcCode {
    let number = digits(value.as_bytes(), 3).and_then(|number| u8::try_from(number).ok());
    number.map_or(GrpcCode::UNKNOWN, GrpcCode::from_u8)
}

/// What the head of an answer of HTTP advises.
pub(super) fn http(headers: &HeaderMap) -> Advice {
    if forbids(headers) { Advice::Never } else { Advice::of_retry_after(headers) }
}

impl Advice {
    /// What `Retry-After` says, in seconds or as a date. What is malformed is not there.
    ///
    /// ```
    /// use buttress_core::clock::Timestamp;
    /// use buttress_core::outcome::Advice;
    /// use http::{HeaderMap, HeaderValue};
    ///
    /// let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
    /// let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, date)]);
    /// let then = Timestamp::from_millis(784_111_777_000);
    /// assert_eq!(Advice::of_retry_after(&headers), Advice::At(then));
    /// ```
    #[must_use]
    pub fn of_retry_after(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(RETRY_AFTER).iter();
        match values.next() {
            // Of two that differ, neither is to be trusted.
            Some(first) if values.all(|other| other == first) => retry_after(first),
            _ => Self::None,
        }
    }
}

/// What the metadata of gRPC advise. Whoever sends no number that is one means never, says gRPC.
pub(super) fn grpc(metadata: &HeaderMap) -> Advice {
    if forbids(metadata) {
        return Advice::Never;
    }
    let mut values = metadata.get_all(PUSHBACK).iter();
    match values.next() {
        None => Advice::None,
        Some(first) if values.all(|other| other == first) => pushback(first),
        Some(_) => Advice::Never,
    }
}

/// Asks whoever reads this answer not to try again, if it is one of a failure.
///
/// Of gRPC only what stands in the head can be seen: a status in trailers has no head left.
pub(crate) fn forbid_retry(response: &mut dyn ResponseHead) {
    let status = response.headers().get(STATUS);
    let (name, value) = match status {
        Some(status) if status == "0" => return,
        Some(_) => (PUSHBACK, HeaderValue::from_static("-1")),
        None if is_failure(response.status()) => (NO_RETRY, HeaderValue::from_static("1")),
        None => return,
    };
    // A map that is full says nothing: better than a panic.
    let _ = response.headers_mut().try_insert(name, value);
}

/// Whether somebody may want to try again what was answered with this.
fn is_failure(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// Whether an inner hop says that it has tried again already.
fn forbids(headers: &HeaderMap) -> bool {
    headers.get(NO_RETRY).is_some_and(|value| value == "1")
}

/// Seconds without sign or fraction, or a date.
fn retry_after(value: &HeaderValue) -> Advice {
    let value = value.as_bytes();
    if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
        // A number too large to be read does not mean "at once".
        let seconds = digits(value, usize::MAX).unwrap_or(u64::MAX);
        return Advice::After(Duration::from_secs(seconds.min(THREE_CENTURIES)));
    }
    date::parse(value).map_or(Advice::None, Advice::At)
}

/// In seconds: longer than anybody waits, and short enough to be added to a time of day.
const THREE_CENTURIES: u64 = 9_999_999_999;

/// Milliseconds, up to the largest number of 32 bits with a sign.
fn pushback(value: &HeaderValue) -> Advice {
    match digits(value.as_bytes(), 10) {
        Some(millis @ 0..=0x7fff_ffff) => Advice::After(Duration::from_millis(millis)),
        _ => Advice::Never,
    }
}
