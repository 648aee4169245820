//! Where a value that is to be hidden ends: where in doubt, later.

use std::ops::Range;

use super::pair::Separator;
use super::scan::{Window, names_byte};
use super::shape::behind_scheme;

/// How far an unnamed value is followed in search of the `&` behind it.
const FAR: usize = 256;

/// What a text may begin with in XML, and is no part of it.
const CDATA: &str = "<![CDATA[";

/// The value at `from`. A header's reaches to the end of its `line`, or to the quote that stood before
/// its name.
pub(super) fn value(
    text: &Window<'_>,
    separator: Separator,
    from: usize,
    line: Option<u8>,
) -> Range<usize> {
    if separator == Separator::Tag {
        let from = if text.starts_with(from, CDATA) { from + CDATA.len() } else { from };
        return from..text.span(from, |b| b != b'<');
    }
    let escapes = text.span(from, |b| b == b'\\') - from;
    if matches!(text.byte(from + escapes), b'"' | b'\'') {
        return from + escapes + 1..closing(text, from + escapes, escapes).0;
    }
    match line {
        Some(quote @ (b'"' | b'\'' | b'`')) => {
            from..text.span(from, |b| !matches!(b, b'\r' | b'\n') && b != quote)
        }
        Some(_) => from..text.span(from, |b| !matches!(b, b'\r' | b'\n')),
        None => from..bare(text, behind_scheme(text, from)),
    }
}

/// Whether `value` and then `&other=` stand here, as in a form.
pub(super) fn before_ampersand(text: &Window<'_>, from: usize) -> bool {
    let end =
        text.span_up_to(FAR, from, |b| b.is_ascii_graphic() && !matches!(b, b'&' | b'"' | b'\''));
    text.byte(end) == b'&' && names_byte(text.byte(end + 1)) && parted(text, end + 1)
}

/// The end of what the quote at `quote` opens, and the position behind it. `escapes` backslashes stood
/// before the quote, so as many stand before the one that closes. One that never closes takes all.
pub(super) fn closing(text: &Window<'_>, quote: usize, escapes: usize) -> (usize, usize) {
    let sign = text.byte(quote);
    let mut run = 0;
    for at in quote + 1..text.text.len() {
        match text.byte(at) {
            b'\\' => run += 1,
            byte if byte == sign && (run == escapes || escapes == 0 && run % 2 == 0) => {
                return (at - escapes.min(run), at + 1);
            }
            _ => run = 0,
        }
    }
    (text.text.len(), text.text.len())
}

/// The end of a value without quotes: at a blank, or at a separator that another pair follows. Brackets
/// and the quotes within are taken whole, as in `Some("…")` or a list.
fn bare(text: &Window<'_>, from: usize) -> usize {
    let (mut at, mut depth, mut whole) = (from, 0_usize, from);
    while at < text.text.len() {
        let byte = text.byte(at);
        match byte {
            b'"' | b'\'' if depth > 0 => {
                (_, at) = closing(text, at, 0);
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth > 0 => {
                depth -= 1;
                whole = if depth == 0 { at + 1 } else { whole };
            }
            _ if depth == 0 && ends(text, at) => break,
            _ => {}
        }
        at += 1;
    }
    // A bracket that never closed took all.
    if depth > 0 { at } else { without_punctuation(text, whole, at) }
}

fn ends(text: &Window<'_>, at: usize) -> bool {
    let next = text.byte(at + 1);
    match text.byte(at) {
        byte if byte.is_ascii_whitespace() => true,
        b'"' | b'\'' | b'`' => !next.is_ascii_alphanumeric(),
        b'\\' => matches!(next, b'"' | b'\''),
        b'&' | b',' | b';' => {
            !next.is_ascii_graphic()
                || matches!(next, b'"' | b'\'' | b'{' | b'[')
                || parted(text, at + 1)
        }
        b'%' => text.escaped_delimiter(at) == Some(b'&'),
        _ => false,
    }
}

/// Whether a name and its separator stand here.
fn parted(text: &Window<'_>, from: usize) -> bool {
    let end = text.span_up_to(64, from, names_byte);
    end > from && (matches!(text.byte(end), b'=' | b':'))
}

fn without_punctuation(text: &Window<'_>, least: usize, end: usize) -> usize {
    let punctuation = |b: u8| {
        matches!(b, b')' | b']' | b'}' | b'>' | b'.' | b',' | b';' | b':' | b'"' | b'\'' | b'`')
    };
    (least..end).rev().find(|&at| !punctuation(text.byte(at))).map_or(least, |last| last + 1)
}
