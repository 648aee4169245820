//! Other parts make another key: seen with random lists of parts, out of letters so few that they would often be
//! the same if one were glued to the next.

use std::collections::HashSet;
use std::net::IpAddr;

use buttress_core::address::Network;
use buttress_core::key::{Key, KeyWriter};
use http::{HeaderName, HeaderValue, Method};
use proptest::collection::vec;
use proptest::prelude::*;
use siphasher::sip128::SipHasher13;

use super::keyer;

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Address(Option<Network>),
    Header(&'static str, Option<String>),
    /// Those with nothing but a text, by their kind.
    Text(u8, Option<String>),
    Endpoint(Option<(String, u16)>),
    Number(Option<u64>),
}

impl Part {
    fn write(&self, key: &mut KeyWriter) {
        match self {
            Self::Address(network) => key.address(*network),
            Self::Header(name, value) => {
                let value = value.as_ref().map(|value| HeaderValue::from_str(value).unwrap());
                key.header(&HeaderName::from_static(name), value.as_ref())
            }
            Self::Endpoint(at) => key.endpoint(at.as_ref().map(|(host, port)| (&**host, *port))),
            Self::Number(number) => key.number(*number),
            Self::Text(kind, text) => write_text(*kind, text.as_deref(), key),
        };
    }

    /// The specification, written as plainly as can be.
    fn message(&self, out: &mut Vec<u8>) {
        match self {
            Self::Address(Some(network)) => {
                let mut bytes = match network.first() {
                    IpAddr::V4(v4) => v4.octets().to_vec(),
                    IpAddr::V6(v6) => v6.octets().to_vec(),
                };
                bytes.push(network.prefix());
                out.push(0x01);
                sized(&bytes, out);
            }
            Self::Address(None) => out.push(0x81),
            Self::Header(name, value) => {
                out.push(if value.is_some() { 0x02 } else { 0x82 });
                sized(name.as_bytes(), out);
                if let Some(value) = value {
                    sized(value.as_bytes(), out);
                }
            }
            Self::Text(kind, Some(text)) => {
                out.push(*kind);
                sized(text.as_bytes(), out);
            }
            Self::Text(kind, None) => out.push(kind | 0x80),
            Self::Endpoint(Some((host, port))) => {
                out.push(0x09);
                sized(host.as_bytes(), out);
                out.extend(port.to_be_bytes());
            }
            Self::Endpoint(None) => out.push(0x89),
            Self::Number(Some(number)) => {
                out.push(0x0d);
                sized(&number.to_be_bytes(), out);
            }
            Self::Number(None) => out.push(0x8d),
        }
    }
}

fn write_text<'a>(kind: u8, text: Option<&str>, key: &'a mut KeyWriter) -> &'a mut KeyWriter {
    match (kind, text) {
        (0x03, text) => key.api_key(text),
        (0x04, text) => key.principal(text),
        (0x05, text) => key.route(text),
        (0x06, text) => key.tenant(text),
        (0x07, Some(text)) => key.method(&Method::from_bytes(text.as_bytes()).unwrap()),
        (0x08, text) => key.host(text),
        (0x0a, Some(text)) => key.path(text),
        (0x0b, Some(text)) => key.label(text),
        (0x0c, text) => key.text(text),
        _ => panic!("{kind} is always there"),
    }
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    match u8::try_from(bytes.len()) {
        Ok(length) if length < 255 => out.push(length),
        _ => {
            out.push(255);
            out.extend((bytes.len() as u64).to_be_bytes());
        }
    }
    out.extend(bytes);
}

fn message(parts: &[Part]) -> Vec<u8> {
    let mut message = vec![1];
    for part in parts {
        part.message(&mut message);
    }
    message
}

fn key(parts: &[Part]) -> Key {
    let mut key = keyer().writer();
    for part in parts {
        part.write(&mut key);
    }
    key.key()
}

