//! What others have answered gets the family's shape, and keeps what matters.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::routing::{get, post};
use axum::{Json, Router};
use buttress_core::{Code, Context, Problem, Redact};
use buttress_error_envelope::{ErrorEnvelopeLayer, code_of};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use proptest::prelude::*;
use serde::Deserialize;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::support::{
    answer, ask, error, get as get_path, given, given_to, negotiating, once, wall, walled, whole,
};

#[derive(Deserialize)]
struct Order {
    #[expect(dead_code, reason = "it is read by serde")]
    amount: u32,
}

fn shop() -> Router {
    Router::new()
        .route("/", get(|| async { "welcome" }))
        .route("/orders", post(|_: Json<Order>| async {}))
        .route("/orders/{id}", get(|_: Path<u64>| async {}))
        .route("/search", get(|_: Query<Order>| async {}))
        .route("/small", post(|_: Bytes| async {}).layer(DefaultBodyLimit::max(4)))
        .route("/limited", post(|_: Bytes| async {}).layer(RequestBodyLimitLayer::new(4)))
        .route("/slow", get(std::future::pending::<()>).layer(timeout()))
        .route("/html", get(|| async {}).layer(ValidateRequestHeaderLayer::accept("text/html")))
        .route("/panic", get(panics))
        .route("/caught", get(panics).layer(CatchPanicLayer::new()))
        .route(
            "/own",
            get(|| async { Err::<(), _>(Problem::conflict().with_message("Too late.")) }),
        )
        .layer(wall())
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(1))
}

async fn panics() {
    panic!("the password is hunter2")
}

