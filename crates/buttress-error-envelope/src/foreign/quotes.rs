//! What stands in quotes.

use std::borrow::Cow;

use super::own_words::{behind_phrase, is_expected, is_name_next};

/// Leaves out what stands in quotes: serde and its like quote what a client sent, which may be a password in the
/// wrong place. What stays stands in backticks, and is known to be the program's own word.
pub(super) fn without_values(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let (mut rest, mut expected) = (text, false);
    while let Some(at) = start_of_quotes(rest) {
        if let Some(behind) = behind_phrase(rest, at) {
            shown.push_str(&rest[..behind]);
            (rest, expected) = (&rest[behind..], false);
            continue;
        }
        let (before, quoted) = rest.split_at(at);
        expected = is_expected(before, expected);
        let end = end_of_quotes(quoted);
        shown.push_str(before);
        if quoted.starts_with('`') && (expected || is_name_next(&shown)) {
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

/// What closes a quote that this opens; nothing if it opens none.
const fn closing(opening: char) -> Option<&'static [char]> {
    Some(match opening {
        '"' => &['"'],
        '`' => &['`'],
        '\'' => &['\''],
        '‘' | '’' | '‛' => &['’'],
        '‚' => &['‘', '’'],
        '“' | '”' | '‟' => &['”'],
        '„' => &['“', '”'],
        '«' => &['»'],
        '»' => &['«'],
        '‹' => &['›'],
        '›' => &['‹'],
        '「' => &['」'],
        '『' => &['』'],
        '＂' => &['＂'],
        _ => return None,
    })
}

const fn is_apostrophe(sign: char) -> bool {
    matches!(sign, '\'' | '’')
}

/// Where the first quote opens. Within a word, and at its end, an apostrophe is one; but not behind `b` and its like,
/// as in `b'bytes'`.
fn start_of_quotes(text: &str) -> Option<usize> {
    let mut word = "";
    text.char_indices().find_map(|(at, sign)| {
        let is_in_word =
            !word.is_empty() && !matches!(word, "b" | "B" | "f" | "r" | "u" | "x" | "X");
        let opens = closing(sign).is_some() && !(is_apostrophe(sign) && is_in_word);
        word =
            if sign.is_alphanumeric() { &text[at - word.len()..at + sign.len_utf8()] } else { "" };
        opens.then_some(at)
    })
}

/// Behind the quote that closes what the first one opens, and all that is quoted within; a backslash hides a quote, but
/// in backticks. One that never closes takes all.
fn end_of_quotes(quoted: &str) -> usize {
    let mut signs = quoted.char_indices();
    let opening = signs.next().map_or('"', |(_, opening)| opening);
    let closing = closing(opening).unwrap_or_default();
    let (mut depth, mut escaped, mut last) = (1, false, opening);
    for (at, sign) in signs {
        let behind = at + sign.len_utf8();
        let before_word = quoted[behind..].starts_with(char::is_alphanumeric);
        // Of two signs that look the same, the one behind a blank and before a word opens another quote.
        let opens = sign == opening && (last == ' ' && before_word || !closing.contains(&sign));
        match sign {
            _ if escaped => escaped = false,
            '\\' if opening != '`' => escaped = true,
            _ if opens => depth += 1,
            _ if closing.contains(&sign) && !(is_apostrophe(sign) && before_word) => {
                depth -= 1;
                if depth == 0 {
                    return behind;
                }
            }
            _ => {}
        }
        last = sign;
    }
    quoted.len()
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
                "invalid type: integer `42`, expected a string",
                "invalid type: integer …, expected a string",
            ),
            ("invalid api key `hunter2`", "invalid api key …"),
            ("unsupported type `hunter2`", "unsupported type …"),
            ("unexpected field `hunter2`", "unexpected field …"),
            ("unrecognized header `hunter2`", "unrecognized header …"),
            ("no such type `hunter2`", "no such type …"),
            ("unknown type `hunter2`", "unknown type …"),
            ("unknown key `hunter2`", "unknown key …"),
            ("unexpected value `hunter2`", "unexpected value …"),
            ("this is not a `hunter2`", "this is not a …"),
            ("changed `hunter2` to a `hunter3`", "changed … to a …"),
            ("invalid value 'hunter2' for 'amount'", "invalid value … for …"),
            ("nothing quoted", "nothing quoted"),
        ];
        for (text, shown) in cases {
            assert_eq!(without_values(text), shown);
        }
    }

    #[test]
    fn what_the_program_says_itself_stays() {
        let cases = [
            (
                "unknown variant `hunter2`, expected one of `red`, `green` or `blue`",
                "unknown variant …, expected one of `red`, `green` or `blue`",
            ),
            ("unknown field `hunter2`, expected `id`", "unknown field …, expected `id`"),
            ("Missing field `id`, and `hunter2`", "Missing field `id`, and …"),
            ("duplicate field `id`", "duplicate field `id`"),
            ("Header of type `range` was missing", "Header of type `range` was missing"),
            ("Expected `id`, found `hunter2`", "Expected `id`, found …"),
            (
                "Unknown variant `hunter2`. Expected One Of `a`",
                "Unknown variant …. Expected One Of `a`",
            ),
            (
                "page: provided string was not `true` or `false`",
                "page: provided string was not `true` or `false`",
            ),
            (
                "not `hunter2`: provided string was not `true` or `false`",
                "not …: provided string was not `true` or `false`",
            ),
            ("provided string was not `hunter2`", "provided string was not …"),
            ("Form requests must have `hunter2`", "Form requests must have …"),
            (
                "Invalid URL: Cannot parse `hunter2` to a `u64`",
                "Invalid URL: Cannot parse … to a `u64`",
            ),
            ("expected `red`, found `hunter2`", "expected `red`, found …"),
            ("expected a `day`, but got `hunter2`", "expected a `day`, but got …"),
            ("the expected length of `hunter2`", "the expected length of …"),
            ("expected value `hunter2` to be a day", "expected value … to be a day"),
        ];
        for (text, shown) in cases {
            assert_eq!(without_values(text), shown);
        }
    }

    #[test]
    fn a_quote_is_known_in_every_shape() {
        for (open, close) in [
            ("\"", "\""),
            ("`", "`"),
            ("'", "'"),
            ("‘", "’"),
            ("‚", "‘"),
            ("“", "”"),
            ("”", "”"),
            ("„", "“"),
            ("«", "»"),
            ("»", "«"),
            ("« ", " »"),
            ("‹", "›"),
            ("「", "」"),
            ("b'", "'"),
            ("x'", "'"),
        ] {
            let shown = format!(
                "no {}…, and more",
                open.trim_matches(|c: char| !c.is_ascii_alphanumeric())
            );
            let text = format!("no {open}hunter2 it's{close}, and more");
            assert_eq!(without_values(&text), shown, "{text}");
            let text = format!("never closed {open}hunter2");
            assert!(!without_values(&text).contains("hunter2"), "{text}");
        }
        assert_eq!(without_values("no `a `hunter2`` to a b"), "no … to a b");
        assert_eq!(without_values("“a “hunter2” hunter3” b"), "… b");
        assert_eq!(without_values("amount='it's hunter2', and more"), "amount=…, and more");
        for text in
            ["the clients' can't isn't ours", "the clients’ can’t isn’t ours", "l'heure n'est pas"]
        {
            assert_eq!(without_values(text), text);
        }
    }
}
