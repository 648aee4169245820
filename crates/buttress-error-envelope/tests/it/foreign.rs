//! What others have answered gets the family's shape, and keeps what matters.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::routing::{get, post};
use axum::{Json, Router};
use buttress_core::{Code, Problem};
use buttress_error_envelope::code_of;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::support::{answer, ask, error, get as get_path, given, given_to, wall};

#[derive(Deserialize)]
struct Order {
    #[expect(dead_code, reason = "it is read by serde")]
    amount: u32,
}

#[derive(Deserialize)]
struct Payment {
    #[expect(dead_code, reason = "it is read by serde")]
    paid: bool,
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

    let app = Router::new()
        .route("/json", post(|_: Json<Payment>| async {}))
        .route("/form", post(|_: axum::Form<Payment>| async {}).get(|_: Query<Payment>| async {}))
        .layer(wall());
    let said = async |request: http::request::Builder| {
        let request = request.header("content-type", "text/csv").body(Body::from("hunter2"));
        error(&ask(app.clone(), request.unwrap()).await)["message"].clone()
    };
    let json = said(Request::post("/json")).await;
    assert_eq!(json, "Expected request with `Content-Type: application/json`");
    let form = said(Request::post("/form")).await;
    assert_eq!(form, "Form requests must have `Content-Type: application/x-www-form-urlencoded`");
    let query = said(Request::get("/form?paid=hunter2")).await;
    let unfit =
        "Failed to deserialize query string: paid: provided string was not `true` or `false`";
    assert_eq!(query, unfit);
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
        ("x-accel-expires", "600"),
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
