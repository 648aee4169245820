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
    while let Some(at) = start_of_quotes(rest) {
        let (before, quoted) = rest.split_at(at);
        expected = is_expected(before, expected);
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

/// Where the first quote opens. Within a word, and at its end, a single one is an apostrophe.
fn start_of_quotes(text: &str) -> Option<usize> {
    let mut in_word = false;
    text.char_indices().find_map(|(at, sign)| {
        let opens = matches!(sign, '"' | '`') || sign == '\'' && !in_word;
        in_word = sign.is_alphanumeric();
        opens.then_some(at)
    })
}

/// Behind the quote that closes what the first one opens; a backslash hides a quote. One that never closes
/// takes all.
fn end_of_quotes(quoted: &str) -> usize {
    let bytes = quoted.as_bytes();
    let (sign, mut escaped) = (bytes[0], false);
    let in_word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b > 0x7f);
    for (at, byte) in quoted.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if sign != b'`' => escaped = true,
            b'\'' if sign == b'\'' && in_word(at + 1) => {}
            byte if byte == sign => return at + 1,
            _ => {}
        }
    }
    quoted.len()
}

/// Whether what follows is what a program expects: "expected `a`", and then ", `b` or `c`". What it found
/// instead is not.
fn is_expected(before: &str, was_expected: bool) -> bool {
    let Some((ahead, named)) = before.rsplit_once("expected") else {
        return was_expected && matches!(before.trim_matches([',', ' ']), "" | "or" | "and");
    };
    let turns = |word| matches!(word, "but" | "found" | "got" | "not");
    !ahead.ends_with("un") && !named.contains([',', ';']) && !named.split(' ').any(turns)
}

/// Whether a name follows, of a field or a type: "missing field `id`", "to a `u64`".
fn is_name_next(before: &str) -> bool {
    let mut words = before.trim_end().rsplit(' ');
    let (word, ahead) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match word {
        // The name of something unknown is the client's word.
        "field" | "type" | "header" | "key" => ahead != "unknown",
        "a" | "an" => ahead == "to",
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
            ("unexpected value `hunter2`", "unexpected value …"),
            ("expected `red`, found `hunter2`", "expected `red`, found …"),
            ("expected a `day`, but got `hunter2`", "expected a `day`, but got …"),
            ("unknown type `hunter2`", "unknown type …"),
            ("unknown key `hunter2`", "unknown key …"),
            ("this is not a `hunter2`", "this is not a …"),
            ("invalid value 'hunter2' for 'amount'", "invalid value … for …"),
            ("amount='it's hunter2', and more", "amount=…, and more"),
            ("never closed 'hunter2", "never closed …"),
            ("the clients' can't isn't ours", "the clients' can't isn't ours"),
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
