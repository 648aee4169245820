//! `X-Forwarded-For` and `X-Real-IP`, from a peer that is trusted: one header line for each line of the
//! input. The first line is also read as a network.

use std::net::IpAddr;

use buttress_core::ClientAddress;
use buttress_core::address::{AddressResolver, ForwardingHeader, Network, normalise};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What two proxies of ours add: the first names its caller, the second the first.
const ADDED: &[u8] = b"[2001:db8::9]:80, 10.0.0.7";

/// Nothing panics, and nothing a client wrote changes what the proxies say of it.
pub fn run(data: &[u8]) {
    let lines: Vec<_> = data.split(|&byte| byte == b'\n').collect();
    network(lines[0]);
    let Some(_) = resolve(ForwardingHeader::XRealIp, &lines) else { return };
    let Some(client) = resolve(ForwardingHeader::XForwardedFor, &lines) else { return };
    assert_eq!(normalise(client.ip()), client.ip());
    assert!(client.network().contains(client.ip()));

    // Whatever was found reads the same once it is printed.
    let printed = client.to_string();
    let again = resolve(ForwardingHeader::XRealIp, &[printed.as_bytes()]);
    assert_eq!(again.map(|again| again.ip()), Some(client.ip()));

    let (last, others) = lines.split_last().expect("`split` yields at least one");
    let longer = [last, &b", "[..], ADDED].concat();
    for proven in [[others, &[&longer]].concat(), [&lines[..], &[ADDED]].concat()] {
        let client =
            resolve(ForwardingHeader::XForwardedFor, &proven).expect("the lines are legal");
        assert_eq!((client.to_string().as_str(), client.port()), ("2001:db8::9", Some(80)));
        assert!(!client.is_cut_short());
    }
}

/// `None` if a line cannot be a header value.
fn resolve(header: ForwardingHeader, lines: &[&[u8]]) -> Option<ClientAddress> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let name = HeaderName::from_static(header.as_str());
        headers.append(name, HeaderValue::from_bytes(line).ok()?);
    }
    let builder = AddressResolver::builder().trusted_proxies(["10.0.0.0/8"]).header(header);
    let resolver = builder.build().expect("the settings are right");
    resolver.resolve(Some(([10, 0, 0, 2], 443).into()), &headers)
}

/// A network that can be read is printed as it is read, and is looked up like any trusted one.
fn network(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else { return };
    let built = AddressResolver::builder().trusted_proxies([text]).build();
    let Ok(network) = text.parse::<Network>() else {
        let error = built.expect_err("it is no network");
        assert_eq!(error.faults()[0].path(), "trusted_proxies[0]");
        return;
    };
    assert_eq!(network.to_string().parse(), Ok(network));
    assert_eq!(built.is_ok(), network.prefix() > 0);
    if let Ok(address) = text.parse::<IpAddr>() {
        assert_eq!(network, Network::from(address));
        assert!(network.contains(address));
    }
}
