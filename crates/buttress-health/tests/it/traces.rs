//! How probes are left out of traces, as the guide shows it.

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use buttress_core::stage::Stage;
use buttress_core::{Context, RequestContext};
use buttress_health::HealthChecks;
use buttress_testkit::log::Log;
use tower::ServiceExt;
use tracing::{Instrument, info, info_span};

// ANCHOR: inside
async fn traced(context: Extension<RequestContext>, request: Request, next: Next) -> Response {
    let span = info_span!("request", path = request.uri().path(), request_id = %context.id());
    next.run(request).instrument(span).await
}

fn wall(app: Router, health: &HealthChecks) -> Router {
    app.layer(from_fn(traced)) // what comes here is no probe: health has answered those
        .layer(health.stage().layer())
        .layer(Context::default().layer())
}
// ANCHOR_END: inside

// ANCHOR: outside
async fn logged(context: Extension<RequestContext>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if !context.is_probe() {
        info!(path, status = response.status().as_u16(), "answered");
    }
    response
}
// ANCHOR_END: outside

async fn told(app: Router) -> Vec<String> {
    let log = Log::of("it::traces");
    let _listening = log.listen();
    for path in ["/health", "/ready", "/health/startup", "/orders", "/nowhere"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        drop(app.clone().oneshot(request).await.unwrap());
    }
    log.take()
}

fn app() -> Router {
    Router::new().route("/orders", get(|| async { "three" }))
}

#[tokio::test]
async fn a_span_inside_of_health_is_none_of_a_probe() {
    let spans = told(wall(app(), &HealthChecks::default())).await;
    assert_eq!(spans.len(), 2, "{spans:?}");
    assert!(spans[0].starts_with("SPAN path=\"/orders\" request_id="), "{spans:?}");
    assert!(spans[1].starts_with("SPAN path=\"/nowhere\" request_id="), "{spans:?}");
}

#[tokio::test]
async fn who_stands_outside_asks_after_the_response() {
    let health = HealthChecks::default().stage().layer();
    let outside = app().layer(health).layer(from_fn(logged)).layer(Context::default().layer());
    let lines = told(outside).await;
    let [orders, nowhere] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(orders, "INFO message=answered path=\"/orders\" status=200");
    assert_eq!(nowhere, "INFO message=answered path=\"/nowhere\" status=404");
}
