//! Failures that somebody else has answered: what they are, and what of their text may be kept.

mod code;
mod files;
mod own_words;
mod quotes;
mod shape;
mod source;
mod words;

pub use self::code::code_of;
pub(crate) use self::shape::family_code;
pub use self::source::ForeignFailure;
pub(crate) use self::words::harmless;

use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::outcome::{Advice, Judgement, Outcome};
use buttress_core::render;
use buttress_core::{Class, Code, GrpcCode, Problem, Redact};
use http::header::{AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, EXPIRES};
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// What the head of a failure says about its body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Look {
    /// It is a problem already, or tells the client in a known shape what is wrong with the request.
    Own,
    /// It may be the family's envelope, of another server for example.
    Json,
    /// Problem details, or errors of JSON:API: whose, is told by the body.
    Details,
    Api,
    /// Words, perhaps worth keeping.
    Text,
    /// Nothing of use.
    Other,
}

impl Look {
    pub(crate) fn of(parts: &Parts) -> Self {
        if parts.extensions.get::<Problem>().is_some() || render::is_unsettled(&parts.extensions) {
            return Self::Own;
        }
        if parts.headers.contains_key("grpc-status") {
            return Self::Own;
        }
        let kind = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
        let (kind, parameters) = match kind.iter().position(|byte| *byte == b';') {
            Some(at) => (&kind[..at], &kind[at + 1..]),
            None => (kind, &[][..]),
        };
        let is = |name: &str| kind.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        let is_details = is("application/problem+json");
        if (is_details || is("application/vnd.api+json")) && parts.status.is_client_error() {
            return Self::Own;
        }
        if parts.headers.contains_key(CONTENT_ENCODING) {
            return Self::Other;
        }
        if is_details {
            return Self::Details;
        }
        if is("application/vnd.api+json") {
            return Self::Api;
        }
        if is("application/json") {
            return Self::Json;
        }
        if is("text/plain") && is_utf8(parameters) { Self::Text } else { Self::Other }
    }
}

/// Whether the parameters of a content type name no other charset.
fn is_utf8(parameters: &[u8]) -> bool {
    let charset = parameters.split(|byte| *byte == b';').find_map(|parameter| {
        let (name, value) = parameter.trim_ascii().split_at_checked("charset=".len())?;
        name.eq_ignore_ascii_case(b"charset=").then_some(value)
    });
    let is = |value: &[u8], name: &[u8]| value.eq_ignore_ascii_case(name);
    charset.is_none_or(|value| {
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let value = value.strip_suffix(b"\"").unwrap_or(value);
        is(value, b"utf-8") || is(value, b"us-ascii")
    })
}

/// The problem that stands for a foreign failure. Its text tells the client what is wrong with the request;
/// where the server is at fault, it is for the log.
pub(crate) fn problem(
    status: StatusCode,
    headers: &HeaderMap,
    text: Option<&str>,
    redact: &Redact,
) -> Problem {
    let (code, is_exact) = code::nearest(status);
    // A server of gRPC that knows no such method has nothing of this name either.
    let code =
        if status == StatusCode::NOT_FOUND { code.grpc(GrpcCode::UNIMPLEMENTED) } else { code };
    let problem = Problem::new(code).with_status(status);
    let problem = match retry_after(headers) {
        Some(wait) => problem.with_retry_after(wait),
        None => problem,
    };
    if problem.class() == Class::Server {
        return problem.with_source(ForeignFailure::new(status, text));
    }
    match text.and_then(|text| harmless(text, redact)) {
        Some(message) => problem.with_message(message).with_words_of_others(),
        None if is_exact => problem,
        None => match status.canonical_reason() {
            Some(phrase) => problem.with_message(phrase),
            None => problem,
        },
    }
}

/// What a failure that stays as it is was, for those who count.
pub(crate) fn left(status: StatusCode, code: Option<Code>) -> Problem {
    let problem = Problem::new(code.unwrap_or_else(|| code_of(status))).with_status(status);
    match problem.class() {
        Class::Server => problem.with_source(ForeignFailure::new(status, None)),
        Class::Client => problem,
    }
}

/// What tells caches to keep a response.
const KEEPING: [HeaderName; 6] = [
    AGE,
    CACHE_CONTROL,
    EXPIRES,
    HeaderName::from_static("cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
    HeaderName::from_static("x-accel-expires"),
];

/// What was said of another body does not hold of one that has the id of a request in it.
pub(crate) fn forbid_keeping(headers: &mut HeaderMap) {
    if headers.keys().any(|name| KEEPING.contains(name)) {
        for name in &KEEPING {
            headers.remove(name);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// How long to wait, up to a year, in seconds or until a date that is to come: gRPC has no header for it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    const YEAR: Duration = Duration::from_secs(31_536_000);
    let advised = Judgement::new(Outcome::Throttled).with_advice(Advice::of_retry_after(headers));
    advised.wait_advised(SystemClock.wall()).filter(|wait| *wait <= YEAR)
}
