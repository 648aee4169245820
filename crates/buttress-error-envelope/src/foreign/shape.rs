use std::borrow::Cow;

use serde::Deserialize;

/// Whether this body is the family's envelope: an `error` with a `message`, and a `code` as ours are. Others
/// have such an `error`, too, but write their codes in small letters.
pub(crate) fn is_envelope(body: &[u8]) -> bool {
    // As text, because in members that are not asked for serde_json lets any bytes pass.
    let Ok(text) = str::from_utf8(body) else { return false };
    serde_json::from_str::<Envelope<'_>>(text).is_ok_and(|envelope| is_code(&envelope.error.code))
}

fn is_code(code: &str) -> bool {
    let is_ours = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !code.is_empty() && code.bytes().all(is_ours)
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
            r#"{"error":{"code":"gone","message":"x"}}"#,
            r#"{"error":{"code":"GONE 1","message":"x"}}"#,
            r#"{"error":{"code":"GONE"}}"#,
            r#"{"error":{"code":"GONE","message":"x"}} trailing"#,
        ] {
            assert!(!is_envelope(other.as_bytes()), "{other}");
        }
        assert!(!is_envelope(b"{\"error\":{\"code\":\"GONE\",\"message\":\"x\"},\"y\":\"\xc8\"}"));
    }
}
