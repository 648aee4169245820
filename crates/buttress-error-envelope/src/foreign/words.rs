//! What of a text may be told to a client: what is wrong with the request, and nothing that was in it.

use std::borrow::Cow;

use buttress_core::Redact;

/// How long a message may be, in bytes.
const MOST: usize = 300;

/// The text without secrets, quoted values, names of files and control characters, cut to 300 bytes; nothing if nothing is
/// left of it.
pub(crate) fn harmless(text: &str, redact: &Redact) -> Option<String> {
    let plain: String = text.trim().chars().map(|c| if is_control(c) { ' ' } else { c }).collect();
    let message = redact.text(&without_paths(&without_values(&plain)), MOST).into_owned();
    (!message.is_empty()).then_some(message)
}

/// Where files of a machine are, which are nobody's business outside.
const ROOTS: [&str; 12] = [
    "/etc/",
    "/home/",
    "/opt/",
    "/private/",
    "/proc/",
    "/root/",
    "/srv/",
    "/tmp/",
    "/Users/",
    "/usr/",
    "/var/",
    ":\\",
];

/// Leaves out the words that name a file.
fn without_paths(text: &str) -> Cow<'_, str> {
    let names_file = |word: &str| ROOTS.iter().any(|root| word.contains(root));
    if !names_file(text) {
        return Cow::Borrowed(text);
    }
    let shown = |word| if names_file(word) { "…" } else { word };
    Cow::Owned(text.split(' ').map(shown).collect::<Vec<_>>().join(" "))
}

/// Control characters, and those that change the direction in which text is read.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Leaves out what stands in quotes or backticks: serde and its like quote what a client sent, which may be a
/// password in the wrong place. What a program expects, the name of a field and the name of a type stay.
pub(crate) fn without_values(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    let mut expected = false;
    while let Some(at) = rest.find(['"', '`']) {
        let (before, quoted) = rest.split_at(at);
        expected |= before.contains("expected") || before.contains("there are no fields");
        let end = end_of_quotes(quoted);
        shown.push_str(before);
        if quoted.starts_with('`') && (expected || is_name_next(before)) {
            shown.push_str(&quoted[..end]);
        } else {
            shown.push('…');
        }
        rest = &quoted[end..];
    }
    if shown.is_empty() {
        return Cow::Borrowed(text);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Behind the quote that closes what the first one opens; a backslash hides a quote. One that never closes
/// takes all.
fn end_of_quotes(quoted: &str) -> usize {
    let (sign, mut escaped) = (quoted.as_bytes()[0], false);
    for (at, byte) in quoted.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if sign == b'"' => escaped = true,
            byte if byte == sign => return at + 1,
            _ => {}
        }
    }
    quoted.len()
}

/// Whether a name follows, of a field or a type: "missing field `id`", "to a `u64`".
fn is_name_next(before: &str) -> bool {
    let word = before.trim_end().rsplit(' ').next().unwrap_or_default();
    let before = &before[..before.trim_end().len() - word.len()];
    let unknown = before.trim_end().ends_with("unknown");
    match word {
        // The name of an unknown field is the client's word.
        "field" => !unknown,
        "type" | "a" | "an" | "header" | "key" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_sent_is_left_out() {
        let cases = [
            (
                r#"a: invalid type: string "hunter2", expected u32 at line 1 column 10"#,
                "a: invalid type: string …, expected u32 at line 1 column 10",
            ),
            (
                r#"invalid value: string "a\"b, expected `c`", expected a day"#,
                "invalid value: string …, expected a day",
            ),
            (
                "unknown variant `hunter2`, expected one of `red`, `green`",
                "unknown variant …, expected one of `red`, `green`",
            ),
            ("unknown field `hunter2`, expected `id`", "unknown field …, expected `id`"),
            ("missing field `id`", "missing field `id`"),
            ("duplicate field `id`", "duplicate field `id`"),
            (
                "invalid type: integer `42`, expected a string",
                "invalid type: integer …, expected a string",
            ),
            (
                "Invalid URL: Cannot parse `hunter2` to a `u64`",
                "Invalid URL: Cannot parse … to a `u64`",
            ),
            ("never closed \"hunter2", "never closed …"),
            ("never closed `hunter2", "never closed …"),
            ("nothing quoted", "nothing quoted"),
        ];
        for (text, shown) in cases {
            assert_eq!(without_values(text), shown);
        }
    }

    #[test]
    fn a_message_is_one_short_line() {
        let redact = Redact::default();
        let message =
            harmless(" no\r\nlines\u{1b}[31m \u{202e} and a@example.org ", &redact).unwrap();
        assert_eq!(message, "no  lines [31m   and ***@example.org");
        assert!(harmless(&"x ".repeat(10_000), &redact).unwrap().len() <= MOST);
        assert_eq!(harmless(" \n", &redact), None);
        let message =
            harmless(r"cannot open /home/ada/x.db, nor C:\Users\x, for /orders/7", &redact);
        assert_eq!(message.unwrap(), "cannot open … nor … for /orders/7");
    }
}
