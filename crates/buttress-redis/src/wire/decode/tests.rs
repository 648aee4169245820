use proptest::prelude::*;

use super::*;
use crate::parsing::decoded;

fn one(bytes: &[u8]) -> Option<Value> {
    let (mut values, garbled) = decoded([bytes]);
    let value = values.pop();
    assert!(values.is_empty() && !(garbled && value.is_some()), "{bytes:?}");
    value
}

#[test]
fn every_kind_is_read() {
    assert_eq!(one(b":-7\r\n"), Some(Value::Int(-7)));
    assert_eq!(one(b"+OK\r\n"), Some(Value::Okay));
    assert_eq!(one(b"+PONG\r\n"), Some(Value::SimpleString("PONG".into())));
    assert_eq!(one(b"$0\r\n\r\n"), Some(Value::BulkString(Vec::new())));
    assert_eq!(one(b"$4\r\na\r\nb\r\n"), Some(Value::BulkString(b"a\r\nb".to_vec())));
    assert_eq!((one(b"$-1\r\n"), one(b"*-1\r\n")), (Some(Value::Nil), Some(Value::Nil)));
    assert_eq!(one(b"*0\r\n"), Some(Value::Array(Vec::new())));
    let nested = Value::Array(vec![Value::Array(vec![Value::Int(1)]), Value::Nil]);
    assert_eq!(one(b"*2\r\n*1\r\n:1\r\n$-1\r\n"), Some(nested));
    let Some(Value::ServerError(error)) = one(b"-NOSCRIPT No matching script.\r\n") else {
        panic!("no refusal");
    };
    assert_eq!((error.code(), error.details()), ("NOSCRIPT", Some("No matching script.")));
}

#[test]
fn what_is_no_answer_is_seen_at_once() {
    for garbled in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        b"\r\n",
        b":\r\n",
        b":1\n",
        b":9223372036854775808\r\n",
        b"$-2\r\n",
        b"$536870913\r\n",
        b"$1\r\nab\r\n",
        b"*-2\r\n",
        b"+\xff\r\n",
        b"%1\r\n",
        &b"*1\r\n".repeat(DEPTH + 1),
        &vec![b'+'; LINE],
    ] {
        assert_eq!(decoded([garbled]), (Vec::new(), true), "{garbled:?}");
    }
}

/// What a list says it holds costs nothing before it comes.
#[test]
fn a_boast_takes_no_memory() {
    let ((), count) = buttress_testkit::allocations::of(|| {
        assert_eq!(decoded([&b"*9223372036854775807\r\n:1\r\n"[..]]), (Vec::new(), false));
    });
    assert!(count.bytes() < 8 * 1_024, "{} bytes", count.bytes());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::Int),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::BulkString),
        "[a-zA-Z ]{0,20}"
            .prop_filter("is another value", |it| it != "OK")
            .prop_map(Value::SimpleString),
        Just(Value::Nil),
        Just(Value::Okay),
    ];
    leaf.prop_recursive(4, 32, 6, |value| prop::collection::vec(value, 0..6).prop_map(Value::Array))
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Int(number) => out.extend_from_slice(format!(":{number}\r\n").as_bytes()),
        Value::SimpleString(text) => out.extend_from_slice(format!("+{text}\r\n").as_bytes()),
        Value::Okay => out.extend_from_slice(b"+OK\r\n"),
        Value::BulkString(bytes) => {
            out.extend_from_slice(format!("${}\r\n", bytes.len()).as_bytes());
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
        }
        Value::Array(values) => {
            out.extend_from_slice(format!("*{}\r\n", values.len()).as_bytes());
            for value in values {
                encode(value, out);
            }
        }
        _ => out.extend_from_slice(b"$-1\r\n"),
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_however_it_comes(
        values in prop::collection::vec(value(), 0..5), size in 1_usize..30,
    ) {
        let mut bytes = Vec::new();
        for value in &values {
            encode(value, &mut bytes);
        }
        prop_assert_eq!(decoded(bytes.chunks(size)), (values.clone(), false));
        prop_assert_eq!(decoded([&*bytes]), (values, false));
    }

    /// The same answers, whole or byte by byte; and those that the library reads.
    #[test]
    fn hostile_bytes_are_read_the_same_way_always(
        bytes in "([:+$*-]?(-?[0-9]{1,2}|OK|a)?(\r\n)?){0,20}",
    ) {
        let whole = decoded([bytes.as_bytes()]);
        prop_assert_eq!(&decoded(bytes.as_bytes().chunks(1)), &whole);
        if let Some(first) = whole.0.into_iter().next() {
            prop_assert_eq!(redis::parse_redis_value(bytes.as_bytes()).unwrap(), first);
        }
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decoded(bytes.chunks(7));
    }
}
