//! Free text: one pass from left to right, repeated until it finds nothing more.

mod address;
mod home;
mod look;
mod number;
mod pair;
mod parser;
mod scan;
mod shape;
mod value;

use std::borrow::Cow;

pub(super) use self::scan::names_byte;
use self::scan::{Scan, Step};
pub(super) use self::shape::key_prefix;
use super::mask::MASK;
use super::names::Names;

const ELLIPSIS: &str = "…";

/// One pass settles ordinary text, a second sees that it did. A mask or a cut may join what stood apart,
/// which the next pass finds; text that goes on like that was made to.
const PASSES: usize = 5;

/// Redacts `text`, then cuts it to `max_len` bytes.
pub(super) fn text<'t>(names: &Names, text: &'t str, max_len: usize) -> Cow<'t, str> {
    let mut settled = Cow::Borrowed(text);
    for _ in 0..PASSES {
        match pass(names, &settled, max_len) {
            None => return settled,
            Some(next) => settled = Cow::Owned(next),
        }
    }
    Cow::Borrowed(if max_len < MASK.len() { "" } else { MASK })
}

/// The text redacted and cut, unless it needs neither.
fn pass(names: &Names, text: &str, max_len: usize) -> Option<String> {
    let mut scan = Scan::new(text);
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    // What lies behind the limit is not looked at, but what begins before it is seen to its end.
    while at < text.len() && out.len() + (at - copied) <= max_len {
        at = match step(&mut scan, names, at) {
            Step::Keep(next) => next,
            Step::Mask { start, end, with } => {
                out.push_str(&text[copied..start]);
                out.push_str(&with);
                copied = end;
                end
            }
        };
    }
    let rest = &text[copied..];
    if out.len() + rest.len() > max_len {
        return Some(cut(&out, rest, max_len));
    }
    (copied > 0).then(|| out + rest)
}

/// Asks each detector in turn: the surer ones first, as what one claims no other sees.
fn step(scan: &mut Scan<'_>, names: &Names, at: usize) -> Step {
    shape::private_key(scan, at)
        .or_else(|| shape::issued_key(scan, at))
        .or_else(|| shape::web_token(scan, at))
        .or_else(|| address::user_info(scan, at))
        .or_else(|| address::escaped_user_info(scan, at))
        .or_else(|| home::home(scan, at))
        .or_else(|| pair::pair(scan, names, at))
        .or_else(|| shape::credentials(scan, at))
        .or_else(|| address::email(scan, at))
        .or_else(|| number::card(scan, at))
        .or_else(|| number::phone(scan, at))
        .or_else(|| look::random(scan, at))
        .unwrap_or(Step::Keep(at + 1))
}

fn cut(out: &str, rest: &str, max_len: usize) -> String {
    let Some(room) = max_len.checked_sub(ELLIPSIS.len()) else { return String::new() };
    let kept = floor(out, room);
    let more = if kept < out.len() { "" } else { &rest[..floor(rest, room - kept)] };
    format!("{}{more}{ELLIPSIS}", &out[..kept])
}

/// The last boundary between two characters up to `room`.
fn floor(text: &str, room: usize) -> usize {
    (0..=room.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
