//! What a rule leaves alone stays as it is.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use buttress_core::{Faults, Problem};
use buttress_error_envelope::{ErrorEnvelopeLayer, ErrorEnvelopeSettings, LeaveAlone};
use http::{Response, StatusCode};

use crate::support::{get as get_path, negotiating, walled};

pub async fn page() -> Response<Body> {
    let page = Response::builder().status(404).header("content-type", "text/html; charset=utf-8");
    page.body("<p>a page of our own</p>".into()).unwrap()
}

async fn is_left(envelope: ErrorEnvelopeLayer, path: &str) -> bool {
    let app = Router::new()
        .route("/pages/{name}", get(page))
        .route("/pagesque", get(page))
        .route("/marked", get(|| async { (axum::Extension(LeaveAlone), page().await) }))
        .layer(walled(negotiating(), envelope));
    get_path(app, path).await.body().starts_with(b"<p>")
}

#[tokio::test]
async fn by_content_type_path_route_extension_and_closure() {
    let build = || ErrorEnvelopeLayer::builder();
    assert!(!is_left(build().build().unwrap(), "/pages/a").await);
    assert!(is_left(build().build().unwrap(), "/marked").await);
    assert!(is_left(build().leave_content_type("Text/HTML").build().unwrap(), "/pages/a").await);
    assert!(is_left(build().leave_content_type("text/*").build().unwrap(), "/pages/a").await);
    assert!(!is_left(build().leave_content_type("text/plain").build().unwrap(), "/pages/a").await);
    assert!(is_left(build().leave_content_type("*/*").build().unwrap(), "/pages/a").await);
    let with_suffix = build().leave_content_type("text/*+json").build().unwrap();
    assert!(!is_left(with_suffix, "/pages/a").await);
    assert!(is_left(build().leave_path("/pages").build().unwrap(), "/pages/a").await);
    assert!(is_left(build().leave_path("/pages/").build().unwrap(), "/pages/a").await);
    assert!(!is_left(build().leave_path("/pages").build().unwrap(), "/pagesque").await);
    let by_head = build().leave_if(|parts| parts.status == StatusCode::NOT_FOUND);
    assert!(is_left(by_head.build().unwrap(), "/pages/a").await);
}

#[tokio::test]
async fn by_route() {
    let rule = || ErrorEnvelopeLayer::builder().leave_route("/pages/{name}").build().unwrap();
    assert!(is_left(rule(), "/pages/a").await);
    assert!(!is_left(rule(), "/pagesque").await);
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn by_route_without_a_context() {
    let rule = || ErrorEnvelopeLayer::builder().leave_route("/pages/{name}").build().unwrap();
    let alone = Router::new().route("/pages/{name}", get(page)).layer(rule().keep_body());
    assert!(get_path(alone, "/pages/a").await.body().starts_with(b"<p>"));
}

/// A problem is what it is, whatever the rules say of foreign failures.
#[tokio::test]
async fn a_problem_is_rendered_in_any_case() {
    let rule = ErrorEnvelopeLayer::builder().leave_path("/").build().unwrap();
    let app = Router::new().fallback(|| async { Problem::gone() });
    assert_eq!(get_path(app.layer(walled(negotiating(), rule)), "/").await.status(), 410);
}

#[test]
fn wrong_settings_are_told_all_at_once() {
    let settings: ErrorEnvelopeSettings = serde_json::from_str(
        r#"{ "leave_content_types": ["text/html", "text"], "leave_paths": ["x"],
             "leave_routes": ["y"], "read_at_most": 100000 }"#,
    )
    .unwrap();
    let mut all = Faults::new();
    all.within("errors", settings.build());
    let error = all.finish(()).unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(buttress_core::Fault::path).collect();
    assert_eq!(
        paths,
        [
            "errors.leave_content_types[1]",
            "errors.leave_paths[0]",
            "errors.leave_routes[0]",
            "errors.read_at_most"
        ]
    );
    for never in ["application/*json", "*/json", "text/h*", "*"] {
        let built = ErrorEnvelopeLayer::builder().leave_content_type(never).build();
        assert_eq!(built.unwrap_err().faults()[0].path(), "leave_content_types[0]", "{never}");
    }
    let settings = ErrorEnvelopeLayer::builder().leave_path("x").build();
    assert_eq!(settings.unwrap_err().faults().len(), 1);
}

#[cfg(feature = "schemars")]
#[test]
fn the_settings_have_a_schema() {
    let schema = |schema: schemars::Schema| serde_json::to_string(&schema).unwrap();
    let envelope = schema(schemars::schema_for!(ErrorEnvelopeSettings));
    assert!(envelope.contains("leave_content_types") && envelope.contains("stay as they are"));
    let negotiation = schema(schemars::schema_for!(buttress_error_envelope::NegotiationSettings));
    assert!(negotiation.contains("problem_json"));
}
