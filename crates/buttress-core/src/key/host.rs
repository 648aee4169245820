use http::Uri;
use http::header::HOST;

use super::header::only;
use super::writing::{Ambiguous, Kind};
use super::{KeyFor, KeyParts, KeyWriter};
use crate::stage::RequestHead;

/// Keys by the name of the host, without its port.
///
/// From the address asked for, as HTTP/2 and outgoing requests have it there, else from `Host`. Case and a dot at
/// the end do not matter. Missing if neither says one. A client that calls you may name any host.
///
/// ```
/// use buttress_core::key::{Keyer, host};
///
/// let keyer = Keyer::random();
/// let outgoing = http::Request::get("https://API.example.org./v1").body(())?;
/// let incoming = http::Request::get("/v1").header("host", "api.example.org:8443").body(())?;
///
/// let by_hand = keyer.writer().host("api.example.org").key();
/// assert_eq!(keyer.key_for(&host(), &outgoing).key(), by_hand);
/// assert_eq!(keyer.key_for(&host(), &incoming).key(), by_hand);
/// # Ok::<_, http::Error>(())
/// ```
#[must_use]
pub fn host() -> ByHost {
    ByHost { _priv: () }
}

/// See [`host`].
#[derive(Clone, Copy, Debug)]
pub struct ByHost {
    _priv: (),
}

impl KeyFor for ByHost {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        key.host_found(name(request));
    }

    fn describe(&self, parts: &mut KeyParts) {
        parts.add(Kind::Host);
    }
}

/// Keys by where an outgoing request goes: host and port.
///
/// From the address asked for alone; `http` and `https` have ports of their own. Missing if the address has no
/// host, or no port that could be known.
///
/// ```
/// use buttress_core::key::{Keyer, endpoint};
///
/// let keyer = Keyer::random();
/// let key = |uri| keyer.key_for(&endpoint(), &http::Request::get(uri).body(()).unwrap()).key();
///
/// assert_eq!(key("https://stock.internal/lamps"), keyer.writer().endpoint(("stock.internal", 443)).key());
/// assert_ne!(key("http://stock.internal:8080/"), key("http://stock.internal:8081/"));
/// ```
#[must_use]
pub fn endpoint() -> ByEndpoint {
    ByEndpoint { _priv: () }
}

/// See [`endpoint`](endpoint()).
#[derive(Clone, Copy, Debug)]
pub struct ByEndpoint {
    _priv: (),
}

impl KeyFor for ByEndpoint {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        let uri = request.uri();
        key.endpoint(uri.host().zip(port(uri)));
    }

    fn describe(&self, parts: &mut KeyParts) {
        parts.add(Kind::Endpoint);
    }
}

fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| match uri.scheme_str()? {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    })
}

fn name(request: &dyn RequestHead) -> Result<Option<&str>, Ambiguous> {
    if let Some(name) = request.uri().host() {
        return Ok(Some(name));
    }
    let header = only(request.headers(), &HOST)?;
    let header = header.and_then(|value| str::from_utf8(value).ok()).map(without_port);
    Ok(header.filter(|name| !name.is_empty()))
}

/// The colons of an IPv6 address stand in brackets.
fn without_port(host: &str) -> &str {
    let end = match host.find(']') {
        Some(bracket) if host.starts_with('[') => bracket + 1,
        _ => host.find(':').unwrap_or(host.len()),
    };
    &host[..end]
}
