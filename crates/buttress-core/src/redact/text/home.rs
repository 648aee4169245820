//! The names of people in the paths of their files.

use super::scan::{Scan, Step, Window};
use crate::redact::mask;

/// The folders that the homes of a machine stand in.
const HOMES: [&str; 2] = ["home", "Users"];

/// Where else than at the root these folders are found.
const MOUNTS: [&str; 5] = ["/usr", "/var", "/export", "/mnt", "/System/Volumes/Data"];

/// What stands before the path of a web page, which no file has.
const METHODS: [&str; 7] = ["GET ", "HEAD ", "POST ", "PUT ", "PATCH ", "DELETE ", "OPTIONS "];

/// How far a name with spaces may reach.
const LONGEST: usize = 64;

/// The name in `/home/ada/…`, `/Users/ada/…` or `C:\Users\ada\…`, also with separators that are escaped.
pub(super) fn home(scan: &Scan<'_>, at: usize) -> Option<Step> {
    if !matches!(scan.byte(at), b'/' | b'\\' | b'%') || matches!(scan.before(at), b'/' | b'\\') {
        return None;
    }
    let (folder, slash) = separators(scan, at)?;
    let drive = on_drive(scan, at);
    let windows = drive || !slash;
    let homes = if drive || slash { &HOMES[..] } else { &HOMES[1..] };
    let name = behind_folder(scan, folder, homes, windows)?;
    if !windows && !at_root(scan, at, folder) {
        return None;
    }
    let end = name_end(scan, name);
    if end == name {
        return None;
    }
    if !windows || mask::hides(&scan.text[name..end]) {
        return Some(scan.hidden(name..end));
    }
    Some(scan.hidden(name..with_spaces(scan, name).unwrap_or(end)))
}

/// The end of one separator, and whether a slash is in it: `/`, `\`, or either of them escaped.
fn separators(text: &Window<'_>, from: usize) -> Option<(usize, bool)> {
    let (mut at, mut slash) = (from, false);
    for _ in 0..4 {
        let escaped = text.escaped_delimiter(at);
        match escaped.unwrap_or(text.byte(at)) {
            b'/' => slash = true,
            b'\\' => {}
            _ => break,
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    (at > from).then_some((at, slash))
}

/// Where the name begins, if one of `homes` and a separator stand at `at`. Windows knows no capitals;
/// elsewhere `/users/` is a path of the web.
fn behind_folder(text: &Window<'_>, at: usize, homes: &[&str], windows: bool) -> Option<usize> {
    let stands = |folder: &str| {
        if windows { text.starts_with_any_case(at, folder) } else { text.starts_with(at, folder) }
    };
    let folder = homes.iter().find(|folder| stands(folder))?;
    separators(text, at + folder.len()).map(|(name, _)| name)
}

/// Whether `C:` stands before `at`.
fn on_drive(text: &Window<'_>, at: usize) -> bool {
    text.before(at) == b':'
        && at.checked_sub(2).is_some_and(|letter| {
            text.byte(letter).is_ascii_alphabetic() && text.starts_word(letter)
        })
}

/// Whether the path begins here, or in a mount of its own, and is not that of a web page.
fn at_root(text: &Window<'_>, at: usize, folder: usize) -> bool {
    let before = &text.text.as_bytes()[..at];
    let mount = MOUNTS.iter().find(|mount| before.ends_with(mount.as_bytes()));
    let at = mount.map_or_else(|| mounted_drive(before).unwrap_or(at), |mount| at - mount.len());
    // The host of a link stands behind `://`, the folder of a `file:///`.
    let host = text.before(at) == b':' && folder == at + 2 && !text.starts_word(at - 1);
    let before = &text.text.as_bytes()[..at];
    starts_path(before)
        && !host
        && !METHODS.iter().any(|method| before.ends_with(method.as_bytes()))
}

/// Where `/c`, `/mnt/c` or `/cygdrive/c` begins, if it ends the text.
fn mounted_drive(before: &[u8]) -> Option<usize> {
    let (rest, [b'/', letter]) = before.split_last_chunk::<2>()? else { return None };
    if !letter.is_ascii_alphabetic() {
        return None;
    }
    let rest = rest.strip_suffix(b"/mnt").or_else(|| rest.strip_suffix(b"/cygdrive"));
    Some(rest.map_or(before.len() - 2, <[u8]>::len))
}

/// Whether a path that follows has nothing before it: no folder, no host, no port.
const fn starts_path(before: &[u8]) -> bool {
    match before {
        // An escape, as in a query, or in the `Debug` of a text of several lines.
        [.., b'%', _, _] | [.., b'\\', b'n' | b'r' | b't'] | [] => true,
        [.., b'.' | b'_' | b'-' | b'~' | b'%' | b'*' | b']' | b'/' | b'\\'] => false,
        [.., byte] => !byte.is_ascii_alphanumeric(),
    }
}

/// The end of a name without spaces. The dots behind it are those of a sentence.
fn name_end(text: &Window<'_>, from: usize) -> usize {
    let rest = &text.text[from..];
    let ends = |at: usize, c: char| match c {
        '\'' => !text.byte(from + at + 1).is_ascii_alphanumeric(),
        '%' => text.escaped_delimiter(from + at).is_some(),
        _ => c.is_whitespace() || c.is_control() || delimits(c),
    };
    let end = rest.char_indices().find(|&(at, c)| ends(at, c)).map_or(rest.len(), |(at, _)| at);
    from + rest[..end].trim_end_matches('.').len()
}

const fn delimits(c: char) -> bool {
    matches!(
        c,
        '/' | '\\'
            | ':'
            | ','
            | ';'
            | '"'
            | '`'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '<'
            | '>'
            | '|'
            | '?'
            | '#'
            | '&'
            | '='
            | '!'
            | '‘'..='‟' | '«' | '»'
    )
}

/// The end of a name that may have spaces, which a separator must follow: `Alan Turing\`.
fn with_spaces(text: &Window<'_>, from: usize) -> Option<usize> {
    let separator = text.byte(from - 1);
    let inside = |b: u8| {
        !b.is_ascii_control()
            && !matches!(
                b,
                b'/' | b'\\' | b':' | b'*' | b'?' | b'"' | b'<' | b'>' | b'|' | b',' | b';'
            )
    };
    let end = text.span_up_to(LONGEST, from, inside);
    (text.byte(end) == separator).then_some(end)
}
