use std::str::from_utf8;

/// What a server answers, as it is written in RESP2.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// A status, such as `OK`.
    Status(String),
    /// An error, with its code: `WRONGTYPE Operation against …`.
    Error(String),
    /// A number.
    Integer(i64),
    /// Bytes.
    Bulk(Vec<u8>),
    /// Nothing: no such key, or no list.
    Nil,
    /// Several replies in one.
    Array(Vec<Self>),
}

impl Reply {
    /// The text of a status, an error or bytes; the digits of a number.
    ///
    /// # Panics
    ///
    /// If it is anything else.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Status(text) | Self::Error(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Nil | Self::Array(_) => panic!("not a text: {self:?}"),
        }
    }

    /// The number, also if it is written as a text.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn integer(&self) -> i64 {
        self.text().parse().unwrap_or_else(|_| panic!("not a number: {self:?}"))
    }

    /// What is in the array.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            _ => panic!("not an array: {self:?}"),
        }
    }

    /// The value after `name` in an array of names and values.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        let mut pairs = self.items().chunks_exact(2);
        pairs.find(|pair| pair[0].text() == name).map(|pair| &pair[1])
    }

    /// Whether the server refused.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// The reply itself, if it is no refusal.
    ///
    /// # Panics
    ///
    /// If the server refused.
    #[must_use]
    pub fn accepted(self) -> Self {
        assert!(!self.is_error(), "the server refused: {self:?}");
        self
    }

    /// Reads one reply from the start of `bytes`: it, and its length. Nothing if there is more to come.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, String> {
        let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
            return Ok(None);
        };
        let next = end + 2;
        let line = from_utf8(&bytes[..end]).map_err(|_| not_a_reply(&bytes[..end]))?;
        let kind = line.get(..1).ok_or_else(|| not_a_reply(&bytes[..end]))?;
        let rest = &line[1..];
        let number = || rest.parse::<i64>().map_err(|_| not_a_reply(line.as_bytes()));
        match kind {
            "+" => Ok(Some((Self::Status(rest.to_owned()), next))),
            "-" => Ok(Some((Self::Error(rest.to_owned()), next))),
            ":" => Ok(Some((Self::Integer(number()?), next))),
            "$" => Ok(read_bulk(bytes, next, number()?)),
            "*" => read_array(bytes, next, number()?),
            _ => Err(not_a_reply(line.as_bytes())),
        }
    }
}

fn read_bulk(bytes: &[u8], start: usize, length: i64) -> Option<(Reply, usize)> {
    let Ok(length) = usize::try_from(length) else { return Some((Reply::Nil, start)) };
    let end = start.checked_add(length)?;
    let next = end.checked_add(2)?;
    (bytes.len() >= next).then(|| (Reply::Bulk(bytes[start..end].to_vec()), next))
}

fn read_array(bytes: &[u8], start: usize, count: i64) -> Result<Option<(Reply, usize)>, String> {
    let Ok(count) = usize::try_from(count) else { return Ok(Some((Reply::Nil, start))) };
    let (mut items, mut next) = (Vec::new(), start);
    for _ in 0..count {
        let Some((item, length)) = Reply::read(&bytes[next..])? else { return Ok(None) };
        items.push(item);
        next += length;
    }
    Ok(Some((Reply::Array(items), next)))
}

fn not_a_reply(line: &[u8]) -> String {
    format!("not a reply: `{}`", line.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[u8] = b"*6\r\n+OK\r\n-ERR no\r\n:-7\r\n$4\r\na\r\nb\r\n$-1\r\n*1\r\n*-1\r\n";

    #[test]
    fn reads_every_kind_and_no_byte_more() {
        let more = [ALL, b"+next\r\n"].concat();
        let (reply, length) = Reply::read(&more).unwrap().unwrap();
        assert_eq!(length, ALL.len());
        assert_eq!(
            reply.items(),
            [
                Reply::Status("OK".into()),
                Reply::Error("ERR no".into()),
                Reply::Integer(-7),
                Reply::Bulk(b"a\r\nb".into()),
                Reply::Nil,
                Reply::Array(vec![Reply::Nil]),
            ]
        );
    }

    #[test]
    fn waits_for_what_is_not_there_yet() {
        for length in 0..ALL.len() {
            assert_eq!(Reply::read(&ALL[..length]), Ok(None), "{length}");
        }
    }

    #[test]
    fn another_protocol_is_none() {
        for bytes in [&b"HTTP/1.1 200\r\n"[..], b"\r\n", b":x\r\n", b"\xff\r\n", b"\xc3\xa4\r\n"] {
            assert!(Reply::read(bytes).unwrap_err().starts_with("not a reply: `"), "{bytes:?}");
        }
    }
}
