//! Trailers pass the wall in both directions.

use std::convert::Infallible;
use std::fmt::Debug;

use axum::Router;
use buttress_testkit::body::Frames;
use buttress_testkit::raw::Connection;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tower::{Layer, service_fn};

use crate::support::{Answer, Server, http2, prompt, serve_hyper, serve_ours, soon, wall};

/// Gives the trailers of the request back, as its own.
async fn give_back<B>(request: Request<B>) -> Result<Response<Frames>, Infallible>
where
    B: Body<Data = Bytes, Error: Debug>,
{
    let body = request.into_body().collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let frames = Frames::new().data(body.to_bytes()).trailers(trailers).of_unknown_size();
    let mut response = Response::new(frames);
    response.headers_mut().insert("trailer", HeaderValue::from_static("x-sum"));
    Ok(response)
}

async fn servers() -> [Server; 2] {
    let routed = |request: axum::extract::Request| give_back(request);
    [
        serve_hyper(wall().layer(service_fn(give_back::<Incoming>))).await,
        serve_ours(prompt(), Router::new().fallback(routed).layer(wall())).await.0,
    ]
}

#[tokio::test]
async fn over_http2() {
    for server in servers().await {
        let mut client = http2(&server).await;
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", HeaderValue::from_static("42"));
        let body = Frames::new().data("4").data("2").trailers(trailers).of_unknown_size();
        let uri = format!("http://{}/", server.address());
        let asking = client.send_request(Request::post(uri).body(body).unwrap());
        let answer = Answer::of(soon("an answer", asking).await.unwrap()).await;
        assert_eq!((answer.status(), answer.body()), (200, &b"42"[..]));
        assert_eq!(answer.trailer("x-sum"), Some("42"));
        assert!(answer.trailer("x-request-id").is_none(), "it stands in the head");
        drop(client);
        server.stop().await;
    }
}

#[tokio::test]
async fn over_http1() {
    for server in servers().await {
        let mut client = Connection::connect(server.address()).await;
        client.send("POST / HTTP/1.1\r\nhost: test\r\nte: trailers\r\ntrailer: x-sum\r\n").await;
        client.send("transfer-encoding: chunked\r\n\r\n").await;
        client.send("1\r\n4\r\n1\r\n2\r\n0\r\nx-sum: 42\r\n\r\n").await;
        let response = client.response().await;
        assert_eq!((response.status(), response.body()), (200, &b"42"[..]));
        assert_eq!(response.trailer("x-sum"), Some("42"));
        drop(client);
        server.stop().await;
    }
}
