use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use buttress_core::stage::{RequestHead, Stage, gate_fn};
use buttress_core::{BuildError, Context, Problem};
use http::{Request, Response};
use tower::{Layer, ServiceBuilder, service_fn};

async fn hello(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::default())
}

fn main() -> Result<(), BuildError> {
    let open = gate_fn(|_: &mut dyn RequestHead| Ok::<(), Problem>(()));
    let wall = Context::builder().build()?.then(open).layer();
    let around = wall.clone().keep_body().layer(service_fn(hello));
    let built = ServiceBuilder::new().layer(wall.clone()).service_fn(hello);
    let app = Router::new().route_service("/", around).route_service("/built", built);
    let _app: Router = app.layer(wall);
    Ok(())
}
