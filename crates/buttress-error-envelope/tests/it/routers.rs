//! What a rule leaves alone where routers and layers stand in another order.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use buttress_core::Context;
use buttress_core::metrics::Metrics;
use buttress_core::stage::Stage;
use buttress_error_envelope::ErrorEnvelopeLayer;
use buttress_testkit::page::Page;
use http::Request;
use tower::{Layer, ServiceExt};

use crate::left_alone::page as page_of_our_own;
use crate::support::{get as get_path, whole};

/// As where the context is the wall of a server, and each router has an envelope.
#[tokio::test]
async fn by_route_where_the_context_stands_outside_of_the_router() {
    let page = Page::default();
    let rule = ErrorEnvelopeLayer::builder().leave_route("/pages/{name}").build().unwrap();
    let app = Router::new()
        .route("/pages/{name}", get(page_of_our_own))
        .route("/others", get(page_of_our_own));
    let metrics = Metrics::new(page.clone());
    let context = Context::builder().answers(|answers| answers.metrics(&metrics)).build().unwrap();
    let app = context.layer().keep_body().layer(app.layer(rule.keep_body()));
    let body = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        whole(app.clone().oneshot(request).await.unwrap()).await
    };
    assert!(body("/pages/a").await.body().starts_with(b"<p>"));
    assert_eq!(body("/others").await.headers()["content-type"], "application/json");
    let lines = page.lines();
    assert!(format!("{lines:?}").contains("/pages/{name}"), "{lines:?}");
}

/// The rest of a path is not what somebody has asked for.
#[tokio::test]
async fn by_path_in_a_router_within_another() {
    let nested = async |rule: &str, path: &str| {
        let rule = ErrorEnvelopeLayer::builder().leave_path(rule).build().unwrap();
        let inner =
            Router::new().route("/pages/{name}", get(page_of_our_own)).layer(rule.keep_body());
        get_path(Router::new().nest("/shop", inner), path).await.body().starts_with(b"<p>")
    };
    assert!(nested("/shop/pages", "/shop/pages/a").await);
    assert!(!nested("/pages", "/shop/pages/a").await);
}
