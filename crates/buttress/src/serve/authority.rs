use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Uri};

/// Whether the target of a request names one server and its `Host` field another, so that it depends on the
/// reader whose it is.
///
/// HTTP/2 has the target's in `:authority` (RFC 9113, section 8.3.1), HTTP/1 in a target that is a whole URI
/// (RFC 9112, section 3.2.2). Where a tunnel leads to has no scheme and is nobody's host.
pub(super) fn differs(method: &Method, target: &Uri, headers: &HeaderMap) -> bool {
    let Some(authority) = target.authority() else { return false };
    let Some(host) = headers.get(HOST) else { return false };
    if *method == Method::CONNECT && target.scheme().is_none() {
        return false;
    }
    let (name, port) = parted(authority.as_str().as_bytes());
    let (other, other_port) = parted(host.as_bytes());
    !name.eq_ignore_ascii_case(other) || !same(port, other_port)
}

/// Whether what a request says of its server is a host, be it in its target or in a field. A name and a password before
/// it deceive whoever reads it, and no client may send them (RFC 9113, section 8.3.1; RFC 9110, section 4.2.4).
pub(super) fn are_hosts(target: &Uri, host: Option<&HeaderValue>) -> bool {
    let authority = target.authority().map(|authority| authority.as_str().as_bytes());
    authority.is_none_or(is_host) && host.is_none_or(|host| is_host(host.as_bytes()))
}

/// Whether this is a host, and perhaps a port (RFC 9112, section 3.2): none of what ends an authority in a target, parts
/// two of them, or stands for itself nowhere. An empty one is allowed.
fn is_host(value: &[u8]) -> bool {
    // Each request comes by here: one look for each byte.
    value.iter().all(|byte| IN_HOSTS[usize::from(*byte)])
}

/// Which bytes a host may have.
const IN_HOSTS: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x7f {
        bytes[byte as usize] = !matches!(
            byte,
            0..=b' ' | b'"' | b'#' | b'/' | b'<' | b'>'..=b'@' | b'\\' | b'^' | b'`' | b'{'..=b'}'
        );
        byte += 1;
    }
    bytes
};

/// A name and its port, which is empty if none is said.
fn parted(host: &[u8]) -> (&[u8], &[u8]) {
    match host.iter().rposition(|byte| !byte.is_ascii_digit()) {
        Some(colon) if host[colon] == b':' => (&host[..colon], &host[colon + 1..]),
        _ => (host, b""),
    }
}

/// The port that nobody has to say is either of two: what stands in front may have taken TLS off.
fn same(port: &[u8], other: &[u8]) -> bool {
    let usual = |port: &[u8]| matches!(port, b"80" | b"443");
    port == other || (port.is_empty() && usual(other)) || (other.is_empty() && usual(port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_another(method: &Method, target: &str, host: &str) -> bool {
        let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
        differs(method, &target.parse().unwrap(), &headers)
    }

    #[test]
    fn a_host_is_that_of_the_target() {
        for (target, host) in [
            ("/path", "anybody"),
            ("http://test/path", "test"),
            ("http://Test", "tEST:80"),
            ("https://test:443/", "test"),
            ("http://test/", "test:"),
            ("http://test:8080/", "test:8080"),
            ("http://[::1]:80/", "[::1]"),
            ("http://192.0.2.1/", "192.0.2.1"),
        ] {
            assert!(!is_another(&Method::GET, target, host), "{target} {host}");
        }
    }

    #[test]
    fn another_is_another() {
        for (target, host) in [
            ("http://test/", "other"),
            ("http://test/", ""),
            ("http://test/", "name@test"),
            ("http://test/", "test.other"),
            ("http://test:8080/", "test"),
            ("http://test:80/", "test:443"),
            ("http://test/", "test:8080"),
            ("http://[::1]/", "[::2]"),
            ("http://[::1]/", "[:"),
            ("test:80", "other"),
        ] {
            assert!(is_another(&Method::GET, target, host), "{target} {host}");
        }
    }

    /// Clients name their proxy there, or leave the port out. A WebSocket over HTTP/2 is no such tunnel.
    #[test]
    fn a_tunnel_leads_where_it_leads() {
        assert!(!is_another(&Method::CONNECT, "test:8443", "proxy:3128"));
        assert!(is_another(&Method::CONNECT, "https://test/", "other"));
    }

    #[test]
    fn nobody_has_to_say_it_twice() {
        assert!(!differs(&Method::GET, &Uri::from_static("http://test/"), &HeaderMap::new()));
    }

    fn swapped(text: &str) -> String {
        let swap = |letter: char| match letter {
            'a'..='z' => letter.to_ascii_uppercase(),
            _ => letter.to_ascii_lowercase(),
        };
        text.chars().map(swap).collect()
    }

    const SOME: &str = "[a-bA-B]{1,2}(\\.[a-bA-B])?(:(80|443|8080))?";

    proptest! {
        /// Whoever is asked first, and however it is written.
        #[test]
        fn two_are_the_same_both_ways(one in SOME, other in SOME) {
            let differs = |one: &str, other: &str| {
                is_another(&Method::GET, &format!("http://{one}/"), other)
            };
            prop_assert_eq!(differs(&one, &other), differs(&other, &one));
            prop_assert_eq!(differs(&one, &other), differs(&swapped(&one), &other));
            prop_assert_eq!(differs(&one, &other), differs(&one, &swapped(&other)));
        }

        #[test]
        fn a_host_is_never_another_than_itself(host in SOME, path in "/[a-z@:/]{0,8}") {
            let target = format!("http://{host}{path}");
            prop_assert!(!is_another(&Method::GET, &target, &host));
            prop_assert!(!is_another(&Method::GET, &target, &swapped(&host)));
            let other = format!("x{host}");
            prop_assert!(is_another(&Method::GET, &target, &other));
        }
    }
}
