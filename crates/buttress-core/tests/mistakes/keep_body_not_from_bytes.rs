//~ error: cannot be made from bytes, so it cannot be kept
//~ below: a refusal needs a body of this type
//~ below: leave `.keep_body()` out
//~ at most 30 lines
use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use buttress_core::Context;
use buttress_core::stage::Stage;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use tower::{Layer, service_fn};

async fn hello(_: Request<Body>) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    Ok(Response::default())
}

fn main() {
    let service = Context::default().layer().keep_body().layer(service_fn(hello));
    let _app: Router = Router::new().route_service("/", service);
}
