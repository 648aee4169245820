//! Whatever the text is: no panic, no more than the limit, and nothing left to do the second time.

use buttress_core::Redact;
use http::{HeaderMap, HeaderValue, Uri};

/// The first byte is the limit of the cut, the rest the text.
pub fn run(data: &[u8]) {
    let Some((&limit, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let redact = Redact::default();
    for max_len in [usize::from(limit), usize::MAX] {
        let once = redact.text(&text, max_len);
        assert!(once.len() <= max_len, "{} bytes for {max_len}", once.len());
        assert_eq!(redact.text(&once, max_len), once, "a second time changes more");
    }
    let query = redact.query(&text).to_string();
    assert_eq!(redact.query(&query).to_string(), query, "a second time changes more");

    if let Ok(uri) = Uri::try_from(&*text) {
        let _ = redact.uri(&uri).to_string();
    }
    if let Ok(value) = serde_json::from_slice(rest) {
        let shown = redact.json(&value).to_string();
        // Not compared: two names may have become one.
        assert!(
            serde_json::from_str::<serde_json::Value>(&shown).is_ok(),
            "what was JSON stays JSON"
        );
    }
    if let Ok(value) = HeaderValue::from_bytes(rest) {
        let headers = HeaderMap::from_iter([(http::header::REFERER, value)]);
        let _ = redact.headers(&headers).to_string();
    }
    // A secret with its name goes, whatever stands before it, unless it stood there openly already.
    if text.contains("planted9") {
        return;
    }
    let planted = format!("{text} password=Qx7planted9Z");
    assert!(!redact.text(&planted, usize::MAX).contains("planted9"), "a secret came through");
}
