//~ error: the trait bound `BoxService<
//~ error: Clone` is not satisfied
//~ below: required for `Staged<
//~ at most 30 lines
use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use buttress_core::Context;
use buttress_core::stage::Stage;
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};

async fn hello(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::default())
}

fn main() {
    let service = Context::default().layer().layer(service_fn(hello).boxed());
    let _app: Router = Router::new().route_service("/", service);
}
