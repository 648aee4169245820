use buttress_core::trace::TraceState;
use http::HeaderValue;

use super::{PARENT, hop, passed_on};

#[test]
fn one_well_formed_tracestate_is_sent_on_byte_for_byte() {
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let value = (' '..='~').filter(|&c| c != ',' && c != '=').collect::<String>();
    for text in [
        "foo=1".to_owned(),
        "foo=1,bar=2".to_owned(),
        "foo=1 \t , \t bar=2, \t baz=3".to_owned(),
        "foo=1\t \t,\t \tbar=2,\t \tbaz=3".to_owned(),
        "foo=1,,bar=2, ,".to_owned(),
        "foo=  leading spaces belong to the value".to_owned(),
        format!("{key}={value}"),
        format!("{key}@a-z0-9_-*/={value}"),
        "0digit=1".to_owned(),
        "tenant@system=1".to_owned(),
        "foo@=1,bar=2".to_owned(),
        "foo@@bar=1,bar=2".to_owned(),
        "foo@bar@baz=1,bar=2".to_owned(),
        format!("{}=1", "z".repeat(256)),
        format!("foo={}", "v".repeat(256)),
        format!("a={},b={}", "v".repeat(256), "v".repeat(251)),
    ] {
        assert_eq!(passed_on(&[&text]).as_deref(), Some(&*text));
    }
    for name in ["TraceState", "TrAcEsTaTe", "TRACESTATE"] {
        assert_eq!(hop(&[("traceparent", PARENT), (name, "foo=1")])["tracestate"], "foo=1");
    }
    for name in ["trace-state", "trace.state"] {
        assert!(!hop(&[("traceparent", PARENT), (name, "foo=1")]).contains_key("tracestate"));
    }
}

#[test]
fn what_is_not_as_it_should_be_sent_is_written_anew() {
    for (why, came, sent) in [
        ("nothing", &[""][..], None),
        ("white space", &[" \t"], None),
        ("empty members", &[",, ,"], None),
        ("empty headers", &["", ""], None),
        ("empty second", &["foo=1", ""], Some("foo=1")),
        ("empty first", &["", "foo=1"], Some("foo=1")),
        (
            "three",
            &["foo=1,bar=2", "rojo=1,congo=2", "baz=3"],
            Some("foo=1,bar=2,rojo=1,congo=2,baz=3"),
        ),
        ("white space in several", &["foo=1 \t, bar=2 ", "\tbaz=3"], Some("foo=1,bar=2,baz=3")),
        ("space before", &[" foo=1"], Some("foo=1")),
        ("tab before", &["\tfoo=1"], Some("foo=1")),
        ("space after", &["foo=1 "], Some("foo=1")),
        ("tab after", &["foo=1\t"], Some("foo=1")),
        ("both around", &["\t foo=1 \t"], Some("foo=1")),
        ("the same twice", &["foo=1,foo=1"], Some("foo=1")),
        ("a key twice", &["foo=1,bar=3,foo=2"], Some("foo=1,bar=3")),
        ("the same in two headers", &["foo=1", "foo=1"], Some("foo=1")),
        ("a key in two headers", &["foo=1", "foo=2"], Some("foo=1")),
        ("one key starts with another", &["foo=1", "fo=2,fooo=3"], Some("foo=1,fo=2,fooo=3")),
        (
            "more places than members may be",
            &["foo=1,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"],
            Some("foo=1"),
        ),
    ] {
        assert_eq!(passed_on(came).as_deref(), sent, "{why}");
    }
}

#[test]
fn one_malformed_member_voids_the_whole() {
    let (key, value) = ("z".repeat(257), "v".repeat(257));
    for (why, member) in [
        ("space in key", "foo =1"),
        ("upper case key", "FOO=1"),
        ("dot in key", "foo.bar=1"),
        ("key starts with @", "@foo=1"),
        ("key starts with _", "_foo=1"),
        ("no key", "=1"),
        ("no value", "foo="),
        ("blank value", "foo= "),
        ("no =", "foo"),
        ("= in value", "foo=bar=baz"),
        ("tab in value", "foo=a\tb"),
        ("not ASCII", "foo=\u{e9}"),
        ("key too long", &format!("{key}=1")),
        ("value too long", &format!("foo={value}")),
    ] {
        assert_eq!(passed_on(&[member]), None, "{why}");
        assert_eq!(passed_on(&[&format!("a=1,{member},b=2")]), None, "{why}, among others");
        assert_eq!(passed_on(&["a=1", member]), None, "{why}, in a second header");
    }
}

