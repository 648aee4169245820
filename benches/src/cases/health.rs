//! What a probe costs, and what a request costs that is none.

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use buttress_core::clock::ManualClock;
use buttress_core::stage::Stage;
use buttress_health::{Check, HealthChecks, HealthChecksBuilder};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use tonic_health::pb::health_server::{Health, HealthServer};
use tower_layer::Layer;

use super::outbound::calls;
use crate::{Budget, Case, Hello, Run, requests, welcomes};

const PASSING: &str = "health, a request that is no probe";
const LIVE: &str = "health, liveness";
const READY: &str = "health, readiness";
const STARTUP: &str = "health, startup";
const HEALTH_JSON: &str = "health, readiness as health+json";
const CHECK: &str = "health, a Check of gRPC";

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    let layer = |health: &HealthChecks| health.stage().layer().leak();
    let empty = HealthChecks::default();
    let counting = HealthChecks::builder().summary(true).build().unwrap_or_default();
    let fifty = hanging();
    let live = |layered| requests(layered, || of("/health/live"), StatusCode::OK);
    let ready = |layered, status| requests(layered, || of("/health/ready"), status);
    let startup = |layered, status| requests(layered, || of("/health/startup"), status);
    let health_json = |layered, status| requests(layered, wants_health_json, status);
    vec![
        Case::bare(PASSING, welcomes(Hello)),
        Case::ours(PASSING, welcomes(layer(&empty).layer(Hello))).within(Budget::new(311, 0)),
        Case::peer(PASSING, "ours, counting", welcomes(layer(&counting).layer(Hello))),
        Case::ours(LIVE, live(layer(&empty).layer(Hello))).within(Budget::new(6650, 9)),
        Case::peer(LIVE, "ours, 50 hang", live(layer(&fifty).layer(Hello))),
        Case::peer(LIVE, "axum, a constant", constant("/health/live")),
        Case::ours(READY, ready(layer(&empty).layer(Hello), StatusCode::OK))
            .within(Budget::new(6690, 9)),
        Case::peer(
            READY,
            "ours, 50 hang",
            ready(layer(&fifty).layer(Hello), StatusCode::SERVICE_UNAVAILABLE),
        )
        .within(Budget::new(7070, 11)),
        Case::peer(
            READY,
            "ours, 50 hang, details",
            ready(layer(&detailed()).layer(Hello), StatusCode::SERVICE_UNAVAILABLE),
        )
        .within(Budget::new(9060, 11)),
        Case::peer(READY, "ours, HEAD", requests(layer(&empty).layer(Hello), head, StatusCode::OK)),
        Case::peer(READY, "axum, a constant", constant("/health/ready")),
        Case::ours(STARTUP, startup(layer(&empty).layer(Hello), StatusCode::OK)),
        Case::peer(STARTUP, "ours, 50 hang", startup(layer(&fifty).layer(Hello), NOT_YET)),
        Case::ours(HEALTH_JSON, health_json(layer(&empty).layer(Hello), StatusCode::OK)),
        Case::peer(HEALTH_JSON, "ours, 50 hang", health_json(layer(&fifty).layer(Hello), NOT_YET)),
        Case::ours(CHECK, calls(empty.grpc(), check)),
        Case::peer(CHECK, "ours, 50 hang", calls(fifty.grpc(), check)),
        Case::peer(CHECK, "tonic-health 0.14", calls(theirs(), check)),
    ]
}

const NOT_YET: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

fn of(path: &'static str) -> Request<Full<Bytes>> {
    let mut request = crate::get();
    *request.uri_mut() = Uri::from_static(path);
    request
}

fn head() -> Request<Full<Bytes>> {
    let mut request = of("/health/ready");
    *request.method_mut() = Method::HEAD;
    request
}

fn wants_health_json() -> Request<Full<Bytes>> {
    let mut request = of("/health/ready");
    let kind = HeaderValue::from_static("application/health+json");
    request.headers_mut().insert(header::ACCEPT, kind);
    request
}

/// `Check` of the whole service: an empty message, uncompressed.
fn check() -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::from_static(&[0; 5])));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("http://example.org/grpc.health.v1.Health/Check");
    let grpc = HeaderValue::from_static("application/grpc");
    request.headers_mut().insert(header::CONTENT_TYPE, grpc);
    request
}

/// It keeps one status for each service, which somebody sets.
fn theirs() -> HealthServer<impl Health> {
    tonic_health::server::health_reporter().1
}

fn hanging() -> HealthChecks {
    started(HealthChecks::builder())
}

fn detailed() -> HealthChecks {
    started(HealthChecks::builder().insecure_details_for_everyone())
}

/// With fifty checks that hang: each was begun, and given up at its deadline.
fn started(builder: HealthChecksBuilder) -> HealthChecks {
    let checks = (0..50).map(|at| Check::of(format!("db{at}"), pending));
    let health = builder.checks(checks).build().unwrap_or_default();
    let timer = ManualClock::new();
    let mut tasks: Vec<_> = health.tasks(&timer).collect();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        for task in &mut tasks {
            assert!(Pin::new(task).poll(&mut cx).is_pending(), "it runs for ever");
        }
        timer.advance(Duration::from_secs(3));
    }
    health
}

/// What a handler would cost that always says the same.
fn constant(path: &'static str) -> Run {
    let answer = || async {
        let plain = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, plain)], r#"{"status":"ok"}"#)
    };
    let app: Router = Router::new().route(path, get(answer)).with_state(());
    let asking: fn() -> _ = match path {
        "/health/live" => || of("/health/live"),
        _ => || of("/health/ready"),
    };
    requests(app, asking, StatusCode::OK)
}