/// Mostly short; some as long as the length is told in another way.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[ab]{0,3}",
        1 => (250..260_usize).prop_map(|length| "a".repeat(length)),
        1 => "[ -~]{0,40}".prop_map(|text| text.trim().to_lowercase()),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    let maybe = || proptest::option::of(text());
    let network = (0..2_u128, 0..2_u8).prop_map(|(low, v6)| {
        let v6_address = format!("2001:db8:0:{low}::/64");
        let v4_address = format!("192.0.2.{low}");
        if v6 == 0 { v4_address } else { v6_address }.parse().unwrap()
    });
    let host = proptest::option::of(("[ab]{1,3}", 0..3_u16));
    prop_oneof![
        proptest::option::of(network).prop_map(Part::Address),
        (prop_oneof![Just("a"), Just("ab")], maybe()).prop_map(|(name, v)| Part::Header(name, v)),
        (prop_oneof![Just(3_u8), Just(4), Just(5), Just(6), Just(12)], maybe())
            .prop_map(|(kind, text)| Part::Text(kind, text)),
        "[AB]{1,3}".prop_map(|text| Part::Text(7, Some(text))),
        proptest::option::of("[ab]{0,70}").prop_map(|text| Part::Text(8, text)),
        (prop_oneof![Just(10_u8), Just(11)], text())
            .prop_map(|(k, text)| Part::Text(k, Some(text))),
        host.prop_map(Part::Endpoint),
        proptest::option::of(0..3_u64).prop_map(Part::Number),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn other_parts_make_another_key(one in vec(part(), 0..4), other in vec(part(), 0..4)) {
        prop_assert_eq!(one == other, key(&one) == key(&other));
        prop_assert_eq!(one == other, message(&one) == message(&other));
    }

    #[test]
    fn a_key_is_the_hash_of_the_specified_message(parts in vec(part(), 0..6)) {
        let seed = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let hash = SipHasher13::new_with_key(&seed).hash(&message(&parts));
        prop_assert_eq!(key(&parts).to_bytes(), hash.as_bytes());
    }

    /// Wherever it is cut: "ab", "c" is not "a", "bc".
    #[test]
    fn the_cut_between_two_parts_counts(text in "[ -~]{1,300}", one: prop::sample::Index, other: prop::sample::Index) {
        let cut = |at: prop::sample::Index| text.split_at(at.index(text.len() + 1));
        let (one, other) = (<[&str; 2]>::from(cut(one)), <[&str; 2]>::from(cut(other)));
        prop_assert_eq!(one == other, keyer().key_of(one) == keyer().key_of(other));
    }

    #[test]
    fn what_is_written_is_read_back(bytes: [u8; 16]) {
        let key = Key::from_bytes(bytes);
        prop_assert_eq!(key.to_bytes(), bytes);
        prop_assert_eq!(Key::parse(&key.to_hex()), Some(key));
        prop_assert_eq!(key.to_string(), format!("{:032x}", u128::from_be_bytes(bytes)));
    }

    #[test]
    fn nothing_else_is_a_key(text in "[0-9a-fA-Fg ]{30,34}") {
        let digits = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_key = text.len() == 32 && text.bytes().all(digits);
        prop_assert_eq!(Key::parse(text.as_bytes()).is_some(), is_key);
    }
}

/// All lists of up to three texts out of bytes that mean something in a message: kinds, and lengths.
#[test]
fn no_two_lists_of_parts_are_written_alike() {
    let bytes: [&[u8]; 3] = [b"\x0c", b"\x01", b"\x8c"];
    let two = bytes.iter().flat_map(|one| bytes.map(|other| [*one, other].concat()));
    let one = bytes.iter().map(|one| one.to_vec());
    let texts: Vec<_> =
        [None, Some(Vec::new())].into_iter().chain(one.chain(two).map(Some)).collect();

    let mut keys = HashSet::new();
    let mut lists: Vec<KeyWriter> = vec![keyer().writer()];
    for _ in 0..=3 {
        keys.extend(lists.iter().map(|list| list.key().to_bytes()));
        let longer = |list: &KeyWriter, text: &Option<Vec<u8>>| {
            let mut list = list.clone();
            list.bytes(text.as_deref());
            list
        };
        lists = lists.iter().flat_map(|list| texts.iter().map(|t| longer(list, t))).collect();
    }
    assert_eq!(keys.len(), 1 + 14 + 14 * 14 + 14 * 14 * 14);
}

#[test]
fn neighbouring_kinds_with_the_same_bytes_differ() {
    let parts: Vec<_> = [3, 4, 5, 6, 7, 8, 10, 11, 12]
        .map(|kind| Part::Text(kind, Some("a".to_owned())))
        .into_iter()
        .chain([Part::Header("a", Some("a".to_owned())), Part::Number(Some(97))])
        .collect();
    for (at, one) in parts.iter().enumerate() {
        for other in &parts[..at] {
            assert_ne!(key(std::slice::from_ref(one)), key(std::slice::from_ref(other)), "{one:?}");
        }
    }
}

#[test]
fn order_counts_and_absent_is_not_empty() {
    let keyer = keyer();
    assert_ne!(keyer.key_of(["a", "b"]), keyer.key_of(["b", "a"]));
    assert_ne!(keyer.writer().text("").key(), keyer.writer().text(None).key());
    assert_ne!(keyer.writer().text("").key(), keyer.writer().key());
    assert_ne!(keyer.writer().text(None).key(), keyer.writer().principal(None).key());
    assert_eq!(keyer.writer().text("ada").key(), keyer.writer().bytes(b"ada".as_slice()).key());
}
