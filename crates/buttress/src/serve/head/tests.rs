use proptest::prelude::*;

use super::*;
use crate::serve::scanning::heads_as_the_library;

const LONGEST: usize = 100;

fn read(bytes: &[u8]) -> Heads {
    let mut heads = Heads::new(true, LONGEST);
    let _ = heads.read(bytes);
    heads
}

fn refused(bytes: &[u8]) -> Option<(u64, Fault)> {
    read(bytes).refused().map(|(number, fault)| (number.get(), fault))
}

const HONEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n\
    POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\n\nbc\
    \r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
    3;x=y\r\n\n\n\n\r\nA\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n";

#[test]
fn honest_messages_are_followed_through_their_bodies() {
    let heads = read(HONEST);
    assert_eq!((heads.refused(), heads.seen, heads.at), (None, 3, At::Start));
    let again = [HONEST, b"POST / HTTP/1.1\r\ncontent-length: 0\r\nx:y\n\r\n"].concat();
    assert_eq!(refused(&again), Some((4, Fault::BareLineFeed)));
}

#[test]
fn two_lengths_are_seen_in_any_order_and_case() {
    for fields in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "Transfer-Encoding: chunked\r\nhost: a\r\nCONTENT-LENGTH: 5",
        "transfer-encoding:chunked\r\ncontent-length:no number",
    ] {
        let head = format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n");
        assert_eq!(refused(head.as_bytes()), Some((1, Fault::TwoLengths)), "{fields}");
    }
}

#[test]
fn blanks_and_zeros_hide_no_length() {
    let blanks = " ".repeat(100);
    let padded = format!("POST / HTTP/1.1\r\ncontent-length:{blanks}1{blanks}\r\n\r\n\n");
    let next = b"GET / HTTP/1.1\r\na: b\n\r\n";
    let mut pieces = Heads::new(true, LONGEST);
    padded.as_bytes().iter().chain(next).for_each(|byte| assert_eq!(pieces.read(&[*byte]), None));
    assert_eq!(pieces.refused(), NonZeroU64::new(2).map(|two| (two, Fault::BareLineFeed)));
    let zeros = format!("POST / HTTP/1.1\r\ncontent-length: {}1\r\n\r\n", "0".repeat(30));
    assert_eq!(refused(zeros.as_bytes()), Some((1, Fault::NoNumber)));
}

#[test]
fn a_head_is_inside_from_its_first_byte_to_its_last() {
    let mut heads = Heads::new(true, LONGEST);
    assert!(!heads.is_inside());
    assert_eq!(heads.read(b"\r\n"), None);
    assert!(!heads.is_inside(), "an empty line is no head");
    for byte in b"G / HTTP/1.1\r\na: b\r\n\r" {
        assert_eq!(heads.read(&[*byte]), None);
        assert!(heads.is_inside());
    }
    assert_eq!(heads.read(b"\n"), None);
    assert!(!heads.is_inside());
}

#[test]
fn a_target_that_is_too_long_is_the_last_that_is_read() {
    let target = "/".repeat(LONGEST);
    let honest = format!("GET {target} HTTP/1.1\r\nx: {target}{target}\r\n\r\n");
    let long =
        format!("GET {target}/ab HTTP/1.1\r\ncontent-length: 1\ntransfer-encoding: a\r\n\r\n");
    let mut heads = Heads::new(true, LONGEST);
    assert_eq!(heads.read(honest.as_bytes()), None);
    assert_eq!(heads.read([b"\r\n", long.as_bytes()].concat().as_slice()), Some(2 + 4 + 101));
    assert_eq!(heads.refused(), NonZeroU64::new(2).map(|two| (two, Fault::LongTarget)));
    assert_eq!((heads.read(long.as_bytes()), heads.is_inside()), (None, false));
}

