//! Six duties: what the ways of stacking them cost. See [`six`](crate::six).

use axum::Router;
use axum::body::Body;
use axum::routing;
use buttress_core::stage::Stage;
use http::StatusCode;
use tower_layer::Layer;

use crate::six::fused::FusedLayer;
use crate::six::nested::{
    BearerLayer, EnvelopeLayer, FlightsLayer, LimitLayer, RequestIdLayer, SecurityLayer, SixLayers,
};
use crate::six::staged;
use crate::{Budget, Case, Hello, Run, get, get_without_token, requests, welcomes};

const SERVICE: &str = "six duties, bare service";
const AXUM: &str = "six duties, axum";
/// Here ours does more: the family's envelope with its time, and the problem for outer layers to count.
const REFUSED: &str = "six duties, axum, a 401";

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    vec![
        Case::bare(SERVICE, welcomes(Hello)),
        Case::peer(SERVICE, "fused by hand", welcomes(FusedLayer::default().layer(Hello))),
        Case::peer(SERVICE, "nested services", welcomes(SixLayers::default().layer(Hello))),
        Case::ours(SERVICE, welcomes(staged::six().layer().layer(Hello))),
        Case::peer(
            SERVICE,
            "ours, leaked, body kept",
            welcomes(staged::six().layer().leak().keep_body().layer(Hello)),
        ),
        Case::bare(AXUM, welcomed(router())).on_two_threads(),
        Case::peer(AXUM, "fused by hand, one .layer()", welcomed(fused())).on_two_threads(),
        Case::peer(AXUM, "nested, one .layer()", welcomed(nested_once())).on_two_threads(),
        Case::peer(AXUM, "nested, six .layer()", welcomed(six_layers())).on_two_threads(),
        Case::ours(AXUM, welcomed(staged_once())).within(Budget::new(7130, 11)).on_two_threads(),
        Case::peer(AXUM, "ours, leaked, body kept", welcomed(staged_leaked()))
            .within(Budget::new(6860, 10))
            .on_two_threads(),
        Case::peer(REFUSED, "fused by hand, one .layer()", refused(fused())),
        Case::peer(REFUSED, "nested, one .layer()", refused(nested_once())),
        Case::peer(REFUSED, "nested, six .layer()", refused(six_layers())),
        Case::ours(REFUSED, refused(staged_once())),
    ]
}

fn router() -> Router {
    Router::new().route("/", routing::get(|| async { "hello" }))
}

fn fused() -> Router {
    router().layer(FusedLayer::default())
}

fn nested_once() -> Router {
    router().layer(SixLayers::default())
}

fn staged_once() -> Router {
    router().layer(staged::six().layer())
}

fn staged_leaked() -> Router {
    router().layer(staged::six().layer().leak().keep_body())
}

/// As most applications are written; axum applies the last one outermost.
fn six_layers() -> Router {
    router()
        .layer(BearerLayer::default())
        .layer(LimitLayer::default())
        .layer(EnvelopeLayer::default())
        .layer(SecurityLayer::default())
        .layer(RequestIdLayer::default())
        .layer(FlightsLayer::default())
}

fn welcomed(router: Router) -> Run {
    requests(finished(router), get::<Body>, StatusCode::OK)
}

fn refused(router: Router) -> Run {
    requests(finished(router), get_without_token::<Body>, StatusCode::UNAUTHORIZED)
}

/// As `axum::serve` does. Without it, a router builds its layers anew for each request.
fn finished(router: Router) -> Router {
    router.with_state(())
}
