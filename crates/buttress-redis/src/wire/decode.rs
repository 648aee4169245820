#[cfg(test)]
mod tests;

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
