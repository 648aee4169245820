//! A wall around a service, and what it told whom.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Ready;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use buttress_core::stage::{Keep, Stage, StageLayer};
use buttress_core::sync::Lock;
use buttress_core::{Context, Problem};
use buttress_error_envelope::{ErrorEnvelopeLayer, Negotiation};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::layer::util::Stack;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

pub type Wall = ServiceBuilder<
    Stack<ErrorEnvelopeLayer<Keep>, Stack<StageLayer<Context, Keep>, tower::layer::util::Identity>>,
>;

/// Context and envelope, negotiating.
pub fn wall() -> Wall {
    walled(negotiating(), ErrorEnvelopeLayer::default())
}

pub fn walled(context: Context, envelope: ErrorEnvelopeLayer) -> Wall {
    let context = context.layer().catch_panics().keep_body();
    ServiceBuilder::new().layer(context).layer(envelope.keep_body())
}

pub fn negotiating() -> Context {
    let formats = Negotiation::default().chooser();
    Context::builder().answers(|answers| answers.format(formats)).build().unwrap()
}

/// The answer of `router`, read to its end.
pub async fn ask(router: Router, request: Request<Body>) -> Response<Bytes> {
    whole(router.oneshot(request).await.unwrap()).await
}

pub async fn get(router: Router, path: &str) -> Response<Bytes> {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

pub async fn whole<B>(response: Response<B>) -> Response<Bytes>
where
    B: http_body::Body<Data = Bytes, Error: Debug>,
{
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// What a service behind the wall gives, that always answers `response`.
pub async fn given(response: Response<Body>) -> Response<Bytes> {
    given_to(response, Request::new(())).await
}

pub async fn given_to(response: Response<Body>, request: Request<()>) -> Response<Bytes> {
    whole(wall().service(once(response)).oneshot(request).await.unwrap()).await
}

/// A service that gives this answer, once.
pub fn once<B: Send + 'static>(
    response: Response<B>,
) -> impl Service<
    Request<()>,
    Response = Response<B>,
    Error = Infallible,
    Future = Ready<Result<Response<B>, Infallible>>,
> + Clone {
    let response = Arc::new(Lock::new(Some(response)));
    service_fn(move |_| std::future::ready(Ok(response.lock().take().unwrap())))
}

pub fn answer(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", kind);
    response.body(body.into()).unwrap()
}

pub fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

/// The error of the family's envelope, with the id that the header has.
pub fn error(response: &Response<Bytes>) -> Value {
    assert_eq!(response.headers()["content-type"], "application/json", "{response:?}");
    let error = json(response)["error"].clone();
    let id = response.headers()["x-request-id"].to_str().unwrap();
    assert_eq!(error["correlationId"], id, "{response:?}");
    assert!(response.extensions().get::<Problem>().is_some());
    error
}
