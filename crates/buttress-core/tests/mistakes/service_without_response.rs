//~ error: but it resolves to `Result<&str, Infallible>`
//~ below: expected `Result<Response<_>, _>`
//~ at most 25 lines
use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use buttress_core::Context;
use buttress_core::stage::Stage;
use http::Request;
use tower::{Layer, service_fn};

async fn hello(_: Request<Body>) -> Result<&'static str, Infallible> {
    Ok("hello")
}

fn main() {
    let service = Context::default().layer().layer(service_fn(hello));
    let _app: Router = Router::new().route_service("/", service);
}
