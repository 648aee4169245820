use std::error::Error;

use h2::Reason;

use super::cause::Cause;
use super::connection::Ended;
use super::failure::Failure;
use super::link::Link;

/// What the HTTP library says when a connection ends with an error: the application failed, or its client did
/// something for which the library ends it.
pub(super) fn heard(link: &Link, error: &hyper::Error) -> Ended {
    if !error.is_user() {
        return cause(error);
    }
    // Behind all others stands what the application said itself, or where its body ended: told when that was seen.
    if error.source().is_none() {
        link.failed(Failure::Answer, error);
    }
    None
}

fn cause(error: &hyper::Error) -> Ended {
    if error.is_parse_too_large() {
        return Some(Cause::Head);
    }
    if error.is_parse() {
        return Some(Cause::Malformed);
    }
    // No other time is the library's to keep.
    if error.is_timeout() {
        return Some(Cause::Ping);
    }
    let error: &h2::Error = error.source()?.downcast_ref()?;
    match error.reason() {
        // The client has ended it, or it is our own word.
        _ if !error.is_library() => None,
        Some(Reason::ENHANCE_YOUR_CALM) => Some(Cause::Excess),
        _ => Some(Cause::Malformed),
    }
}
