//! For which host a request is, however its name is written.

use buttress_core::stage::RequestHead;
use http::HeaderValue;
use http::header::HOST;

/// Nothing, if several are named, of which only some are meant: whoever stands behind us may go by another one.
pub(super) fn is_host(request: &dyn RequestHead, name: &str) -> Option<bool> {
    if let Some(asked) = request.uri().host() {
        return Some(without_root(asked).eq_ignore_ascii_case(name));
    }
    let is = |given: &HeaderValue| {
        let given = given.to_str().unwrap_or_default().trim_ascii();
        without_root(without_port(given)).eq_ignore_ascii_case(name)
    };
    let mut given = request.headers().get_all(HOST).iter().map(is);
    let first = given.next().unwrap_or(false);
    given.all(|other| other == first).then_some(first)
}

/// The colons of an IPv6 address stand in brackets.
fn without_port(host: &str) -> &str {
    let end = match host.find(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    host.get(..end).unwrap_or(host)
}

/// A name with a dot at its end is the same name.
pub(super) fn without_root(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}
