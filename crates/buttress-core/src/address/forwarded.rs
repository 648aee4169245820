//! The `Forwarded` header of RFC 7239, read from the right.

use super::hop::Hop;
use super::list::FromRight;

/// The longest address with a port, in brackets, with some room for a zone.
const LONGEST_NODE: usize = 80;

/// The `for` hops, from the right; `None` where one cannot be told. So come the lines, too.
pub(super) fn hops<'a>(lines: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Option<Hop>> {
    FromRight::new(lines, last_comma).map(|element| hop(element?))
}

/// Finds the last comma outside quotes, seen from the right.
///
/// A scan from the left would let a client open a quote and never close it, and so swallow what the
/// proxies add. From the right, their well-formed elements read the same whatever stands before them:
/// a quote that opens follows an equals sign, so a quote after an odd number of backslashes is text.
fn last_comma(list: &[u8]) -> Option<usize> {
    let mut quoted = false;
    (0..list.len()).rev().find(|&at| {
        quoted ^= list[at] == b'"' && !ends_escaping(&list[..at]);
        list[at] == b',' && !quoted
    })
}

fn ends_escaping(text: &[u8]) -> bool {
    text.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// The `for` of one element; `None` if there is none, or two, or if any part breaks the grammar.
fn hop(element: &[u8]) -> Option<Hop> {
    let mut found = None;
    let mut rest = Some(element);
    while let Some(text) = rest {
        let (name, value);
        ((name, value), rest) = next_pair(text.trim_ascii_start())?;
        let is_for = name.eq_ignore_ascii_case(b"for");
        if is_for && found.replace(node(value)?).is_some() {
            return None;
        }
    }
    found
}

type Pair<'a> = (&'a [u8], &'a [u8]);

/// Takes one pair, which may be empty, and what stands after its semicolon.
fn next_pair(text: &[u8]) -> Option<(Pair<'_>, Option<&[u8]>)> {
    let (name, text) = token(text);
    let (value, text) =
        if name.is_empty() { (name, text) } else { value(text.strip_prefix(b"=")?)? };
    match text.trim_ascii_start() {
        [] => Some(((name, value), None)),
        [b';', rest @ ..] => Some(((name, value), Some(rest))),
        _ => None,
    }
}

/// Takes a token or a quoted string, whose escapes are left in.
fn value(text: &[u8]) -> Option<Pair<'_>> {
    let Some(text) = text.strip_prefix(b"\"") else {
        return Some(token(text)).filter(|(value, _)| !value.is_empty());
    };
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some((&text[..end], &text[end + 1..]))
}

fn token(text: &[u8]) -> Pair<'_> {
    text.split_at(text.iter().position(|&byte| !is_token(byte)).unwrap_or(text.len()))
}

/// The `tchar` of RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    matches!(
        byte,
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\''
            | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
    )
}

/// Reads the value without its escapes.
fn node(value: &[u8]) -> Option<Hop> {
    if !value.contains(&b'\\') {
        return Hop::parse(value);
    }
    let mut plain = [0; LONGEST_NODE];
    let mut length = 0;
    let mut escaping = false;
    for &byte in value {
        escaping = byte == b'\\' && !escaping;
        if !escaping {
            *plain.get_mut(length)? = byte;
            length += 1;
        }
    }
    Hop::parse(&plain[..length])
}
