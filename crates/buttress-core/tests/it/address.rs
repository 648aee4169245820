//! The client is whom the nearest untrusted hop names, and nothing to its left can change that.

use std::net::{IpAddr, SocketAddr};

use buttress_core::address::{
    AddressResolver, AddressSettings, AddressSource, ForwardingHeader, Network, normalise,
};
use buttress_core::{BuildError, ClientAddress, Fault};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

const PROXY: &str = "10.0.0.2:443";

fn behind(header: ForwardingHeader) -> AddressResolver {
    let proxies = ["10.0.0.0/8", "2001:db8:ffff::/48", "::ffff:172.16.0.1"];
    AddressResolver::builder().trusted_proxies(proxies).header(header).build().unwrap()
}

fn headers<V: AsRef<[u8]>>(name: &'static str, lines: &[V]) -> HeaderMap {
    let value = |line: &V| HeaderValue::from_bytes(line.as_ref()).unwrap();
    lines.iter().map(|line| (name.parse().unwrap(), value(line))).collect()
}

fn peer(address: &str) -> Option<SocketAddr> {
    address.parse().ok()
}

/// What the lines say about a request that came through [`PROXY`].
fn told<V: AsRef<[u8]>>(header: ForwardingHeader, lines: &[V]) -> ClientAddress {
    behind(header).resolve(peer(PROXY), &headers(header.as_str(), lines)).unwrap()
}

/// `address`, `address port`, or either with `…` if the walk was cut short.
fn show(client: ClientAddress) -> String {
    let port = client.port().map_or(String::new(), |port| format!(" {port}"));
    format!("{client}{port}{}", if client.is_cut_short() { " …" } else { "" })
}

fn check(header: ForwardingHeader, table: &[(&[&str], &str)]) {
    for (lines, expected) in table {
        assert_eq!(show(told(header, lines)), *expected, "{header}: {lines:?}");
    }
}

fn check_line(header: ForwardingHeader, table: &[(&str, &str)]) {
    for (line, expected) in table {
        check(header, &[(&[line], expected)]);
    }
}

/// The walk ended before it left the socket.
const NOWHERE: &str = "10.0.0.2 443 …";

