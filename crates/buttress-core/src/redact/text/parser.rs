//! What a parser says of a value in the place of the value: `password: invalid type: integer …, expected a string`.
//!
//! Only what serde, its formats and std say from the first word to the last is known. Of a password that begins in the
//! same way nothing is shown.

use super::scan::{Step, Window};
use super::value::closing;

/// What does not fit, with what it is: the value follows in quotes.
const UNFIT: [&str; 2] = ["invalid type: ", "invalid value: "];

/// What a value may be. Of two that begin alike, the longer one stands first.
const KINDS: [&str; 20] = [
    "boolean",
    "integer",
    "floating point",
    "character",
    "string",
    "byte array",
    "unit variant",
    "unit value",
    "Option value",
    "newtype struct",
    "newtype variant",
    "tuple variant",
    "struct variant",
    "sequence",
    "map",
    "enum",
    "null",
    "unit",
    "struct",
    "tuple",
];

/// Behind these the word of a client follows in quotes.
const UNKNOWN: [&str; 2] = ["unknown field", "unknown variant"];

/// Behind these a word of the program does.
const OWN: [&str; 2] = ["missing field `", "duplicate field `"];

/// What stands before a place: what is no JSON at all.
const SYNTAX: [&str; 14] = [
    "EOF while parsing a list",
    "EOF while parsing a string",
    "EOF while parsing a value",
    "EOF while parsing an object",
    "control character (\\u0000-\\u001F) found while parsing a string",
    "expected `,` or `]`",
    "expected `,` or `}`",
    "expected `:`",
    "expected ident",
    "expected value",
    "invalid escape",
    "invalid number",
    "number out of range",
    "trailing comma",
];

/// What std says of a number in a text.
const NUMBERS: [&str; 5] = [
    "cannot parse integer from empty string",
    "invalid digit found in string",
    "invalid float literal",
    "number too large to fit in target type",
    "number too small to fit in target type",
];

/// Keeps the words of a parser that stand here, and hides the value that they quote.
pub(super) fn said(text: &Window<'_>, from: usize) -> Option<Step> {
    let behind = |at: usize, all: &[&str]| {
        all.iter().find(|words| text.starts_with(at, words)).map(|words| at + words.len())
    };
    if let Some(at) = behind(from, &UNFIT) {
        return quoted(text, behind(at, &KINDS)?);
    }
    if let Some(at) = behind(from, &UNKNOWN) {
        return quoted(text, at);
    }
    let end = behind(from, &OWN)
        .or_else(|| behind(behind(from, &SYNTAX)?, &[" at line "]))
        .or_else(|| behind(from, &NUMBERS).filter(|end| ends(text, *end)))
        .or_else(|| {
            let digits = behind(from, &["invalid length "])?;
            behind(text.span_up_to(20, digits, |byte| byte.is_ascii_digit()), &[", expected "])
        })?;
    Some(Step::Keep(end))
}

/// The value in quotes that stands here, if any does.
fn quoted(text: &Window<'_>, at: usize) -> Option<Step> {
    const LEFT_OUT: &str = " …";
    if text.starts_with(at, ", expected ") {
        return Some(Step::Keep(at));
    }
    if text.starts_with(at, LEFT_OUT) {
        return Some(Step::Keep(at + LEFT_OUT.len()));
    }
    let quote = at + 1;
    let is_quoted = text.byte(at) == b' ' && matches!(text.byte(quote), b'"' | b'`');
    is_quoted.then(|| text.hidden(quote + 1..closing(text, quote, 0).0))
}

/// Whether what ends here goes on in no other way.
fn ends(text: &Window<'_>, at: usize) -> bool {
    !text.byte(at).is_ascii_alphanumeric() && text.byte(at) < 0x80
}
