//! Foreign words are kept where they are safe, and are one short line.

use axum::body::Body;
use axum::extract::Query;
use axum::routing::post;
use axum::{Json, Router};
use buttress_core::{Code, Context, Redact};
use buttress_error_envelope::{ErrorEnvelopeLayer, code_of};
use http::{Request, StatusCode};
use proptest::prelude::*;
use serde::Deserialize;
use tower::ServiceExt;

use crate::support::{
    answer, ask, error, get as get_path, given, negotiating, once, wall, walled, whole,
};

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

#[derive(Deserialize)]
struct Login {
    #[expect(dead_code, reason = "it is read by serde")]
    password: String,
    #[expect(dead_code, reason = "it is read by serde")]
    pin: Option<u32>,
}

/// Of a field with a name that tells of a secret the parser's words are kept, and nothing else.
#[tokio::test]
async fn words_about_a_secret_are_kept_without_the_secret() {
    let app = Router::new()
        .route("/", post(|_: Json<Login>| async {}).get(|_: Query<Login>| async {}))
        .layer(wall());
    let into = "Failed to deserialize the JSON body into the target type";
    for (body, said) in [
        (
            r#"{"password":4711}"#,
            "password: invalid type: integer …, expected a string at line 1 column 16",
        ),
        (
            r#"{"password":null}"#,
            "password: invalid type: null, expected a string at line 1 column 16",
        ),
        (
            r#"{"password":"a","pin":"hunter2"}"#,
            "pin: invalid type: string …, expected u32 at line 1 column 31",
        ),
        ("{}", "missing field `password` at line 1 column 2"),
    ] {
        let request = Request::post("/").header("content-type", "application/json");
        let response = ask(app.clone(), request.body(Body::from(body)).unwrap()).await;
        assert_eq!(error(&response)["message"], format!("{into}: {said}"));
    }
    let response = get_path(app, "/?password=a&pin=hunter2").await;
    let said = "Failed to deserialize query string: pin: invalid digit found in string";
    assert_eq!(error(&response)["message"], said);
}
