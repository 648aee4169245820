//! The specification, as pairs of message and key. The keys were computed by another program, in Python, that was
//! checked against the vectors of the hash's authors. The guide prints the same table for other languages.

use std::path::Path;
use std::{fs, hash::Hasher as _};

use buttress_core::address::Network;
use buttress_core::key::{Key, KeyWriter, Keyer};
use http::{HeaderName, HeaderValue, Method};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::keyer;

type Vector = (&'static str, fn(&mut KeyWriter) -> &mut KeyWriter, &'static str, &'static str);

const VECTORS: &[Vector] = &[
    ("nothing", |key| key, "01", "3004df4576a69b1acb1ec64101a363f7"),
    (
        "address 203.0.113.7",
        |key| key.address(network("203.0.113.7")),
        "010105cb00710720",
        "8569282a727d6902fae4d8e494618ac9",
    ),
    (
        "address 2001:db8::/64",
        |key| key.address(network("2001:db8::/64")),
        "01011120010db800000000000000000000000040",
        "2bda49f15ecf7f61bbf7e22e401197d2",
    ),
    ("address, absent", |key| key.address(None), "0181", "74d5e138c5d61f68a6e1b4fa1a7f6223"),
    (
        "header `x-tenant: acme`",
        |key| key.header(&TENANT, &HeaderValue::from_static("acme")),
        "010208782d74656e616e740461636d65",
        "e18b65e63741f2ba67a62d8533a24c65",
    ),
    (
        "header `x-tenant`, absent",
        |key| key.header(&TENANT, None),
        "018208782d74656e616e74",
        "12a4b19ff1a26e3e67c9326690590b37",
    ),
    (
        "API key `k-17`",
        |key| key.api_key("k-17"),
        "0103046b2d3137",
        "b14481f8dbb51d8c4934561b8cb01ac2",
    ),
    (
        "principal `ada`",
        |key| key.principal("ada"),
        "010403616461",
        "fc6b6721d78f8449c691a6cf251a80e8",
    ),
    (
        "route `/orders/{id}`",
        |key| key.route("/orders/{id}"),
        "01050c2f6f72646572732f7b69647d",
        "1ec1496ea2139eef0933bc173ccfe5e5",
    ),
    (
        "tenant `acme`",
        |key| key.tenant("acme"),
        "01060461636d65",
        "ee0ba2a75a43398015ca9073b944593b",
    ),
    (
        "session `s-17`",
        |key| key.session("s-17"),
        "010e04732d3137",
        "87dacf993538b91081ab672d2a4e5477",
    ),
    (
        "method `POST`",
        |key| key.method(&Method::POST),
        "010704504f5354",
        "c2458fde220d779ef3773a042e945a19",
    ),
    (
        "host `Example.org.`",
        |key| key.host("Example.org."),
        "01080b6578616d706c652e6f7267",
        "e658874941f8ee0156c0f6998002fd7e",
    ),
    (
        "endpoint `example.org`, 443",
        |key| key.endpoint(("example.org", 443)),
        "01090b6578616d706c652e6f726701bb",
        "8564a430098ba6616099adbc8b90a875",
    ),
    (
        "path `/orders/7`",
        |key| key.path("/orders/7"),
        "010a092f6f72646572732f37",
        "0a810f7a150cb42e3d2f20ec56140417",
    ),
    (
        "label `logins`",
        |key| key.label("logins"),
        "010b066c6f67696e73",
        "0a32aa22a23ebf05dda4751dad0fa411",
    ),
    ("text `ada`", |key| key.text("ada"), "010c03616461", "3047c1adbd17fc524d333ca8a66f908b"),
    ("text, empty", |key| key.text(""), "010c00", "28c5ae8579657ee72956823a570e47d9"),
    ("text, absent", |key| key.text(None), "018c", "f595c8f6b73dba84bfab683a5f8123be"),
    ("number 7", |key| key.number(7), "010d080000000000000007", "9425a6e16d2404675968592d2a5eee85"),
    (
        "address 203.0.113.7, route `/orders/{id}`",
        |key| key.address(network("203.0.113.7")).route("/orders/{id}"),
        "010105cb00710720050c2f6f72646572732f7b69647d",
        "a19f2c379b5782377dc342c0920e9f62",
    ),
    (
        "principal `ada`, principal absent",
        |key| key.principal("ada").principal(None),
        "01040361646184",
        "e9971b9f86ef1e01532af690dd964ecb",
    ),
];

static TENANT: HeaderName = HeaderName::from_static("x-tenant");

fn network(text: &str) -> Network {
    text.parse().unwrap()
}

fn made(keyer: Keyer, write: fn(&mut KeyWriter) -> &mut KeyWriter) -> Key {
    write(&mut keyer.writer()).key()
}

#[test]
fn keys_are_those_of_the_specification() {
    for (name, write, message, expected) in VECTORS {
        assert_eq!(made(keyer(), *write).to_string(), *expected, "{name}");
        assert_eq!(sip(&bytes(message)), *expected, "{name}");
    }
}

#[test]
fn a_long_part_tells_its_length_in_nine_bytes() {
    let long = "a".repeat(300);
    assert_eq!(keyer().key_of([&long]).to_string(), "250e0b07e4ac737e78a5d30c1a3b28dc");
}

#[test]
fn a_scope_is_a_seed_derived_from_the_seed() {
    let scoped = keyer().scoped("limits");
    let derived = bytes("7c8f85bdeb9c2431835b7e92929e4e96");
    assert_eq!(sip(&bytes("010f066c696d697473")), "7c8f85bdeb9c2431835b7e92929e4e96");
    let by_hand = Keyer::from(buttress_core::key::KeySeed::from_bytes(derived.try_into().unwrap()));
    assert_eq!(made(scoped, VECTORS[7].1).to_string(), "2d4f5f2dfbc6d9260c7864963b38c094");
    assert_eq!(made(by_hand, VECTORS[7].1), made(scoped, VECTORS[7].1));
}

/// What other languages go by.
#[test]
fn the_guide_has_the_same_vectors() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/keys.md");
    let guide = fs::read_to_string(guide).unwrap();
    for (name, _, message, key) in VECTORS {
        let row = format!("| {name} | `{message}` | `{key}` |");
        assert!(guide.lines().any(|line| line == row), "the guide has no {row}");
    }
}

fn sip(message: &[u8]) -> String {
    let mut hash = SipHasher13::new_with_key(&std::array::from_fn(|at| u8::try_from(at).unwrap()));
    hash.write(message);
    format!("{:032x}", u128::from_be_bytes(hash.finish128().as_bytes()))
}

fn bytes(digits: &str) -> Vec<u8> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { panic!("half a byte") };
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.iter().map(|pair| byte(pair)).collect()
}