#[test]
fn there_are_at_most_32_members() {
    let members: Vec<_> = (1..=33).map(|n| format!("bar{n:02}={n:02}")).collect();
    let (most, tens) = (members[..32].join(","), |n: usize| members[n * 10..n * 10 + 10].join(","));

    assert_eq!(passed_on(&[&most]).as_ref(), Some(&most));
    let split = [tens(0), tens(1), tens(2), members[30..32].join(",")];
    assert_eq!(passed_on(&split.each_ref().map(|part| &**part)).as_ref(), Some(&most));
    let split = [tens(0), tens(1), tens(2), members[30..].join(",")];
    assert_eq!(passed_on(&split.each_ref().map(|part| &**part)), None);
    assert_eq!(passed_on(&[&members.join(",")]), None);
    assert_eq!(
        passed_on(&[&format!("{most},bar01=again")]),
        Some(most),
        "a key twice is one member"
    );
}

#[test]
fn a_list_that_is_too_long_loses_long_members_then_the_last() {
    let long = |key: &str| format!("{key}={}", "v".repeat(127));
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|key| format!("{key}={}", "v".repeat(126)));
    let (long_a, long_b, rest) = (long("a"), long("b"), "v".repeat(123));
    for (why, came, sent) in [
        (
            "white space is enough",
            format!("{a}, {b},{c},d={rest}"),
            format!("{a},{b},{c},d={rest}"),
        ),
        ("a byte too long", format!("{a},{b},{c},d={rest}v"), format!("{a},{b},{c}")),
        (
            "the last long one",
            format!("{long_a},{long_b},{c},{d},e=1"),
            format!("{long_a},{c},{d},e=1"),
        ),
        (
            "all long ones",
            format!("{long_a},{long_b},{c},{d},e={rest}"),
            format!("{c},{d},e={rest}"),
        ),
        ("the last two", format!("{a},{b},{c},{d},e=1"), format!("{a},{b},{c}")),
        ("the only one", format!("{}={}", "k".repeat(256), "v".repeat(256)), String::new()),
    ] {
        assert_eq!(passed_on(&[&came]).unwrap_or_default(), sent, "{why}");
    }
}

#[test]
fn a_member_is_put_in_front() {
    let mut state = state("foo=1, bar=2");
    state.insert("new", "3").unwrap();
    assert_eq!(state.as_str(), "new=3,foo=1,bar=2");
    state.insert("bar", "4").unwrap();
    assert_eq!(state.as_str(), "bar=4,new=3,foo=1");
    assert_eq!(state.iter().collect::<Vec<_>>(), [("bar", "4"), ("new", "3"), ("foo", "1")]);
    assert_eq!((state.get("foo"), state.get("fo")), (Some("1"), None));

    for (key, value) in
        [("Foo", "1"), ("", "1"), ("a", ""), ("a", "1 "), ("a", "1,b=2"), ("a=b", "1")]
    {
        assert!(state.insert(key, value).is_err(), "{key}={value}");
    }
    assert!(state.insert(&"k".repeat(256), &"v".repeat(256)).is_err(), "longer than a list");
    assert_eq!(state.as_str(), "bar=4,new=3,foo=1", "unchanged");
}

#[test]
fn the_new_member_is_the_last_to_make_room() {
    let members: Vec<_> = (1..=32).map(|n| format!("bar{n:02}={n:02}")).collect();
    let mut full = state(&members.join(","));
    full.insert("new", "1").unwrap();
    assert_eq!(full.as_str(), format!("new=1,{}", members[..31].join(",")));
    full.insert("bar31", "1").unwrap();
    assert_eq!(full.iter().count(), 32);

    full.insert("long", &"v".repeat(256)).unwrap();
    assert_eq!(full.iter().next(), Some(("long", &*"v".repeat(256))));
    assert!(full.as_str().len() <= 512 && full.as_str().len() > 500);
    let whole = ("k".repeat(256), "v".repeat(255));
    full.insert(&whole.0, &whole.1).unwrap();
    assert_eq!(full.as_str(), format!("{}={}", whole.0, whole.1));
}

fn state(text: &str) -> TraceState {
    TraceState::parse(&[HeaderValue::from_str(text).unwrap()]).unwrap()
}
