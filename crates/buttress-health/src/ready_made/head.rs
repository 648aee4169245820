use std::error::Error;
use std::fmt;

use crate::hops::{self, HopId, THROUGH};

/// What an HTTP check reads of an answer: the status, and whom it reached. A strict reader of what may have
/// been sent by anybody.
///
/// ```
/// use buttress_health::AnswerHead;
///
/// let bytes = b"HTTP/1.1 204 No Content\r\nx-health-through: stock, prices\r\n\r\nand a body";
/// let (head, length) = AnswerHead::parse(bytes)?.unwrap();
/// assert_eq!((head.status(), length), (204, bytes.len() - 10));
/// assert_eq!(head.through().collect::<Vec<_>>(), ["stock", "prices"]);
///
/// assert!(AnswerHead::parse(b"HTTP/1.1 20")?.is_none(), "more may come");
/// assert!(AnswerHead::parse(b"HTTP/1.1 200 OK\n\n").is_err(), "lines end in CR LF");
/// # Ok::<(), buttress_health::MalformedAnswer>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnswerHead {
    status: u16,
    through: Vec<HopId>,
}

impl AnswerHead {
    /// No head is longer than this, in bytes.
    pub const LONGEST: usize = 16 * 1024;

    /// Reads the head at the start of `bytes`, and says how long it is; nothing if it is not all there yet.
    ///
    /// # Errors
    ///
    /// Fails if this cannot become the head of an answer, or if it is too long.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, MalformedAnswer> {
        let seen = &bytes[..bytes.len().min(Self::LONGEST)];
        let Some(length) = seen.windows(4).position(|end| end == b"\r\n\r\n") else {
            check_start(seen)?;
            check_line_ends(seen)?;
            let too_long = bytes.len() >= Self::LONGEST;
            return if too_long { Err(MalformedAnswer("its head is too long")) } else { Ok(None) };
        };
        check_line_ends(&seen[..length + 4])?;
        let mut lines = Lines { rest: &seen[..length + 2] };
        let status = status(lines.next().unwrap_or_default())?;
        let mut through = Vec::new();
        for line in lines {
            let (name, value) = header(line)?;
            if name.eq_ignore_ascii_case(THROUGH.as_str().as_bytes()) {
                through = hops::names_in(str::from_utf8(value).unwrap_or_default());
            }
        }
        Ok(Some((Self { status, through }, length + 4)))
    }

    /// The status, from 100 to 599.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Who answered, and whom its own checks reach, if it said so.
    pub fn through(&self) -> impl Iterator<Item = &str> {
        self.through.iter().map(HopId::as_str)
    }

    pub(crate) fn into_through(self) -> Vec<HopId> {
        self.through
    }
}

/// The lines of a head that ends with CR LF, without their ends.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.windows(2).position(|end| end == b"\r\n")?;
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(2..).unwrap_or_default();
        Some(line)
    }
}

/// What is no HTTP is seen at once, without waiting for its end.
fn check_start(bytes: &[u8]) -> Result<(), MalformedAnswer> {
    let start = &b"HTTP/1."[..bytes.len().min(7)];
    if bytes.starts_with(start) { Ok(()) } else { Err(MalformedAnswer("it is no HTTP")) }
}

/// Lines end in CR LF, and neither of the two stands alone: not all readers agree what that would mean.
fn check_line_ends(bytes: &[u8]) -> Result<(), MalformedAnswer> {
    let alone = |pair: &[u8]| (pair[0] == b'\r') != (pair[1] == b'\n');
    let is_wrong = bytes.first() == Some(&b'\n') || bytes.windows(2).any(alone);
    if is_wrong { Err(MalformedAnswer("its lines do not end in CR LF")) } else { Ok(()) }
}

/// `HTTP/1.1 200 OK`; the reason may be missing.
fn status(line: &[u8]) -> Result<u16, MalformedAnswer> {
    check_start(line)?;
    let wrong = MalformedAnswer("its status line is wrong");
    let Some((_, [b'0' | b'1', b' ', digits @ ..])) = line.split_at_checked(7) else {
        return Err(wrong);
    };
    let (digits, reason) = digits.split_at_checked(3).ok_or(wrong)?;
    let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    if !reason.is_empty() && (reason[0] != b' ' || !reason.iter().all(is_text)) {
        return Err(wrong);
    }
    let number = digits.iter().try_fold(0, |number: u16, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0'))
    });
    number.filter(|status| (100..600).contains(status)).ok_or(wrong)
}

fn header(line: &[u8]) -> Result<(&[u8], &[u8]), MalformedAnswer> {
    let wrong = MalformedAnswer("a header is wrong");
    let colon = line.iter().position(|byte| *byte == b':').ok_or(wrong)?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    let is_well = !name.is_empty() && name.iter().all(is_token) && value.iter().all(is_text);
    if is_well { Ok((name, value)) } else { Err(wrong) }
}

/// Why something is no answer that an HTTP check understands. See [`AnswerHead`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MalformedAnswer(&'static str);

impl fmt::Display for MalformedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for MalformedAnswer {}
