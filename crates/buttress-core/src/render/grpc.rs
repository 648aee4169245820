use std::borrow::Cow;
use std::fmt::Write;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response};

use super::{Occasion, Render};
use crate::{Code, GrpcCode, Problem, number};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const CODE: HeaderName = HeaderName::from_static("x-error-code");
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// How long a message may be once it is encoded, in bytes: clients refuse headers of more than 8 KiB in all.
const LONGEST: usize = 1_536;

/// A gRPC status, sent as a response of headers alone: `200`, `grpc-status`, `grpc-message`.
///
/// A message that takes more than 1,536 bytes on the wire is cut between two characters, and ends in `…`.
///
/// The [`Code`](crate::Code) goes along as `x-error-code`, and the time to wait as
/// `grpc-retry-pushback-ms`, which gRPC clients heed.
///
/// ```
/// use buttress_core::clock::Timestamp;
/// use buttress_core::render::{GrpcStatus, Occasion, Render};
/// use buttress_core::{Code, Problem};
///
/// let problem = Problem::new(Code::RATE_LIMITED).with_message("100 % used");
/// let answer = GrpcStatus.render(&problem, &Occasion::at(Timestamp::EPOCH));
///
/// assert_eq!(answer.status(), 200);
/// assert_eq!(answer.headers()["grpc-status"], "8");
/// assert_eq!(answer.headers()["grpc-message"], "100 %25 used");
/// assert_eq!(answer.headers()["x-error-code"], "RATE_LIMITED");
/// assert!(answer.body().is_empty());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct GrpcStatus;

impl Render for GrpcStatus {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let mut answer = Response::new(Bytes::new());
        *answer.headers_mut() = metadata(problem);
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(STATUS, number::header(problem.code().grpc_code().as_u8().into()));
        headers.insert(MESSAGE, percent_encoded(&bounded(occasion.message(problem))));
        answer
    }
}

/// What a problem says in metadata, beside status and message.
pub(super) fn metadata(problem: &Problem) -> HeaderMap {
    let mut metadata = HeaderMap::new();
    metadata.insert(CODE, HeaderValue::from_static(problem.code().name()));
    if let Some(wait) = problem.retry_after() {
        let millis = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        // More would be read as a negative number: never come back.
        metadata.insert(PUSHBACK, number::header(millis.min(2_147_483_647)));
    }
    metadata
}

/// What a status in these headers stands for, if it is that of a failure.
pub(crate) fn failure(headers: &HeaderMap) -> Option<Problem> {
    let number = headers.get(&STATUS)?.to_str().ok()?.parse().unwrap_or(u8::MAX);
    (number > 0).then(|| Problem::new(Code::of_grpc(GrpcCode::from_u8(number))))
}

/// Whether these are the headers of a status.
pub(super) fn is_status(headers: &HeaderMap) -> bool {
    headers.contains_key(&STATUS)
}

/// Takes a status from the headers of an answer that gets another format, and says whether there was one.
pub(super) fn forget_status(headers: &mut HeaderMap) -> bool {
    if !is_status(headers) {
        return false;
    }
    for name in [STATUS, MESSAGE, CODE, PUSHBACK] {
        headers.remove(name);
    }
    true
}

/// The message, cut between two characters where it would be too long once it is encoded.
pub(crate) fn bounded(message: &str) -> Cow<'_, str> {
    const ELLIPSIS: &str = "…";
    if 3 * message.len() <= LONGEST {
        return Cow::Borrowed(message);
    }
    let (mut length, mut cut) = (0, 0);
    for (at, sign) in message.char_indices() {
        length += if stands_for_itself(sign) { 1 } else { 3 * sign.len_utf8() };
        if length > LONGEST {
            return Cow::Owned(format!("{}{ELLIPSIS}", &message[..cut]));
        }
        if length <= LONGEST - 3 * ELLIPSIS.len() {
            cut = at + sign.len_utf8();
        }
    }
    Cow::Borrowed(message)
}

/// As gRPC over HTTP/2 asks: all but printable ASCII, and the per cent sign itself, as `%XX`.
fn percent_encoded(message: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        if stands_for_itself(byte.into()) {
            encoded.push(byte.into());
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    HeaderValue::from_maybe_shared(Bytes::from(encoded))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}

const fn stands_for_itself(sign: char) -> bool {
    matches!(sign, ' '..='$' | '&'..='~')
}