/// What the library understands in its own way, and would hide a head from us.
#[test]
fn a_body_ends_where_the_library_ends_it() {
    let post = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    let get = "GET / HTTP/1.1\r\n\r\n";
    for (body, heads) in [
        ("0\r\nX: a\n\r\nGET / HTTP/1.1\r\n\r\n", 1),
        ("0\r\n\n\r\nX: a\r\n\r\n", 1),
        ("0\r\nX: a\n\r\n\r\n", 1),
        (&format!("{}5\r\nhello\r\n0\r\n\r\n", "0".repeat(30)), 1),
        (&format!("{}5 ;\r\nhello\r\n{}\r\n\r\n", "0".repeat(100), "0".repeat(100)), 1),
    ] {
        let all = [post, body, get].concat();
        heads_as_the_library(all.as_bytes(), true);
        let mut pieces = Heads::new(true, LONGEST);
        all.as_bytes().iter().for_each(|byte| assert_eq!(pieces.read(&[*byte]), None));
        assert_eq!((read(all.as_bytes()).seen, pieces.seen), (heads + 1, heads + 1), "{body:?}");
    }
}

#[test]
fn behind_a_body_that_nobody_understands_every_head_is_refused() {
    for size in ["10000000000000000", "ffffffffffffffff", "5 5", "x", ""] {
        let all = format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{size}\r\n");
        assert_eq!(refused(all.as_bytes()), Some((2, Fault::Unclear)), "{size}");
    }
}

fn parts() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => prop::sample::select(vec![
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\n",
            "GET / HTTP/1.1\n\n",
            "CONNECT a:1 HTTP/1.1\r\n",
            "POST / HTTP/1.1\r\n",
            "POST / HTTP/1.0\r\nconnection: keep-alive\r\n",
            "content-length: 3\r\n",
            "content-length:  03 \n",
            "transfer-encoding: gzip, chunked\r\n",
            "Transfer-Encoding:chunked\r\n",
            "expect: 100-continue\r\n",
            "upgrade: a\r\n",
            "0\r\n\r\n",
            "5\r\nhello\r\n",
            "3;a=b\r\n\r\n\n\r\n",
            "x: y\r\n",
            "x: y\n",
        ]),
        2 => prop::sample::select(vec!["\r\n", "\n", "\r", "0", "5", "0\r\n", "a", " ", ":", ";", "hello"]),
    ];
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn heads_are_where_the_library_finds_them(bytes in parts(), strict: bool) {
        heads_as_the_library(&bytes, strict);
    }

    /// It does not matter how the bytes are cut.
    #[test]
    fn pieces_are_the_same_as_the_whole(
        bytes in prop_oneof![
            Just([HONEST, b"POST / HTTP/1.1\r\na: b\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"].concat()),
            "(GET / HTTP/1.1(\r\n|\n)(content-length: [0-9]{1,2}(\r\n|\n)|transfer-encoding: chunked\r\n){0,2}\r\n[0-9a-f\r\n]{0,20}){0,4}".prop_map(String::into_bytes),
            "(GET /a{90,99} HTTP/1.1\r\n\r\n){0,2}(POST )?(http://a(:80)?)?/[a?#/]{90,110} ?(HTTP/1.1\r\n\r\n)?".prop_map(String::into_bytes),
            parts(),
            prop::collection::vec(any::<u8>(), 0..200),
        ],
        cuts in prop::collection::vec(1_usize..9, 1..100),
    ) {
        let mut whole = Heads::new(true, LONGEST);
        let end = whole.read(&bytes);
        let mut pieces = Heads::new(true, LONGEST);
        let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            if let Some(end_of_piece) = pieces.read(piece) {
                prop_assert_eq!(Some(bytes.len() - rest.len() + end_of_piece), end);
            }
            rest = after;
        }
        prop_assert_eq!(pieces.refused(), whole.refused());
        prop_assert_eq!((pieces.seen, pieces.at), (whole.seen, whole.at));
        prop_assert_eq!(pieces.is_inside(), whole.is_inside());
        prop_assert!(pieces.kept.len() <= KEPT);
    }
}