#[tokio::test(start_paused = true)]
async fn all_that_axum_and_its_middleware_refuse() {
    let post = |path, kind: &str, body: &'static str| {
        Request::post(path).header("content-type", kind).body(Body::from(body)).unwrap()
    };
    let get = |path| Request::get(path).body(Body::empty()).unwrap();
    let cases = [
        (get("/nowhere"), Code::NOT_FOUND),
        (Request::delete("/orders").body(Body::empty()).unwrap(), Code::METHOD_NOT_ALLOWED),
        (post("/orders", "text/csv", "1"), Code::UNSUPPORTED_MEDIA_TYPE),
        (post("/orders", "application/json", "{"), Code::BAD_REQUEST),
        (post("/orders", "application/json", r#"{"amount":"x"}"#), Code::VALIDATION_FAILED),
        (get("/orders/seven"), Code::BAD_REQUEST),
        (get("/search?amount=seven"), Code::BAD_REQUEST),
        (post("/small", "text/plain", "too large"), Code::PAYLOAD_TOO_LARGE),
        (post("/limited", "text/plain", "too large"), Code::PAYLOAD_TOO_LARGE),
        (get("/slow"), Code::REQUEST_TIMED_OUT),
        (
            Request::get("/html").header("accept", "application/json").body(Body::empty()).unwrap(),
            Code::NOT_ACCEPTABLE,
        ),
        (get("/panic"), Code::INTERNAL),
        (get("/caught"), Code::INTERNAL),
        (get("/own"), Code::CONFLICT),
    ];
    for (request, code) in cases {
        let asked = format!("{} {}", request.method(), request.uri());
        let response = ask(shop(), request).await;
        assert_eq!(response.status(), code.status(), "{asked}");
        let error = error(&response);
        assert_eq!(error["code"], code.name(), "{asked}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{asked}: {error}");
        let length = response.headers().get("content-length");
        assert!(length.is_none_or(|l| *l == *response.body().len().to_string()), "{asked}");
    }
    assert_eq!(get_path(shop(), "/").await.body(), "welcome");
}

#[tokio::test]
async fn useful_words_are_kept() {
    let request = Request::post("/orders").header("content-type", "application/json");
    let response = ask(shop(), request.body(Body::from(r#"{"amount":"hunter2"}"#)).unwrap()).await;
    assert_eq!(
        error(&response)["message"],
        "Failed to deserialize the JSON body into the target type: amount: \
         invalid type: string …, expected u32 at line 1 column 19"
    );
}

#[tokio::test]
async fn headers_that_matter_survive() {
    let response = ask(shop(), Request::delete("/orders").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["allow"], "POST");

    let mut failed = answer(429, "text/html", "<b>no</b>");
    for (name, value) in [
        ("retry-after", "7"),
        ("www-authenticate", "Bearer"),
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
        ("access-control-allow-origin", "*"),
        ("content-length", "9"),
        ("etag", "\"x\""),
        ("content-disposition", "attachment"),
        ("content-language", "de"),
    ] {
        failed.headers_mut().append(name, value.parse().unwrap());
    }
    let response = given(failed).await;
    let headers = response.headers();
    assert_eq!(error(&response)["code"], "RATE_LIMITED");
    assert_eq!(headers["retry-after"], "7");
    assert_eq!(
        response.extensions().get::<Problem>().unwrap().retry_after(),
        Some(Duration::from_secs(7))
    );
    assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["www-authenticate"], "Bearer");
    for gone in ["content-length", "etag", "content-disposition", "content-language"] {
        assert!(!headers.contains_key(gone), "{gone} says something of the body that is gone");
    }
}

/// A cache would give the id of one request to the client of another one.
#[tokio::test]
async fn no_cache_keeps_what_was_rewritten() {
    for (name, value) in [
        ("cache-control", "public, max-age=600"),
        ("expires", "Sat, 21 Nov 2026 07:46:00 GMT"),
        ("cdn-cache-control", "max-age=600"),
        ("surrogate-control", "max-age=600"),
    ] {
        for status in [400, 404, 410, 503] {
            let mut failed = answer(status, "text/plain", "no");
            failed.headers_mut().append(name, value.parse().unwrap());
            failed.headers_mut().append("age", "7".parse().unwrap());
            let response = given(failed).await;
            let said: Vec<_> = response.headers().get_all("cache-control").iter().collect();
            assert_eq!(said, ["no-store"], "{status} {name}");
            assert!(!response.headers().contains_key("age"));
            assert!(name == "cache-control" || !response.headers().contains_key(name));
        }
    }
    // What a cache keeps though nobody said so.
    let response = given(answer(404, "text/plain", "no")).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn a_date_to_come_back_at_stays_as_it_is() {
    for when in ["Sat, 21 Nov 2026 07:46:00 GMT", "99999999999", "soon", "-1", "7.5"] {
        let mut failed = answer(503, "text/plain", "");
        failed.headers_mut().insert("retry-after", when.parse().unwrap());
        let response = given(failed).await;
        let all: Vec<_> = response.headers().get_all("retry-after").iter().collect();
        assert_eq!(all, [when]);
        assert_eq!(response.extensions().get::<Problem>().unwrap().retry_after(), None);
    }
}

#[tokio::test]
async fn what_a_range_could_have_been_survives() {
    let mut failed = answer(416, "text/plain", "");
    failed.headers_mut().insert("content-range", "bytes */1234".parse().unwrap());
    assert_eq!(given(failed).await.headers()["content-range"], "bytes */1234");
}

#[tokio::test]
async fn every_failing_status_has_a_code_and_stays() {
    for number in 400..600 {
        let status = StatusCode::from_u16(number).unwrap();
        let response = given(answer(number, "application/octet-stream", "x")).await;
        assert_eq!(response.status(), status);
        let error = error(&response);
        assert_eq!(error["code"], code_of(status).name());
        assert_eq!(code_of(status).status().is_client_error(), status.is_client_error());
    }
    for code in Code::ALL {
        let same = code_of(code.status());
        assert_eq!(same.status(), code.status(), "{code} has no way back");
    }
}

#[tokio::test]
async fn success_and_its_like_pass_untouched() {
    for number in [200, 201, 204, 301, 304, 307] {
        let response = given(answer(number, "text/plain", "as it was")).await;
        assert_eq!((response.status().as_u16(), &**response.body()), (number, &b"as it was"[..]));
    }
    let upgrade =
        Response::builder().status(101).header("upgrade", "websocket").body(Body::empty());
    assert_eq!(given(upgrade.unwrap()).await.headers()["upgrade"], "websocket");
}

#[tokio::test]
async fn the_answer_to_head_has_a_length_and_no_body() {
    let get = given(answer(404, "text/plain", "")).await;
    let head = Request::builder().method(Method::HEAD).body(()).unwrap();
    let head = given_to(answer(404, "text/plain", ""), head).await;
    assert!(head.body().is_empty());
    assert_eq!(head.headers()["content-length"], *get.body().len().to_string());
}

#[tokio::test]
async fn what_has_the_familys_shape_already_stays() {
    let cases = [
        (
            "application/json; charset=utf-8",
            r#"{"error":{"code":"OF_ANOTHER","message":"It was not us.","extra":1}}"#,
            r#"{"error":{"code":"OF_ANOTHER","message":"It was not us.","timestamp":"t"}}"#,
        ),
        (
            "application/problem+json",
            r#"{"detail":"db7.internal is gone"}"#,
            r#"{"detail":"It was not us.","code":"OF_ANOTHER","timestamp":"t"}"#,
        ),
        (
            "application/vnd.api+json",
            r#"{"errors":[{"title":"db7.internal is gone"}]}"#,
            r#"{"errors":[{"code":"OF_ANOTHER"}],"meta":{"timestamp":"t"}}"#,
        ),
    ];
    for (kind, body, of_the_family) in cases {
        for (status, body) in [(400, body), (502, of_the_family)] {
            let response = given(answer(status, kind, body)).await;
            assert_eq!(response.body(), body);
            assert_eq!(response.headers()["content-type"], kind);
        }
        // Whose words these are is not known: they may be those of a source.
        let response = given(answer(502, kind, body)).await;
        assert_eq!(error(&response)["code"], "DEPENDENCY_FAILED", "{body}");
    }
    let others = [
        r#"{"error":"no"}"#,
        // Other houses have an `error` with code and message, too.
        r#"{"error":{"code":"internal_error","message":"db7.internal is gone"}}"#,
        r#"{"error":{"code":"E 1","message":"db7.internal is gone"}}"#,
    ];
    for other in others {
        let other = given(answer(502, "application/json", other)).await;
        assert_eq!(error(&other)["code"], "DEPENDENCY_FAILED");
    }
    let mut grpc = answer(502, "application/grpc", "");
    grpc.headers_mut().insert("grpc-status", "14".parse().unwrap());
    assert_eq!(given(grpc).await.headers()["content-type"], "application/grpc");
}

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
