//! What of a text may be told to a client: what is wrong with the request, and nothing that was in it.

use buttress_core::Redact;

use super::files::without_files;
use super::quotes::without_values;

/// How long a message may be, in bytes.
const MOST: usize = 300;

/// The text without secrets, quoted values, names of files and control characters, cut to 300 bytes; nothing if no word
/// is left of it.
pub(crate) fn harmless(text: &str, redact: &Redact) -> Option<String> {
    let plain: String = text.trim().chars().map(|c| if is_control(c) { ' ' } else { c }).collect();
    let message = redact.text(&without_files(&without_values(&plain)), MOST).into_owned();
    message.contains(char::is_alphanumeric).then_some(message)
}

/// Control characters, and those that change the direction in which text is read.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_short_line() {
        let redact = Redact::default();
        let message =
            harmless(" no\r\nlines\u{1b}[31m \u{202e} and a@example.org ", &redact).unwrap();
        assert_eq!(message, "no  lines [31m   and ***@example.org");
        assert!(harmless(&"x ".repeat(10_000), &redact).unwrap().len() <= MOST);
        for empty in [" \n", "`hunter2`", "\"hunter2\": 'hunter3'.", "/home/ada/x.db"] {
            assert_eq!(harmless(empty, &redact), None, "{empty}");
        }
        let message =
            harmless(r"cannot open /home/ada/x.db, nor C:\Users\x, for /orders/7", &redact);
        assert_eq!(message.unwrap(), "cannot open … nor … for /orders/7");
    }
}
