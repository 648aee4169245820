/// How long a body is, as the fields of its head say it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Framing {
    pub(super) length: Length,
    /// In chunks, or in a way that the library refuses.
    pub(super) encoded: bool,
}

/// What `Content-Length` says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Length {
    #[default]
    Unsaid,
    Bytes(u64),
    /// No number, or one that the library takes for none.
    Unreadable,
}

/// Beyond, the library has numbers that mean something else.
const LONGEST: u64 = u64::MAX - 2;

impl Framing {
    /// Takes a line of the head.
    pub(super) fn field(&mut self, line: &[u8]) {
        if let Some(value) = value(line, b"content-length") {
            self.length = match number(trimmed(value), 10) {
                Some(bytes @ ..=LONGEST) => Length::Bytes(bytes),
                _ => Length::Unreadable,
            };
        } else if value(line, b"transfer-encoding").is_some() {
            self.encoded = true;
        }
    }
}

/// The size in the line before a chunk.
pub(super) fn chunk(line: &[u8]) -> Option<u64> {
    let size = trimmed(line.split(|byte| *byte == b';').next().unwrap_or_default());
    // As many zeros as the sender likes: the library takes them.
    let zeros = size.iter().take_while(|digit| **digit == b'0').count();
    number(&size[zeros.min(size.len().saturating_sub(1))..], 16)
}

/// What stands after the colon, if this is the field of that name.
fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, value) = line.split_at_checked(name.len() + 1)?;
    let (colon, head) = head.split_last()?;
    (*colon == b':' && head.eq_ignore_ascii_case(name)).then_some(value)
}

/// Without the blanks around it (RFC 9110, section 5.6.3).
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// The longest number needs this many digits; more are zeros that only confuse.
const DIGITS: usize = 20;

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    if !digits.first()?.is_ascii_hexdigit() || digits.len() > DIGITS {
        return None;
    }
    u64::from_str_radix(str::from_utf8(digits).ok()?, radix).ok()
}
