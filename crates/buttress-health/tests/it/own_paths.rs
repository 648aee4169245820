//! Paths of one's own, as a stage, as a service and as routes.

use buttress_core::Health;
use buttress_health::{Check, HealthChecks};
use tower::Service;

use crate::support::{ask, get};

fn health() -> HealthChecks {
    HealthChecks::builder()
        .live_paths(["/livez", "/alive"])
        .ready_paths(["/readyz"])
        .startup_paths(["/startupz"])
        .check(Check::of("db", || async { Health::up() }).group("orders"))
        .build()
        .unwrap()
}

/// The first run is still to come.
const PATHS: [(&str, u16); 5] = [
    ("/livez", 200),
    ("/alive", 200),
    ("/readyz", 503),
    ("/readyz/orders", 503),
    ("/startupz", 503),
];

const USUAL: [&str; 5] = ["/health", "/health/live", "/ready", "/health/ready", "/health/startup"];

#[test]
fn of_a_stage_and_of_a_service() {
    let health = health();
    let mut service = health.service();
    for (path, status) in PATHS {
        assert_eq!(ask(&health, get(path)).status(), status, "{path}");
        assert_eq!(service.call(get(path)).into_inner().unwrap().status(), status, "{path}");
    }
    for path in USUAL {
        assert_eq!(ask(&health, get(path)).body, "inside", "{path}");
        assert_eq!(service.call(get(path)).into_inner().unwrap().status(), 404, "{path}");
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn of_routes() {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use tower::ServiceExt;

    let app: Router = Router::new().route("/health", get(|| async { "inside" }));
    let app = app.merge(health().router());
    let status = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    for (path, expected) in PATHS {
        assert_eq!(status(path).await, expected, "{path}");
    }
    assert_eq!(status("/health").await, 200, "it is the application's");
    for path in &USUAL[1..] {
        assert_eq!(status(path).await, 404, "{path}");
    }
}
