//! Foreign words are kept where they are safe, and are one short line.

use axum::Router;
use buttress_core::{Code, Context, Redact};
use buttress_error_envelope::{ErrorEnvelopeLayer, code_of};
use http::{Request, StatusCode};
use proptest::prelude::*;
use tower::ServiceExt;

use crate::support::{answer, error, get as get_path, given, negotiating, once, walled, whole};

#[tokio::test]
async fn words_are_kept_only_where_they_are_safe() {
    let message = async |response| error(&given(response).await)["message"].clone();
    assert_eq!(message(answer(400, "text/plain", "Pick a date.")).await, "Pick a date.");
    assert_eq!(message(answer(400, "text/plain; charset=\"UTF-8\"", "a\nb\0")).await, "a b ");
    let default = Code::BAD_REQUEST.default_message();
    let latin = answer(400, "text/plain; charset=iso-8859-1", "Pick a date.");
    let mut packed = answer(400, "text/plain", "Pick a date.");
    packed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let not_utf8 = answer(400, "text/plain", vec![0xff, 0xfe]);
    let page = answer(400, "text/html", "Pick a date.");
    for response in [latin, packed, not_utf8, page] {
        assert_eq!(message(response).await, default);
    }
    assert_eq!(message(answer(400, "text/plain", "`Pick a date.`")).await, default);
    let fault = message(answer(500, "text/plain", "db7.internal is gone")).await;
    assert_eq!(fault, Code::INTERNAL.default_message());

    let strict = ErrorEnvelopeLayer::builder().keep_texts(false).build().unwrap();
    let app = Router::new().fallback(|| async { (StatusCode::BAD_REQUEST, "Pick a date.") });
    let response = get_path(app.layer(walled(negotiating(), strict)), "/").await;
    assert_eq!(error(&response)["message"], default);
}

/// Quotes, and what else means something to who looks for values in a text.
fn words() -> impl Strategy<Value = Vec<u8>> {
    let quoted = "([a-z ]{0,9}[\"'`\\\\\n\u{1b}\u{202e}é]|/home/|expected |field ){0,80}";
    prop_oneof![prop::collection::vec(any::<u8>(), 0..600), quoted.prop_map(String::into_bytes)]
}

proptest! {
    #[test]
    fn any_words_become_one_short_line(words in words(), status in 400_u16..600) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(given(answer(status, "text/plain", words)));
        prop_assert_eq!(response.status(), status);
        let error = error(&response);
        let message = error["message"].as_str().unwrap();
        prop_assert!((1..=300).contains(&message.len()), "{}", message);
        prop_assert!(!message.contains(|c: char| c.is_control() || c == '\u{202e}'), "{:?}", message);
        if status >= 500 {
            prop_assert_eq!(message, code_of(response.status()).default_message());
        }
    }
}

#[tokio::test]
async fn what_the_settings_of_the_context_hide_is_hidden() {
    let redact = Redact::builder().field("taxId").build().unwrap();
    let context = Context::builder().answers(|answers| answers.redact(redact)).build().unwrap();
    let failed = answer(422, "text/plain", "no account for taxId=123-45 here");
    let wall = walled(context, ErrorEnvelopeLayer::default());
    let response = whole(wall.service(once(failed)).oneshot(Request::new(())).await.unwrap()).await;
    assert_eq!(error(&response)["message"], "no account for taxId=*** here");
}
