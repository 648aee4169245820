//! What of a text is known to be the program's own word.

/// What axum refuses a request with, and what std says of a `bool`: as they stand, none of it is the client's.
const PHRASES: [&str; 11] = [
    "Expected request with `Content-Type: application/json`",
    "Form requests must have `Content-Type: application/x-www-form-urlencoded`",
    "Invalid `boundary` for `multipart/form-data` request",
    "Request method must be `GET`",
    "Request method must be `CONNECT`",
    "Connection header did not include 'upgrade'",
    "`Upgrade` header did not include 'websocket'",
    "`:protocol` pseudo-header did not include 'websocket'",
    "`Sec-WebSocket-Version` header did not include '13'",
    "`Sec-WebSocket-Key` header missing",
    "provided string was not `true` or `false`",
];

/// Where the phrase ends whose first quote opens at `quote`, if it is in one.
pub(super) fn behind_phrase(text: &str, quote: usize) -> Option<usize> {
    PHRASES.iter().find_map(|phrase| {
        let start = quote.checked_sub(phrase.find(['`', '\''])?)?;
        text.get(start..)?.starts_with(phrase).then_some(start + phrase.len())
    })
}

/// Whether what follows is what a program expects: "expected `a`", and then ", `b` or `c`". What it found
/// instead is not.
pub(super) fn is_expected(before: &str, was_expected: bool) -> bool {
    let said = before.to_ascii_lowercase();
    let Some((ahead, named)) = said.rsplit_once("expected") else {
        return was_expected && matches!(said.trim_matches([',', ' ']), "" | "or" | "and");
    };
    let leads_to_it =
        |word| matches!(word, "" | "a" | "an" | "any" | "either" | "field" | "of" | "one");
    !ahead.ends_with(char::is_alphanumeric) && named.split(' ').all(leads_to_it)
}

/// Behind what a program names a field of its own, or a type. The name of something unknown, unexpected or invalid is
/// the client's word.
const NAMING: [&str; 7] = [
    "duplicate field",
    "header of type",
    "missing field",
    "missing header",
    "missing parameter",
    "missing query parameter",
    "missing required field",
];

/// Whether a name follows, of a field or a type: "missing field `id`", "Cannot parse … to a `u64`".
pub(super) fn is_name_next(said: &str) -> bool {
    if said.ends_with("… to a ") || said.ends_with("… to an ") {
        return said.contains("Cannot parse ");
    }
    let said = said.trim_end().as_bytes();
    NAMING.iter().any(|words| {
        let Some(at) = said.len().checked_sub(words.len()) else { return false };
        let stands_alone = at == 0 || !said[at - 1].is_ascii_alphanumeric();
        stands_alone && said[at..].eq_ignore_ascii_case(words.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::super::quotes::without_values;
    use super::*;

    #[test]
    fn what_axum_says_stays_as_it_is() {
        for phrase in PHRASES {
            assert_eq!(without_values(phrase), phrase);
            let within = format!("a `hunter2`: {phrase}, not `hunter2`");
            assert_eq!(without_values(&within), format!("a …: {phrase}, not …"));
            let quoted = format!("no «{phrase}», b");
            assert_eq!(without_values(&quoted), "no …, b");
        }
        for text in [
            "WebSocket request couldn't be upgraded since no upgrade state was present",
            "Request body didn't contain valid UTF-8: invalid utf-8 sequence of 1 bytes from index 0",
            "Failed to buffer the request body: length limit exceeded",
            "Failed to parse the request body as JSON: expected ident at line 1 column 2",
            "Failed to deserialize form body: missing field `id`",
            "Failed to deserialize query string: id: invalid digit found in string",
        ] {
            assert_eq!(without_values(text), text);
        }
        let unfit = "Invalid URL: Cannot parse `id` with value `hunter2`: UUID parsing failed";
        let shown = "Invalid URL: Cannot parse … with value …: UUID parsing failed";
        assert_eq!(without_values(unfit), shown);
    }
}
