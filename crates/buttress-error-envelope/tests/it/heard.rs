//! What is left alone is heard of all the same: counted, and told to the log.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use buttress_core::metrics::Metrics;
use buttress_core::render::NoFailure;
use buttress_core::{Context, Problem};
use buttress_error_envelope::{ErrorEnvelopeLayer, LeaveAlone};
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use http::{Request, Response};

use crate::support::{answer, ask, walled};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What comes of a failure behind this envelope: its body, what is counted, what is logged.
async fn heard(envelope: ErrorEnvelopeLayer, failed: Response<Body>) -> [String; 3] {
    let (log, page) = (Log::default(), Page::default());
    let _listening = log.listen();
    let metrics = Metrics::new(page.clone());
    let context = Context::builder().answers(|answers| answers.metrics(&metrics)).build().unwrap();
    let failed = std::sync::Arc::new(buttress_core::sync::Lock::new(Some(failed)));
    let app = Router::new()
        .route("/orders/{id}", get(move || async move { failed.lock().take().unwrap() }))
        .layer(walled(context, envelope));
    let request = Request::get("/orders/7").header("traceparent", PARENT);
    let response = ask(app, request.body(Body::empty()).unwrap()).await;
    assert!(response.headers().contains_key("x-request-id"));
    let body = String::from_utf8(response.into_body().to_vec()).unwrap();
    [body, page.lines().join("\n"), log.take().join("\n")]
}

#[tokio::test]
async fn whatever_the_reason() {
    let build = || ErrorEnvelopeLayer::builder();
    let envelope = r#"{"error":{"code":"OVERLOADED","message":"x","timestamp":"t"}}"#;
    let unknown = r#"{"error":{"code":"OF_ANOTHER","message":"x","timestamp":"t"}}"#;
    let mut marked = answer(503, "text/html", "x");
    marked.extensions_mut().insert(LeaveAlone);
    let by_path = build().leave_path("/orders").build().unwrap();
    let by_kind = build().leave_content_type("text/html").build().unwrap();
    let all = || build().build().unwrap();
    for (rule, failed, code, level) in [
        (all(), answer(503, "application/json", envelope), "OVERLOADED server", "ERROR"),
        (all(), answer(502, "application/json", unknown), "DEPENDENCY_FAILED server", "ERROR"),
        (all(), answer(404, "application/problem+json", "x"), "NOT_FOUND client", "DEBUG"),
        (all(), marked, "UNAVAILABLE server", "ERROR"),
        (by_path, answer(500, "text/plain", "x"), "INTERNAL server", "ERROR"),
        (by_kind, answer(410, "text/html", "x"), "GONE client", "DEBUG"),
    ] {
        let status = failed.status().as_u16();
        let [body, counted, told] = heard(rule, failed).await;
        assert!(body == "x" || body.contains(r#""message":"x""#), "{body}");
        assert_eq!(counted, format!("buttress_errors_total {code} /orders/{{id}}: 1"));
        assert!(told.starts_with(level) && !told.contains('\n'), "{told}");
        assert!(told.contains(&format!("status={status} request_id=")), "{told}");
        assert!(told.contains(r#" route="/orders/{id}""#), "{told}");
        let is_traced = told.contains(&format!(" trace_id={TRACE} "));
        assert_eq!(is_traced, level == "ERROR", "{told}");
    }
}

#[tokio::test]
async fn but_what_is_no_failure() {
    let by_path = ErrorEnvelopeLayer::builder().leave_path("/orders").build().unwrap();
    for rule in [ErrorEnvelopeLayer::default(), by_path] {
        let mut not_ready = answer(503, "text/plain", "not ready");
        not_ready.extensions_mut().insert(NoFailure);
        assert_eq!(heard(rule, not_ready).await, ["not ready", "", ""]);
    }
    let off = ErrorEnvelopeLayer::builder().enabled(false).build().unwrap();
    assert_eq!(heard(off, answer(500, "text/plain", "x")).await, ["x", "", ""]);
}

/// A problem is counted as itself, once.
#[tokio::test]
async fn a_problem_is_itself() {
    let rule = ErrorEnvelopeLayer::builder().leave_path("/orders").build().unwrap();
    let failed = Problem::overloaded().render(None).map(Body::from);
    let [_, counted, told] = heard(rule, failed).await;
    assert_eq!(counted, "buttress_errors_total OVERLOADED server /orders/{id}: 1");
    assert!(told.starts_with("WARN message=request failed"), "{told}");
    let place = format!(r#" trace_id={TRACE} route="/orders/{{id}}""#);
    assert!(told.contains(&place), "{told}");
}
