//! A name that betrays a secret, and the value that follows it.

use std::ops::Range;

use super::scan::{Run, Scan, Step, Window, names_byte};
use super::{parser, value};
use crate::redact::mask;
use crate::redact::names::Names;

/// How many blanks may stand around a separator.
const BLANKS: usize = 8;

/// What stands between a name and its value.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Separator {
    /// `name=value`, `name => value`
    Equals,
    /// `name: value`
    Colon,
    /// `name%3Dvalue`
    Escaped,
    /// `--name value`
    Blank,
    /// `<name>value</name>`
    Tag,
}

/// `password=…`, `"token": "…"`, `Cookie: …`, `?code=…`, `--api-key …`, `<secret>…</secret>`.
pub(super) fn pair(scan: &mut Scan<'_>, names: &Names, at: usize) -> Option<Step> {
    if scan.escaped_delimiter(at).is_some() {
        return Some(Step::Keep(at + 3));
    }
    let end = scan.fresh(Run::Name, at)?;
    let name = &scan.text[at..end];
    let (separator, from) = separator(scan, at..end)?;
    let field = names.field(name);
    if !field && Names::phone(name) {
        return phone(scan, from);
    }
    let known = field || names.query_key(name) && in_query(scan, at, from);
    if !known {
        return None;
    }
    let line = separator == Separator::Colon && names.header(name);
    if separator == Separator::Colon
        && !line
        && let Some(step) = parser::said(scan, from)
    {
        return Some(step);
    }
    let Range { start, end } = value::value(scan, separator, from, line.then(|| scan.before(at)));
    let shown = &scan.text[start..end];
    if start == end || matches!(shown, "null" | "None" | "nil" | "undefined") {
        return None;
    }
    Some(scan.hidden(start..end))
}

/// What is called a telephone number, however it is written.
fn phone(text: &Window<'_>, from: usize) -> Option<Step> {
    let start = text.span_up_to(2, from, |b| matches!(b, b'"' | b'\'' | b'\\'));
    let sign = |b: u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'(' | b')' | b'/' | b' ');
    let end = text.span_up_to(24, start, sign);
    let last = text.text.as_bytes()[start..end].iter().rposition(u8::is_ascii_digit)?;
    let number = &text.text[start..=start + last];
    mask::long_enough(number).then(|| Step::Mask {
        start,
        end: start + last + 1,
        with: mask::phone(number).into(),
    })
}

/// The separator behind `name`, and where the value begins.
fn separator(text: &Window<'_>, name: Range<usize>) -> Option<(Separator, usize)> {
    let blank = |b: u8| matches!(b, b' ' | b'\t');
    if let Some(from) = behind_tag(text, &name) {
        return Some((Separator::Tag, from));
    }
    // `"name"`, `\"name\"`, `form[name]`, `name[0]`
    let closed = behind_index(text, name.end);
    let closed = text.span_up_to(4, closed, |b| matches!(b, b'"' | b'\'' | b'\\' | b'`' | b']'));
    if text.escaped_delimiter(closed) == Some(b'=') {
        return Some((Separator::Escaped, closed + 3));
    }
    let at = text.span_up_to(BLANKS, closed, blank);
    let (separator, from) = match (text.byte(at), text.byte(at + 1)) {
        // A comparison, a path of Rust, a link.
        (b'=', b'=' | b'~') | (b':', b':') => return None,
        (b':', b'/') if text.byte(at + 2) == b'/' => return None,
        (b'=', b'>') | (b':', b'=') => (Separator::Equals, at + 2),
        (b'=', _) => (Separator::Equals, at + 1),
        (b':', _) => (Separator::Colon, at + 1),
        (next, _) if at > name.end && closed == name.end && text.starts_with(name.start, "--") => {
            return (next != b'-').then_some((Separator::Blank, at));
        }
        _ => return None,
    };
    Some((separator, text.span_up_to(BLANKS, from, blank)))
}

/// Where the text begins behind the tag that has this name: `<name>`, `<a:name kind="…">`.
fn behind_tag(text: &Window<'_>, name: &Range<usize>) -> Option<usize> {
    let is_opened = match text.before(name.start) {
        b'<' => true,
        b':' => opens_a_space(text, name.start - 1),
        _ => false,
    };
    if !is_opened || !matches!(text.byte(name.end), b'>' | b' ' | b'\t' | b'\r' | b'\n') {
        return None;
    }
    let end = text.span_up_to(LONGEST, name.end, |b| !matches!(b, b'<' | b'>'));
    (text.byte(end) == b'>' && text.before(end) != b'/').then_some(end + 1)
}

/// Whether `<a` stands before `end`.
fn opens_a_space(text: &Window<'_>, end: usize) -> bool {
    let name = &text.text.as_bytes()[end.saturating_sub(SPACE)..end];
    let mut before = name.iter().rev().skip_while(|byte| names_byte(**byte));
    before.next() == Some(&b'<')
}

/// How far the end of a tag may be.
const LONGEST: usize = 256;
/// How long the name of a space of names may be, with the `<` before it.
const SPACE: usize = 32;

/// Where `[]` or `[0]` ends, or the `]` of `form[name]` that is escaped; `at` if neither stands there.
fn behind_index(text: &Window<'_>, at: usize) -> usize {
    let sign = |sign: u8, at: usize| match text.escaped_delimiter(at) {
        Some(escaped) if escaped == sign => Some(at + 3),
        _ => (text.byte(at) == sign).then_some(at + 1),
    };
    let digits = sign(b'[', at).unwrap_or(at);
    let close = text.span_up_to(4, digits, |b| b.is_ascii_digit() && digits > at);
    sign(b']', close).unwrap_or(at)
}

/// Whether a name stands in a query: `?name=`, `&name=`, or `name=…&other=` in a form.
fn in_query(text: &Window<'_>, name: usize, value: usize) -> bool {
    let escaped = name.checked_sub(3).and_then(|at| text.escaped_delimiter(at));
    let delimits = |b: u8| matches!(b, b'?' | b'&' | b'#');
    delimits(text.before(name))
        || escaped.is_some_and(delimits)
        || value::before_ampersand(text, value)
}
