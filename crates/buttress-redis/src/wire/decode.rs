use redis::Value;

/// Reads answers in the second version of the protocol, piece by piece: what was understood once is not read again.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The lists that are not complete yet, the outermost first.
    lists: Vec<List>,
}

#[derive(Debug)]
struct List {
    values: Vec<Value>,
    missing: usize,
}

/// It is no answer, and whatever follows cannot be trusted either.
#[derive(Debug, PartialEq)]
pub(crate) struct Garbled;

/// Redis allows more, and no script of ours comes near.
const DEPTH: usize = 32;
const LINE: usize = 64 * 1024;
/// What Redis allows by default.
const BYTES: usize = 512 << 20;
/// Room for what a list says it holds is made as it comes, and for no more than this before.
const FEW: usize = 64;

enum Piece {
    Value(Value),
    List(usize),
}

impl Decoder {
    /// The next answer, if it is whole. What was understood is taken from `bytes`.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Value>, Garbled> {
        while let Some(piece) = piece(bytes)? {
            match piece {
                Piece::List(0) => {
                    if let Some(value) = self.fold(Value::Array(Vec::new())) {
                        return Ok(Some(value));
                    }
                }
                Piece::List(_) if self.lists.len() == DEPTH => return Err(Garbled),
                Piece::List(missing) => {
                    let values = Vec::with_capacity(missing.min(FEW));
                    self.lists.push(List { values, missing });
                }
                Piece::Value(value) => {
                    if let Some(value) = self.fold(value) {
                        return Ok(Some(value));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Puts it into the list it is part of, which may complete that one, too.
    fn fold(&mut self, mut value: Value) -> Option<Value> {
        while let Some(mut list) = self.lists.pop() {
            list.values.push(value);
            list.missing -= 1;
            if list.missing > 0 {
                self.lists.push(list);
                return None;
            }
            value = Value::Array(list.values);
        }
        Some(value)
    }
}

fn piece(bytes: &mut &[u8]) -> Result<Option<Piece>, Garbled> {
    let Some((line, rest)) = line(bytes)? else { return Ok(None) };
    let (kind, words) = line.split_first().ok_or(Garbled)?;
    let piece = match kind {
        b':' => Piece::Value(Value::Int(number(words)?)),
        b'+' => Piece::Value(match words {
            b"OK" => Value::Okay,
            _ => Value::SimpleString(str::from_utf8(words).map_err(|_| Garbled)?.to_owned()),
        }),
        b'-' => Piece::Value(refusal(line)?),
        b'$' | b'*' if words == b"-1" => Piece::Value(Value::Nil),
        b'*' => Piece::List(size(words, usize::MAX)?),
        b'$' => {
            let size = size(words, BYTES)?;
            let Some((string, after)) = rest.split_at_checked(size) else { return Ok(None) };
            let Some((end, after)) = after.split_at_checked(2) else { return Ok(None) };
            if end != b"\r\n" {
                return Err(Garbled);
            }
            *bytes = after;
            return Ok(Some(Piece::Value(Value::BulkString(string.to_vec()))));
        }
        _ => return Err(Garbled),
    };
    *bytes = rest;
    Ok(Some(piece))
}

type Halves<'a> = (&'a [u8], &'a [u8]);

/// One line without its end, and what follows it.
fn line<'a>(bytes: &&'a [u8]) -> Result<Option<Halves<'a>>, Garbled> {
    let Some(at) = bytes.iter().take(LINE).position(|byte| *byte == b'\n') else {
        return if bytes.len() < LINE { Ok(None) } else { Err(Garbled) };
    };
    let (line, rest) = bytes.split_at(at + 1);
    let line = line.strip_suffix(b"\r\n").ok_or(Garbled)?;
    Ok(Some((line, rest)))
}

fn number(digits: &[u8]) -> Result<i64, Garbled> {
    let digits = str::from_utf8(digits).map_err(|_| Garbled)?;
    digits.parse().map_err(|_| Garbled)
}

fn size(digits: &[u8], most: usize) -> Result<usize, Garbled> {
    let size = usize::try_from(number(digits)?).map_err(|_| Garbled)?;
    if size <= most { Ok(size) } else { Err(Garbled) }
}

/// The one kind of value that only the library can make.
fn refusal(line: &[u8]) -> Result<Value, Garbled> {
    let mut whole = String::from_utf8_lossy(line).into_owned();
    whole.push_str("\r\n");
    redis::parse_redis_value(whole.as_bytes()).map_err(|_| Garbled)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is decoded of pieces that come one after the other, and whether it was garbled then.
    fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Value>, bool) {
        let (mut decoder, mut waiting, mut values) = (Decoder::default(), Vec::new(), Vec::new());
        for piece in pieces {
            waiting.extend_from_slice(piece);
            let mut rest = &*waiting;
            loop {
                match decoder.next(&mut rest) {
                    Ok(Some(value)) => values.push(value),
                    Ok(None) => break,
                    Err(Garbled) => return (values, true),
                }
            }
            waiting = rest.to_vec();
        }
        (values, false)
    }

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
        leaf.prop_recursive(4, 32, 6, |value| {
            prop::collection::vec(value, 0..6).prop_map(Value::Array)
        })
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
}
