//! Which headers an answer has: those of its problem, those of its format, and what stays of the response that it
//! replaces.
//!
//! What a problem brings along itself is sent, whichever way it takes, and so is what a handler sets beside it: the
//! entity tag of what there is, beside a 412. What a response said of a page that is gone, goes with it.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    RETRY_AFTER, TRAILER, TRANSFER_ENCODING, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::stage::ResponseHead;
use crate::{Problem, number};

/// What a response says of its body, and no longer holds of another one. First what is said of the very bytes, by who
/// encoded them; the rest may be what their author says of the thing itself.
const OF_THE_BODY: [HeaderName; 15] = [
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    TRAILER,
    TRANSFER_ENCODING,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("content-md5"),
    ACCEPT_RANGES,
    CONTENT_DISPOSITION,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
    ETAG,
    LAST_MODIFIED,
];

/// How many of them, at the beginning, go with the bytes.
const OF_THE_BYTES: usize = 9;

/// What the author of `problem` wants on its answer, and when to come back.
pub(super) fn add(problem: &Problem, headers: &mut HeaderMap) {
    for (name, value) in problem.headers() {
        headers.append(name, value.clone());
    }
    if let Some(wait) = problem.retry_after() {
        // Rounded up: a client that waits this long is not too early.
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        headers.insert(RETRY_AFTER, number::header(seconds));
    }
}

/// Takes away what these say of the body that goes.
pub(super) fn strip(headers: &mut HeaderMap, status: StatusCode) {
    // Beside 416 it says what there could have been.
    if status != StatusCode::RANGE_NOT_SATISFIABLE {
        headers.remove(CONTENT_RANGE);
    }
    remove(headers, &OF_THE_BODY);
}

/// Takes away what is said of bytes that are not sent.
pub(super) fn forget_bytes(headers: &mut HeaderMap) {
    remove(headers, &OF_THE_BODY[..OF_THE_BYTES]);
}

fn remove(headers: &mut HeaderMap, names: &[HeaderName]) {
    // To compare a few names is cheaper than to hash many.
    if headers.keys().any(|name| names.contains(name)) {
        for name in names {
            headers.remove(name);
        }
    }
}

/// Puts `with`, those of the format, in the place of what was said of the bytes of a problem that go. What the problem
/// brings along stands among `headers` already, and so does what was set beside it: an entity tag is that of the thing.
pub(super) fn replace(headers: &mut HeaderMap, mut with: HeaderMap) {
    if headers.is_empty() {
        *headers = with;
        return;
    }
    remove(headers, &OF_THE_BODY[..OF_THE_BYTES]);
    // What the answer varies by comes to what was said before: a cache has to heed both.
    for vary in with.get_all(VARY) {
        headers.append(VARY, vary.clone());
    }
    with.remove(VARY);
    headers.extend(with);
}

/// Adds what HTTP asks of an answer and nobody has said: to a 401, how to become known; to what a cache would keep,
/// that it must not, as the id of a request is for nobody else.
pub(crate) fn complete(response: &mut dyn ResponseHead, challenge: Option<&HeaderValue>) {
    let status = response.status();
    let (name, value) = match (status.as_u16(), challenge) {
        (401, Some(challenge)) => (WWW_AUTHENTICATE, challenge.clone()),
        // These are kept by default (RFC 9110, section 15.1).
        (404 | 405 | 410 | 414 | 501, _) => (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        _ => return,
    };
    // A map that is full says nothing more: better than a panic.
    if let Ok(http::header::Entry::Vacant(place)) = response.headers_mut().try_entry(name) {
        let _ = place.try_insert(value);
    }
}
