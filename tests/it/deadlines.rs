//! A deadline is read where the request comes in, and told to the next hop, less what has passed.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use buttress::clock::ManualClock;
use buttress::prelude::*;
use buttress_testkit::body::Frames;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tonic::Status;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::{ServiceBuilder, service_fn};

use crate::support::{
    Checks, Client, Protocol, channel, health_client, http2, serve_axum, serve_hyper, serve_tonic,
    soon,
};

fn wall(clock: &ManualClock) -> Inbound {
    Inbound::builder().context(|context| context.clock(clock.clone())).build().unwrap()
}

/// Works for ten seconds, then asks the next hop.
async fn relay(
    request: tonic::Request<HealthCheckRequest>,
    next: Channel,
    clock: ManualClock,
) -> Result<(), Status> {
    let context = request.extensions().get::<RequestContext>().unwrap().clone();
    let left = context.deadline().unwrap().remaining(context.clock().now());
    assert_eq!(left, Duration::from_secs(30));
    clock.advance(Duration::from_secs(10));
    let next = ServiceBuilder::new()
        .map_request(move |mut request: Request<_>| {
            context.propagate(&mut request);
            request
        })
        .service(next);
    HealthClient::new(next).check(HealthCheckRequest::default()).await.map(drop)
}

#[tokio::test]
async fn from_grpc_to_grpc() {
    let (seen, mut told) = mpsc::unbounded_channel();
    let second = serve_tonic(
        Inbound::builder().build().unwrap(),
        Checks(move |request: tonic::Request<HealthCheckRequest>| {
            seen.send(request.metadata().get("grpc-timeout").cloned()).unwrap();
            async { Ok(()) }
        }),
    )
    .await;
    let (clock, next) = (ManualClock::new(), channel(&second).await);
    let first = serve_tonic(wall(&clock), {
        Checks(move |request| relay(request, next.clone(), clock.clone()))
    })
    .await;

    let mut client = health_client(&first).await;
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_secs(30));
    soon("an answer", client.check(request)).await.unwrap();
    assert_eq!(told.recv().await.unwrap().unwrap(), "20000000u");

    drop(client);
    first.stop().await;
    second.stop().await;
}

/// Shows how many milliseconds are left, as it was told.
async fn show(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let left = request.headers().get("x-request-timeout-ms");
    let left = left.map_or_else(Bytes::new, |left| Bytes::copy_from_slice(left.as_bytes()));
    Ok(Response::new(left.into()))
}

#[tokio::test]
async fn from_http_to_http() {
    let second = serve_hyper(service_fn(show)).await;
    let (clock, next) = (ManualClock::new(), second.address());
    let sender = http2(&second).await;
    let wall = wall(&clock);
    let relay = async move |Extension(context): Extension<RequestContext>| {
        clock.advance(Duration::from_millis(250));
        let mut request = Request::get(format!("http://{next}/")).body(Frames::new()).unwrap();
        context.propagate(&mut request);
        Body::new(sender.clone().send_request(request).await.unwrap().into_body())
    };
    let first = serve_axum(Router::new().route("/", get(relay)).layer(wall)).await;
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &first).await;
        let request = Request::get("/").header("x-request-timeout-ms", "1000");
        assert_eq!(client.ask(request.body(Bytes::new()).unwrap()).await.body(), b"750");
        // None was given, so none is passed on.
        assert_eq!(client.get("/").await.body(), b"");
    }
    first.stop().await;
    second.stop().await;
}
