//! A client of hyper behind the wall, over real connections.

use std::convert::Infallible;

use buttress::circuit_breaker::State;
use buttress::clock::TokioTimer;
use buttress::outcome::HttpClassify;
use buttress::prelude::*;
use buttress::retry::{Repeatable, ReplayBody};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};

use super::rig::server;

fn client() -> Client<HttpConnector, ReplayBody<Full<Bytes>>> {
    Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http()
}

fn wall() -> Outbound {
    Outbound::to("payments")
        .deadline(secs(30))
        .retry(Retry::up_to(3).backoff(Backoff::none()).budget(Budget::dangerous_unlimited()))
        .circuit_breaker(CircuitBreaker::after(5).failures_in(secs(60)))
        .bulkhead(64)
        .bulkhead_with(|bulkhead| bulkhead.queue(8, secs(1), TokioTimer))
        .attempt_timeout(secs(5))
        .build()
        .unwrap()
        .leak()
}

/// A URI without a host never leaves this process: it is the caller's fault, by whatever client.
#[tokio::test]
async fn a_request_that_cannot_be_sent_opens_no_breaker() {
    let wall = Outbound::to("payments").circuit_breaker(CircuitBreaker::after(1)).build().unwrap();
    let client = wall.layer_on(client());
    let request = Request::get("/nowhere").body(Full::default()).unwrap();
    assert!(client.oneshot(request).await.is_err());
    assert_eq!(wall.breaker().state(), State::Closed);
}

/// A client that has its type already, and is no client of the wall's bodies.
#[tokio::test]
async fn a_client_of_another_body_gets_one_with_each_attempt() {
    let (address, seen) = server(|time| if time < 3 { 503 } else { 200 }).await;
    let client: Client<HttpConnector, BoxBody<Bytes, Infallible>> =
        Client::builder(TokioExecutor::new()).build_http();
    let client = wall().layer_on_with(client, BodyExt::boxed);
    let order = Request::post(format!("http://{address}/")).extension(Repeatable);
    let order = order.body(Full::<Bytes>::from("a whole order")).unwrap();
    assert_eq!(client.oneshot(order).await.unwrap().status(), 200);
    let seen = seen.lock();
    assert!(seen.len() == 3 && seen.iter().all(|(_, body)| body == "a whole order"));
}

#[tokio::test]
async fn a_call_is_repeated_with_its_body() {
    let (address, seen) = server(|time| if time < 3 { 503 } else { 200 }).await;
    let order = Request::post(format!("http://{address}/")).extension(Repeatable);
    let order = order.body(Full::from("a whole order")).unwrap();
    let wall = wall();
    let response = wall.layer_on(client()).oneshot(order).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "an answer");
    let seen = seen.lock();
    assert_eq!(seen.len(), 3);
    for (at, (headers, body)) in seen.iter().enumerate() {
        assert_eq!(
            (body, &headers["content-length"]),
            (&Bytes::from("a whole order"), &"13".parse().unwrap())
        );
        let attempt = headers.get("x-request-attempt").map(|value| value.to_str().unwrap());
        assert_eq!(attempt, [None, Some("1"), Some("2")][at]);
    }
    assert_eq!(wall.bulkhead().unwrap().in_flight(), 0);
}

/// Of a POST without a key, too: it is proven that not a byte was sent.
#[tokio::test]
async fn what_refuses_connections_is_tried_again_and_opens_the_breaker() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let wall = wall();
    let client = wall.layer_on(client());
    let call = || {
        let order = Request::post(format!("http://{address}/")).body(Full::from("an order"));
        client.clone().oneshot(order.unwrap())
    };
    assert!(call().await.is_err(), "the error of the client passes as it is");
    assert_eq!(wall.breaker().snapshot().refused(), 0);
    let response = call().await;
    assert!(response.is_err() || response.unwrap().status() == 503);
    let refused = call().await.unwrap();
    assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::CIRCUIT_OPEN);
}

/// Rules of one's own stand beside what is known of the errors of hyper, and do not replace it.
#[tokio::test]
async fn who_judges_by_own_rules_still_knows_a_refused_stream() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(theirs).await.unwrap();
        let mut refused = false;
        while let Some(Ok((_, mut answer))) = connection.accept().await {
            if std::mem::replace(&mut refused, true) {
                answer.send_response(Response::new(()), true).unwrap();
            } else {
                answer.send_reset(h2::Reason::REFUSED_STREAM);
            }
        }
    });
    let executor = TokioExecutor::new();
    let io = hyper_util::rt::TokioIo::new(ours);
    let (sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let client = service_fn(move |request: Request<ReplayBody<Full<Bytes>>>| {
        let mut sender = sender.clone();
        async move { sender.send_request(request).await }
    });
    let wall = Outbound::to("payments")
        .retry(Retry::up_to(3).backoff(Backoff::none()).budget(Budget::dangerous_unlimited()))
        .circuit_breaker(CircuitBreaker::after(1))
        .classify(HttpClassify::new().failures([StatusCode::NOT_FOUND]))
        .build()
        .unwrap();
    // Of a POST without a key: nobody has begun to work on it.
    let order = Request::post("http://payments/").body(Full::from("an order")).unwrap();
    assert_eq!(wall.layer_on(client).oneshot(order).await.unwrap().status(), 200);
    assert_eq!(wall.breaker().state(), State::Closed);
}
