//! A client of reqwest behind the wall.

use std::net::SocketAddr;

use buttress::circuit_breaker::State;
use buttress::metrics::Metrics;
use buttress::outbound::Reqwest;
use buttress::prelude::*;
use buttress::retry::Repeatable;
use buttress_testkit::page::Page;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::rig::{Asked, server};

fn wall(tries: u32) -> Outbound {
    Outbound::to("payments")
        .retry(Retry::up_to(tries).backoff(Backoff::none()))
        .attempt_timeout(secs(5))
        .build()
        .unwrap()
}

#[tokio::test]
async fn it_is_a_client_as_any_other() {
    let (address, seen) = server(|time| if time < 3 { 503 } else { 200 }).await;
    let client = wall(3).layer_on(Reqwest::new(::reqwest::Client::new()));
    let order = Request::post(format!("http://{address}/")).extension(Repeatable);
    let order = order.body(Full::<Bytes>::from("a whole order")).unwrap();
    let response = client.oneshot(order).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "an answer");
    let seen = seen.lock();
    assert_eq!(seen.len(), 3);
    assert!(
        seen.iter()
            .all(|(headers, body)| body == "a whole order" && headers["content-length"] == "13")
    );
}

/// A server that refuses each stream before it has begun to work on it, and how many came.
async fn refusing() -> (SocketAddr, Asked) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Asked::default());
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_request, mut respond))) = connection.accept().await {
                    counted.once_more();
                    respond.send_reset(h2::Reason::REFUSED_STREAM);
                }
            });
        }
    });
    (address, asked)
}

/// By itself it does. A body from the wall is none that it can clone, so nothing is sent beneath it that no budget has
/// paid for.
#[tokio::test]
async fn reqwest_does_not_retry_beneath() {
    let (address, asked) = refusing().await;
    let client = ::reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    assert!(client.get(format!("http://{address}/")).send().await.is_err());
    assert!(asked.times() > 1, "else there is nothing to see");

    for body in ["", "an order"] {
        let (address, asked) = refusing().await;
        let client = wall(1).layer_on(Reqwest::new(client.clone()));
        let request = Request::get(format!("http://{address}/"));
        let request = request.body(Full::<Bytes>::from(body)).unwrap();
        assert!(client.oneshot(request).await.is_err());
        assert_eq!(asked.times(), 1);
    }
}

/// It is the caller's fault: nothing is repeated, and the breaker hears of no failure.
#[tokio::test]
async fn what_is_no_url_is_an_error_and_none_of_the_dependency() {
    let page = Page::default();
    let wall = Outbound::to("payments")
        .retry(Retry::up_to(3).backoff(Backoff::none()))
        .circuit_breaker(CircuitBreaker::after(1))
        .metrics(&Metrics::new(page.clone()))
        .build()
        .unwrap();
    let client = wall.layer_on(Reqwest::from(::reqwest::Client::new()));
    for uri in ["/nowhere", "ftp://stock.internal/"] {
        let request = Request::get(uri).body(Full::<Bytes>::default()).unwrap();
        let error = client.clone().oneshot(request).await.unwrap_err();
        assert!(error.is_builder(), "{uri}");
    }
    assert_eq!(wall.breaker().state(), State::Closed);
    let lines = page.lines().concat();
    assert!(!lines.contains("repeats_total"), "{lines}");
}
