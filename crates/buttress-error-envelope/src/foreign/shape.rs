use http::StatusCode;
use serde::Deserialize;

use super::Look;

/// The code in a body that has the family's shape already; nothing if it has another one.
///
/// An envelope has an `error` with a `message`, and a `code` as ours are; others have such an `error`, too, but write
/// their codes in small letters. If the server is at fault, that does not do: its words may be those of a source. What
/// a server of this family has written, and so has redacted, says when it was.
pub(crate) fn family_code(look: Look, body: &[u8], status: StatusCode) -> Option<String> {
    // As text, because in members that are not asked for serde_json lets any bytes pass.
    let text = str::from_utf8(body).ok()?;
    let (code, timestamp) = match look {
        Look::Json => {
            let Envelope { error } = serde_json::from_str(text).ok()?;
            (error.code, error.timestamp)
        }
        Look::Details => {
            let Details { code, timestamp } = serde_json::from_str(text).ok()?;
            (code, Some(timestamp))
        }
        Look::Api => {
            let Document { errors, meta } = serde_json::from_str(text).ok()?;
            (errors.into_iter().next()?.code, Some(meta.timestamp))
        }
        _ => return None,
    };
    let is_harmless = status.is_client_error() || timestamp.is_some();
    (is_harmless && is_code(&code)).then_some(code)
}

fn is_code(code: &str) -> bool {
    let is_ours = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !code.is_empty() && code.bytes().all(is_ours)
}

#[derive(Deserialize)]
struct Envelope {
    error: Error,
}

#[derive(Deserialize)]
struct Error {
    code: String,
    #[serde(rename = "message")]
    _message: String,
    #[serde(default)]
    timestamp: Option<String>,
}

#[derive(Deserialize)]
struct Details {
    code: String,
    timestamp: String,
}

#[derive(Deserialize)]
struct Document {
    errors: Vec<Item>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Item {
    code: String,
}

#[derive(Deserialize)]
struct Meta {
    timestamp: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(look: Look, body: &str, status: u16) -> Option<String> {
        family_code(look, body.as_bytes(), StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn an_envelope_is_known_by_code_and_message() {
        let own = r#"{"error":{"code":"GONE","message":"\u00fc","more":[1]},"x":2}"#;
        assert_eq!(code(Look::Json, own, 410).unwrap(), "GONE");
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
            assert_eq!(code(Look::Json, other, 410), None, "{other}");
        }
        let broken = b"{\"error\":{\"code\":\"GONE\",\"message\":\"x\"},\"y\":\"\xc8\"}";
        assert_eq!(family_code(Look::Json, broken, StatusCode::GONE), None);
    }

    #[test]
    fn of_a_fault_only_what_says_when_it_was() {
        for (look, own, other) in [
            (
                Look::Json,
                r#"{"error":{"code":"OF_ANOTHER","message":"x","timestamp":"t"}}"#,
                r#"{"error":{"code":"OF_ANOTHER","message":"pq: no relation"}}"#,
            ),
            (
                Look::Details,
                r#"{"title":"x","detail":"y","code":"OF_ANOTHER","timestamp":"t"}"#,
                r#"{"title":"x","detail":"pq: no relation","code":"OF_ANOTHER"}"#,
            ),
            (
                Look::Api,
                r#"{"errors":[{"code":"OF_ANOTHER","title":"x"}],"meta":{"timestamp":"t"}}"#,
                r#"{"errors":[{"code":"OF_ANOTHER","title":"pq: no relation"}]}"#,
            ),
        ] {
            assert_eq!(code(look, own, 500).unwrap(), "OF_ANOTHER");
            assert_eq!(code(look, other, 500), None);
        }
        assert_eq!(code(Look::Api, r#"{"errors":[],"meta":{"timestamp":"t"}}"#, 500), None);
    }
}
