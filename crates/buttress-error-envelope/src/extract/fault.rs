//! What serde says of a value that does not fit, told so that nothing of the value is told.

use std::fmt::Write;

use buttress_core::{Detail, Place, Problem, Redact};
use serde_path_to_error::{Path, Segment};

use crate::foreign::harmless;

/// How long a pointer may be, in bytes: its names may be the client's own.
const LONGEST_POINTER: usize = 256;

/// What is wrong with a value, as a detail. Whoever renders it redacts by its own rules as well.
pub(super) fn detail(place: Place, path: &Path, said: &str, at: Option<(usize, usize)>) -> Detail {
    let redact = Redact::default();
    let said = at.map_or(said, |_| said.rsplit_once(" at line ").map_or(said, |(said, _)| said));
    let mut message = harmless(said, &redact).unwrap_or_else(|| "does not fit".to_owned());
    if let Some((line, column)) = at {
        // Writing to a string does not fail.
        let _ = write!(message, " (line {line}, column {column})");
    }
    let pointer = match place {
        Place::Body => redact.pointer(&pointer(path, own_name(said)), LONGEST_POINTER).into_owned(),
        _ => redact.text(name(path, own_name(said)), LONGEST_POINTER).into_owned(),
    };
    let detail = Detail::at(place, pointer, reason(said), message);
    match at {
        Some((line, column)) => detail.with_position(number(line), number(column)),
        None => detail,
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The problem of values that do not fit.
pub(super) fn unfit(detail: Detail) -> Problem {
    Problem::validation([detail]).with_words_of_others()
}

/// A JSON pointer to what does not fit; to a field that is missing, as if it were there.
fn pointer(path: &Path, own_name: Option<&str>) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => drop(write!(pointer, "/{index}")),
            Segment::Map { key } => push(&mut pointer, key),
            // The variant of an enum is no step, unless it is written as a key.
            Segment::Enum { variant } => push(&mut pointer, variant),
            Segment::Unknown => pointer.push_str("/?"),
        }
    }
    if let Some(field) = own_name {
        push(&mut pointer, field);
    }
    pointer
}

fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// The name of a parameter.
fn name<'a>(path: &'a Path, own_name: Option<&'a str>) -> &'a str {
    let first = path.iter().find_map(|segment| match segment {
        Segment::Map { key } => Some(key.as_str()),
        _ => None,
    });
    first.or(own_name).unwrap_or_default()
}

/// The name of a field that is not there, or is there twice: the program's own word, if serde begins with it. Further
/// on the same words may be those of a value.
fn own_name(said: &str) -> Option<&str> {
    const NAMING: [&str; 2] = ["missing field `", "duplicate field `"];
    let (name, _) = NAMING.iter().find_map(|words| said.strip_prefix(words))?.split_once('`')?;
    Some(name)
}

/// A stable name for what serde says in words.
fn reason(said: &str) -> &'static str {
    const REASONS: [(&str, &str); 7] = [
        ("missing field", "missing_field"),
        ("unknown field", "unknown_field"),
        ("duplicate field", "duplicate_field"),
        ("unknown variant", "unknown_variant"),
        ("invalid type", "invalid_type"),
        ("invalid length", "invalid_length"),
        ("invalid value", "invalid_value"),
    ];
    let known = REASONS.iter().find(|(start, _)| said.starts_with(start));
    known.map_or("invalid", |(_, reason)| reason)
}