#[test]
fn the_first_untrusted_hop_from_the_right_is_the_client() {
    check(
        ForwardingHeader::XForwardedFor,
        &[
            (&["203.0.113.9"], "203.0.113.9"),
            (&["203.0.113.9, 10.0.0.7"], "203.0.113.9"),
            (&["203.0.113.9,10.0.0.7,\t2001:db8:ffff::1 , 10.9.9.9"], "203.0.113.9"),
            // The client wrote the left, to look like someone else, or like one of us.
            (&["198.51.100.1, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
            (&["10.0.0.1, 203.0.113.9"], "203.0.113.9"),
            // Everybody is one of us.
            (&["10.0.0.5, 10.0.0.7"], "10.0.0.5"),
            // The proxies are known in whatever form they come.
            (&["203.0.113.9, ::ffff:10.0.0.7, 64:ff9b::10.0.0.8, 172.16.0.1"], "203.0.113.9"),
            (&[], "10.0.0.2 443"),
        ],
    );
}

#[test]
fn repeated_lines_are_one_list() {
    check(
        ForwardingHeader::XForwardedFor,
        &[
            (&["198.51.100.1", "203.0.113.9", "10.0.0.7"], "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9", "10.0.0.7, 10.0.0.8"], "203.0.113.9"),
            (&["203.0.113.9", "", "10.0.0.7"], "10.0.0.7 …"),
        ],
    );
    check(
        ForwardingHeader::Forwarded,
        &[(&["for=198.51.100.1, for=203.0.113.9", "for=10.0.0.7;by=_us"], "203.0.113.9")],
    );
}

#[test]
fn what_cannot_be_read_ends_the_walk_at_its_right() {
    check(
        ForwardingHeader::XForwardedFor,
        &[
            (&["rubbish, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
            (&["203.0.113.9, rubbish, 10.0.0.7"], "10.0.0.7 …"),
            (&["203.0.113.9, unknown"], NOWHERE),
            (&["203.0.113.9, _hidden, 10.0.0.7"], "10.0.0.7 …"),
            (&["203.0.113.9, , 10.0.0.7"], "10.0.0.7 …"),
            (&["203.0.113.9,"], NOWHERE),
            (&[""], NOWHERE),
        ],
    );
}

#[test]
fn plain_lists_are_read_as_proxies_write_them() {
    check_line(
        ForwardingHeader::XForwardedFor,
        &[
            ("192.0.2.1:17085", "192.0.2.1 17085"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1 4711"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%eth0]:80", "fe80::1 80"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1 80"),
            ("64:ff9b::c000:201", "192.0.2.1"),
            ("\t192.0.2.1  ", "192.0.2.1"),
            ("\"192.0.2.1\"", NOWHERE),
            ("[192.0.2.1]", NOWHERE),
            ("192.0.2.1:", NOWHERE),
            ("192.0.2.1:+80", NOWHERE),
            ("192.0.2.1:65536", NOWHERE),
            ("192.0.2.1:000080", NOWHERE),
            ("192.0.2.1 80", NOWHERE),
            ("192.0.2.01", NOWHERE),
            ("192.0.2", NOWHERE),
            ("3221225985", NOWHERE),
            ("0xc0.0.2.1", NOWHERE),
            ("[2001:db8::1", NOWHERE),
            ("[2001:db8::1]80", NOWHERE),
            ("[2001:db8::1]]", NOWHERE),
            ("fe80::1%", NOWHERE),
            ("192.0.2.1%eth0", NOWHERE),
            ("unix:", NOWHERE),
            ("localhost", NOWHERE),
            ("192.0.2.1;proto=https", NOWHERE),
        ],
    );
}

#[test]
fn forwarded_is_read_as_the_rfc_has_it() {
    check_line(
        ForwardingHeader::Forwarded,
        &[
            ("for=192.0.2.1", "192.0.2.1"),
            ("FOR=192.0.2.1", "192.0.2.1"),
            (r#"For="192.0.2.1:80""#, "192.0.2.1 80"),
            (r#"for="[2001:db8::1]""#, "2001:db8::1"),
            (r#"for="[2001:db8::1]:4711""#, "2001:db8::1 4711"),
            (r#"for="[2001:db8::1]:_port""#, "2001:db8::1"),
            (r#"for="192.0.2.1:_p.o-r_t""#, "192.0.2.1"),
            ("for=192.0.2.1;proto=http;by=203.0.113.43;host=a.example", "192.0.2.1"),
            ("proto=http ; for=192.0.2.1 ; by=203.0.113.43", "192.0.2.1"),
            (";;for=192.0.2.1;", "192.0.2.1"),
            ("before=198.51.100.1;for=192.0.2.1", "192.0.2.1"),
            (r#"for="\1\92.0.2.1""#, "192.0.2.1"),
            // Quotes hide commas, semicolons and quotes.
            (r#"for=192.0.2.1;host="a, for=198.51.100.1""#, "192.0.2.1"),
            (r#"host="a;for=198.51.100.1";for=192.0.2.1"#, "192.0.2.1"),
            (r#"host="a\", for=198.51.100.1, \"";for=192.0.2.1"#, "192.0.2.1"),
            (r#"host="a\\";for=192.0.2.1, for=10.0.0.7;host="b,\\""#, "192.0.2.1"),
            (r#"for=192.0.2.1, for=10.0.0.7;host="a,b\"c,d";by=_x"#, "192.0.2.1"),
            // A client that opens a quote does not swallow what the proxies add.
            (r#"for="198.51.100.1, for=192.0.2.1"#, "192.0.2.1"),
            (r#"for=198.51.100.1;host=", for=192.0.2.1;host="a,b""#, "192.0.2.1"),
            (r#"for=198.51.100.1;host="\, for=192.0.2.1;host="a,b""#, "192.0.2.1"),
            // Hidden or broken.
            ("for=unknown", NOWHERE),
            ("for=_hidden", NOWHERE),
            (r#"for="unknown:80""#, NOWHERE),
            ("proto=https", NOWHERE),
            ("", NOWHERE),
            ("for=198.51.100.1, ", NOWHERE),
            ("for=", NOWHERE),
            (r#"for="""#, NOWHERE),
            ("for", NOWHERE),
            ("for=192.0.2.1;for=192.0.2.1", NOWHERE),
            ("for=192.0.2.1;For=unknown", NOWHERE),
            ("for = 192.0.2.1", NOWHERE),
            ("for=192.0.2.1:80", NOWHERE),
            ("for=[2001:db8::1]", NOWHERE),
            ("for=192.0.2.1 proto=http", NOWHERE),
            (r#"for=192.0.2.1;host="a"b"#, NOWHERE),
            (r#"for=192.0.2.1;host=""#, NOWHERE),
            (r#"for=192.0.2.1;host="a\""#, NOWHERE),
            (r#"for=192.0.2.1\""#, NOWHERE),
            ("192.0.2.1", NOWHERE),
        ],
    );
}

#[test]
fn x_real_ip_is_one_value() {
    check(
        ForwardingHeader::XRealIp,
        &[
            (&["203.0.113.9"], "203.0.113.9"),
            (&[" [2001:db8::1]:80 "], "2001:db8::1 80"),
            // There is nothing to walk: one of us is as good an answer.
            (&["10.0.0.9"], "10.0.0.9"),
            (&["203.0.113.9, 203.0.113.9"], NOWHERE),
            (&["203.0.113.9", "203.0.113.9"], NOWHERE),
            (&["unknown"], NOWHERE),
            (&[], "10.0.0.2 443"),
        ],
    );
}

#[test]
fn an_untrusted_peer_is_the_client_whatever_it_writes() {
    for header in
        [ForwardingHeader::XForwardedFor, ForwardingHeader::Forwarded, ForwardingHeader::XRealIp]
    {
        let lines = headers(header.as_str(), &["198.51.100.1"]);
        for resolver in [behind(header), AddressResolver::default()] {
            let client = resolver.resolve(peer("192.0.2.1:5000"), &lines).unwrap();
            assert_eq!(show(client), "192.0.2.1 5000");
            assert_eq!(client.source(), AddressSource::Socket);
        }
    }
}

#[test]
fn only_the_chosen_header_is_believed() {
    let all =
        [ForwardingHeader::XForwardedFor, ForwardingHeader::Forwarded, ForwardingHeader::XRealIp];
    for believed in all {
        let mut lines = HeaderMap::new();
        lines.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.1"));
        lines.insert("forwarded", HeaderValue::from_static("for=203.0.113.2"));
        lines.insert("x-real-ip", HeaderValue::from_static("203.0.113.3"));
        let resolver = behind(believed);

        let client = resolver.resolve(peer(PROXY), &lines).unwrap();
        assert_eq!(client.source(), AddressSource::Header(believed));
        assert_eq!(client.source().as_str(), believed.as_str());

        lines.remove(believed.as_str());
        let client = resolver.resolve(peer(PROXY), &lines).unwrap();
        assert_eq!(show(client), "10.0.0.2 443");
        assert_eq!(client.source(), AddressSource::Socket);
    }
}

#[test]
fn a_mapped_peer_is_known_again() {
    let lines = headers("x-forwarded-for", &["203.0.113.9"]);
    let resolver = behind(ForwardingHeader::XForwardedFor);
    for proxy in ["[::ffff:10.0.0.2]:443", "[64:ff9b::10.0.0.2]:443", "[::ffff:172.16.0.1]:1"] {
        assert_eq!(show(resolver.resolve(peer(proxy), &lines).unwrap()), "203.0.113.9");
    }
}

#[test]
fn a_peer_without_an_address_is_trusted_only_on_demand() {
    let lines = headers("x-forwarded-for", &["203.0.113.9, 10.0.0.7"]);
    assert_eq!(behind(ForwardingHeader::XForwardedFor).resolve(None, &lines), None);

    let builder = AddressResolver::builder().trusted_proxies(["10.0.0.0/8"]);
    let resolver = builder.trust_peer_without_address(true).build().unwrap();
    let resolve = |lines| resolver.resolve(None, &headers("x-forwarded-for", lines)).map(show);
    assert_eq!(resolve(&["203.0.113.9, 10.0.0.7"]).unwrap(), "203.0.113.9");
    assert_eq!(resolve(&["unknown, 10.0.0.7"]).unwrap(), "10.0.0.7 …");
    assert_eq!(resolve(&["unknown"]), None);
    assert_eq!(resolve(&[]), None);
}

#[test]
fn a_hostile_list_is_walked_only_so_far() {
    let proxies = |count| format!("203.0.113.9{}", ", 10.0.0.7".repeat(count));
    let plain = |line: String| show(told(ForwardingHeader::XForwardedFor, &[line]));
    assert_eq!(plain(proxies(63)), "203.0.113.9");
    assert_eq!(plain(proxies(64)), "10.0.0.7 …");
    assert_eq!(plain(format!("{}203.0.113.9", " ".repeat(1024 - 11))), "203.0.113.9");
    assert_eq!(plain(format!("{}203.0.113.9", " ".repeat(1024 - 10))), NOWHERE);
    assert_eq!(plain(format!("198.51.100.1,{}203.0.113.9", " ".repeat(1024 - 11))), "203.0.113.9");
    assert_eq!(plain(format!("198.51.100.1,{}203.0.113.9", " ".repeat(1024 - 10))), NOWHERE);

    let quoted = |line: String| show(told(ForwardingHeader::Forwarded, &[line]));
    assert_eq!(quoted(format!("{}, for=203.0.113.9", "\\\"".repeat(30_000))), "203.0.113.9");
    assert_eq!(quoted(format!("for=203.0.113.9;host=\"{}\"", "\\".repeat(30_000))), NOWHERE);
}

#[test]
fn limits_are_keyed_by_network() {
    let network = |prefix, client: &str| {
        let builder = AddressResolver::builder().ipv6_prefix(prefix);
        builder.build().unwrap().resolve(peer(client), &HeaderMap::new()).unwrap().network()
    };
    assert_eq!(network(64, "[2001:db8:1:2:3:4:5:6]:1").to_string(), "2001:db8:1:2::/64");
    assert_eq!(network(64, "[2001:db8:1:2::]:1"), network(64, "[2001:db8:1:2:3:4:5:6]:2"));
    assert_ne!(network(64, "[2001:db8:1:2::]:1"), network(64, "[2001:db8:1:3::]:1"));
    assert_eq!(network(48, "[2001:db8:1:2:3:4:5:6]:1").to_string(), "2001:db8:1::/48");
    assert_eq!(network(1, "[f001::1]:1").to_string(), "8000::/1");
    assert_eq!(network(128, "[2001:db8::1]:1").to_string(), "2001:db8::1/128");
    assert_eq!(network(1, "192.0.2.1:1").to_string(), "192.0.2.1/32");
    assert_eq!(network(1, "[::ffff:192.0.2.1]:1").to_string(), "192.0.2.1/32");
}

/// 10.0.0.0/8 begins with the bits of `a00::/8`.
#[test]
fn families_are_kept_apart() {
    let holds = |network: &str, address| network.parse::<Network>().unwrap().contains(ip(address));
    assert!(holds("10.0.0.0/8", "10.0.0.1") && holds("a00::/8", "a00::1"));
    assert!(!holds("10.0.0.0/8", "a00::1") && !holds("a00::/8", "10.0.0.1"));
    assert!(!holds("::/0", "::ffff:10.0.0.1") && !holds("0.0.0.0/0", "::1"));

    let lines = headers("x-forwarded-for", &["203.0.113.9"]);
    let resolver = behind(ForwardingHeader::XForwardedFor);
    assert_eq!(show(resolver.resolve(peer("[a00::1]:443"), &lines).unwrap()), "a00::1 443");
}

#[test]
fn networks_are_read_strictly() {
    for (text, expected) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::1", "::1/128"),
        ("::/0", "::/0"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("64:ff9b::a00:0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        (
            "::ffff:10.1.0.0/104",
            "`::ffff:10.1.0.0/104` has bits beyond its prefix: the network is `10.0.0.0/8`",
        ),
        ("64:ff9b::/64", "`64:ff9b::/64` must have a prefix from 96 to 128"),
        ("10.0.0.1/8", "`10.0.0.1/8` has bits beyond its prefix: the network is `10.0.0.0/8`"),
        ("::1/64", "`::1/64` has bits beyond its prefix: the network is `::/64`"),
        ("10.0.0.0/33", "`10.0.0.0/33` must have a prefix from 0 to 32"),
        ("::/129", "`::/129` must have a prefix from 0 to 128"),
        ("::/4096", "`::/4096` must have a prefix from 0 to 128"),
        ("10.0.0.0/+8", "`10.0.0.0/+8` is not an address or a network"),
        ("10.0.0.0/", "`10.0.0.0/` is not an address or a network"),
        ("10.0.0/8", "`10.0.0/8` is not an address or a network"),
        (" 10.0.0.1", "` 10.0.0.1` is not an address or a network"),
        ("fe80::1%eth0", "`fe80::1%eth0` is not an address or a network"),
        ("", "`` is not an address or a network"),
    ] {
        let read = text.parse::<Network>();
        let shown = read.map_or_else(|invalid| invalid.to_string(), |network| network.to_string());
        assert_eq!(shown, expected, "{text}");
    }
}

#[test]
fn wrong_settings_come_all_at_once() {
    fn faults(error: &BuildError) -> Vec<&str> {
        error.faults().iter().map(Fault::path).collect()
    }
    let proxies =
        ["10.0.0.0/8", "10.0.0.1/8", "::/0", "proxy.example", "0.0.0.0/0", "::ffff:0:0/96"];
    let error =
        AddressResolver::builder().trusted_proxies(proxies).ipv6_prefix(0).build().unwrap_err();
    let [one, two, three, four, five] = [1, 2, 3, 4, 5].map(|at| format!("trusted_proxies[{at}]"));
    assert_eq!(faults(&error), [&*one, &two, &three, &four, &five, "ipv6_prefix"]);

    let settings = r#"{ "trusted_proxies": ["x"], "header": "via", "ipv6_prefix": 200 }"#;
    let settings: AddressSettings = serde_json::from_str(settings).unwrap();
    assert_eq!(
        faults(&settings.build().unwrap_err()),
        ["trusted_proxies[0]", "header", "ipv6_prefix"]
    );
}

#[test]
fn settings_and_builder_make_the_same() {
    let settings = r#"{
        "trusted_proxies": ["10.0.0.0/8", "2001:db8:ffff::/48", "172.16.0.1"],
        "header": "Forwarded", "ipv6_prefix": 56, "trust_peer_without_address": true
    }"#;
    let settings: AddressSettings = serde_json::from_str(settings).unwrap();
    let again = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<AddressSettings>(&again).unwrap(), settings);

    let built = settings.build().unwrap();
    let lines = headers("forwarded", &["for=\"[2001:db8::1]\", for=172.16.0.1"]);
    let client = built.resolve(None, &lines).unwrap();
    assert_eq!(client.network().to_string(), "2001:db8::/56");

    let default = serde_json::from_str::<AddressSettings>("{}").unwrap();
    assert_eq!(default, AddressSettings::default());
    let (one, other) = (default.build().unwrap(), AddressResolver::default());
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    assert!(serde_json::from_str::<AddressSettings>(r#"{ "trusted_proxy": [] }"#).is_err());
}

#[test]
#[cfg(feature = "schemars")]
fn settings_have_a_schema() {
    let schema = schemars::schema_for!(AddressSettings);
    let fields = schema.get("properties").unwrap().as_object().unwrap();
    let expected = ["header", "ipv6_prefix", "trust_peer_without_address", "trusted_proxies"];
    assert!(expected.iter().all(|field| fields[*field].get("description").is_some()), "{fields:?}");
    assert_eq!(fields.len(), expected.len());
}

#[test]
fn resolving_never_allocates() {
    let plain = headers("x-forwarded-for", &["198.51.100.1, 203.0.113.9", "10.0.0.7, 10.0.0.8"]);
    let quoted = headers("forwarded", &[r#"for="\203.0.113.9:80";host="a,b", for=10.0.0.7"#]);
    let real = headers("x-real-ip", &["203.0.113.9"]);
    for (header, lines) in [
        (ForwardingHeader::XForwardedFor, plain),
        (ForwardingHeader::Forwarded, quoted),
        (ForwardingHeader::XRealIp, real),
    ] {
        let resolver = behind(header);
        let ((), measured) = buttress_testkit::allocations::of(|| {
            assert_eq!(resolver.resolve(peer(PROXY), &lines).unwrap().ip(), ip("203.0.113.9"));
            assert_eq!(
                resolver.resolve(peer("192.0.2.1:1"), &lines).unwrap().ip(),
                ip("192.0.2.1")
            );
        });
        assert_eq!(measured.allocations(), 0, "{header}");
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn stays_shareable_and_small() {
    fn shareable<T: Send + Sync + 'static>() {}
    shareable::<AddressResolver>();
    assert!(size_of::<ClientAddress>() <= 32);
    assert!(size_of::<Option<ClientAddress>>() <= 32);
}

fn any_header() -> impl Strategy<Value = ForwardingHeader> {
    use ForwardingHeader::{Forwarded, XForwardedFor, XRealIp};
    prop::sample::select(vec![XForwardedFor, Forwarded, XRealIp])
}

/// Bytes that a header value may hold, and mostly those that mean something to the parser.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let telling = prop::sample::select(&b"\"\"\\\\,,;=: \t[]%_.forFOR0123456789abcdef"[..]);
    let legal = any::<u8>().prop_filter("a control", |&b| b == b'\t' || (b >= 32 && b != 127));
    prop::collection::vec(prop_oneof![4 => telling, 1 => legal], 0..200)
}

/// What follows the comma: one well-formed element for `hop`.
fn written(header: ForwardingHeader, hop: SocketAddr, host: &str) -> String {
    let quoted = host.replace('\\', "\\\\").replace('"', "\\\"");
    match header {
        ForwardingHeader::Forwarded => format!("for=\"{hop}\";host=\"{quoted}\""),
        _ => hop.to_string(),
    }
}

proptest! {
    #[test]
    fn every_value_gets_an_answer(header in any_header(), lines in prop::collection::vec(hostile(), 0..4)) {
        let client = told(header, &lines);
        prop_assert_eq!(normalise(client.ip()), client.ip());
        prop_assert!(client.network().contains(client.ip()));
        if client.is_cut_short() && header != ForwardingHeader::XRealIp {
            let ours = ["10.0.0.0/8", "2001:db8:ffff::/48", "172.16.0.1"];
            prop_assert!(ours.iter().any(|net| net.parse::<Network>().unwrap().contains(client.ip())));
        }
    }

    /// The promise of the module: nobody chooses its own address.
    #[test]
    fn nothing_on_the_left_changes_the_client(
        plain in any::<bool>(),
        left in prop::collection::vec(hostile(), 1..4),
        client: SocketAddr,
        proxies in prop::collection::vec((any::<[u8; 3]>(), any::<u16>(), "[ -~]{0,20}"), 0..4),
        same_line in any::<bool>(),
    ) {
        let header = if plain { ForwardingHeader::XForwardedFor } else { ForwardingHeader::Forwarded };
        let ours = |ip: IpAddr| matches!(normalise(ip), IpAddr::V4(v4) if v4.octets()[0] == 10);
        prop_assume!(!ours(client.ip()));

        let mut right = written(header, client, "\\\",\\\\");
        for ([a, b, c], port, host) in &proxies {
            right += ", ";
            right += &written(header, SocketAddr::from(([10, *a, *b, *c], *port)), host);
        }
        let mut lines = left;
        match lines.last_mut() {
            Some(last) if same_line => last.extend([b", ", right.as_bytes()].concat()),
            _ => lines.push(right.into_bytes()),
        }

        let found = told(header, &lines);
        prop_assert_eq!((found.ip(), found.port()), (normalise(client.ip()), Some(client.port())));
        prop_assert!(!found.is_cut_short());
    }

    #[test]
    fn a_well_formed_element_is_read_back(
        header in any_header(), client: SocketAddr, host in "[ -~]{0,40}",
    ) {
        let found = told(header, &[written(header, client, &host)]);
        prop_assert_eq!((found.ip(), found.port()), (normalise(client.ip()), Some(client.port())));
    }

    /// A search among sorted networks finds what comparing with each of them finds.
    #[test]
    fn a_proxy_is_trusted_if_any_network_holds_it(
        networks in prop::collection::vec((0u8..4, 0u8..4, 1u8..=32), 0..12), hop in (0u8..4, 0u8..4),
    ) {
        let networks: Vec<_> = networks
            .into_iter()
            .map(|(a, b, prefix)| {
                let bits = u32::from_be_bytes([a << 6, b, 0, 0]);
                let first = bits & (u32::MAX << (32 - prefix));
                format!("{}/{prefix}", std::net::Ipv4Addr::from(first))
            })
            .collect();
        let hop = IpAddr::from([hop.0 << 6, hop.1, 0, 0]);
        let any = networks.iter().any(|text| text.parse::<Network>().unwrap().contains(hop));

        let resolver = AddressResolver::builder().trusted_proxies(&networks).build().unwrap();
        let lines = headers("x-forwarded-for", &["203.0.113.9"]);
        let client = resolver.resolve(Some((hop, 1).into()), &lines).unwrap();
        prop_assert_eq!(client.source() != AddressSource::Socket, any);
    }

    #[test]
    fn a_network_is_printed_as_it_is_read(address: IpAddr, prefix in 0u8..=128) {
        let builder = AddressResolver::builder().ipv6_prefix(prefix.max(1)).build().unwrap();
        let network = builder.resolve(Some((address, 1).into()), &HeaderMap::new()).unwrap().network();
        prop_assert_eq!(network.to_string().parse::<Network>().unwrap(), network);
    }

    /// Our reading of IPv4 is the standard one.
    #[test]
    fn ipv4_is_what_the_standard_parser_takes(
        text in prop_oneof!["[0-9.]{0,16}", r"(([0-2]?[0-9]?[0-9])\.){3}[0-9]{1,4}"],
    ) {
        let client = told(ForwardingHeader::XRealIp, &[&text]);
        let expected = text.parse::<std::net::Ipv4Addr>().ok().map(IpAddr::from);
        prop_assert_eq!((!client.is_cut_short()).then(|| client.ip()), expected);
    }

    #[test]
    fn a_plain_form_stays(address: IpAddr) {
        prop_assert_eq!(normalise(normalise(address)), normalise(address));
    }
}
