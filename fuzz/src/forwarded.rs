//! `Forwarded`, from a peer that is trusted: one header line for each line of the input.

use std::net::IpAddr;
use std::sync::LazyLock;

use buttress_core::ClientAddress;
use buttress_core::address::{AddressResolver, AddressSource, ForwardingHeader, normalise};
use http::header::FORWARDED;
use http::{HeaderMap, HeaderValue};

static RESOLVER: LazyLock<AddressResolver> = LazyLock::new(|| {
    let builder = AddressResolver::builder().trusted_proxies(["10.0.0.0/8"]);
    builder.header(ForwardingHeader::Forwarded).build().expect("the settings are right")
});

/// What two proxies of ours add: the first names its caller, the second the first.
const ADDED: &[u8] =
    br#"for="203.0.113.9:80";host="a,\"b;for=198.51.100.1\\", for=10.0.0.7;by=_us"#;

/// Nothing panics, and nothing a client wrote changes what the proxies say of it.
pub fn run(data: &[u8]) {
    let lines: Vec<_> = data.split(|&byte| byte == b'\n').collect();
    let Some(client) = resolve(&lines) else { return };
    assert_eq!(normalise(client.ip()), client.ip());
    assert!(client.network().contains(client.ip()));
    if let Some(expected) = lines.last().and_then(|line| naive(line)) {
        assert_eq!((client.ip(), client.source()), (expected, FROM_HEADER));
    }

    let (last, others) = lines.split_last().expect("`split` yields at least one");
    let longer = [last, &b", "[..], ADDED].concat();
    for proven in [[others, &[&longer]].concat(), [&lines[..], &[ADDED]].concat()] {
        let client = resolve(&proven).expect("the lines are legal");
        assert_eq!((client.to_string().as_str(), client.port()), ("203.0.113.9", Some(80)));
        assert!(!client.is_cut_short());
    }
}

const FROM_HEADER: AddressSource = AddressSource::Header(ForwardingHeader::Forwarded);

/// `None` if a line cannot be a header value.
fn resolve(lines: &[&[u8]]) -> Option<ClientAddress> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(FORWARDED, HeaderValue::from_bytes(line).ok()?);
    }
    RESOLVER.resolve(Some(([10, 0, 0, 2], 443).into()), &headers)
}

/// Another reading of the simplest lines: one untrusted IPv4 address in the last element, no quotes.
fn naive(line: &[u8]) -> Option<IpAddr> {
    let line = str::from_utf8(line).ok().filter(|line| !line.contains(['"', '\\']))?;
    let element = line.rsplit(',').next()?.trim_matches([' ', '\t']);
    let (name, address) = element.split_once('=')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    let untrusted = name.eq_ignore_ascii_case("for") && address.octets()[0] != 10;
    // Longer elements are not read.
    (untrusted && line.len() <= 1024).then_some(address.into())
}
