use std::borrow::Cow;

use serde::Deserialize;

/// Whether this body is the family's envelope: an `error` with a `code` and a `message`.
pub(crate) fn is_envelope(body: &[u8]) -> bool {
    serde_json::from_slice::<Envelope<'_>>(body)
        .is_ok_and(|envelope| !envelope.error.code.is_empty())
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Error<'a>,
}

#[derive(Deserialize)]
struct Error<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow, rename = "message")]
    _message: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::is_envelope;

    #[test]
    fn an_envelope_is_known_by_code_and_message() {
        assert!(is_envelope(br#"{"error":{"code":"GONE","message":"\u00fc","more":[1]},"x":2}"#));
        for other in [
            "",
            "{}",
            "[]",
            r#"{"error":"gone"}"#,
            r#"{"error":{"code":404,"message":"x"}}"#,
            r#"{"error":{"code":"","message":"x"}}"#,
            r#"{"error":{"code":"GONE"}}"#,
            r#"{"error":{"code":"GONE","message":"x"}} trailing"#,
        ] {
            assert!(!is_envelope(other.as_bytes()), "{other}");
        }
    }
}
