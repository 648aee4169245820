//! Who is really calling, as a handler sees it.

use std::convert::Infallible;

use axum::{Extension, Router, routing::get};
use buttress::prelude::*;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tonic::transport::server::TcpConnectInfo;
use tower::{Layer, service_fn};

use crate::support::{
    Checks, Client, Protocol, Server, health_client, serve_axum, serve_hyper, serve_tonic, soon,
};

fn wall(proxies: &[&str]) -> Inbound {
    Inbound::builder().trusted_proxies(proxies.iter().copied()).build().unwrap()
}

fn client(context: &RequestContext) -> String {
    context.client().map_or_else(|| "nobody".to_owned(), |client| client.ip().to_string())
}

async fn on_axum(proxies: &[&str]) -> Server {
    let show = |Extension(context): Extension<RequestContext>| async move { client(&context) };
    serve_axum(Router::new().route("/", get(show)).layer(wall(proxies))).await
}

async fn on_hyper(proxies: &[&str]) -> Server {
    let show = |request: Request<Incoming>| async move {
        let context = request.extensions().get().unwrap();
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(client(context))))
    };
    serve_hyper(wall(proxies).layer(service_fn(show))).await
}

async fn assert_seen(server: Server, forwarded: &[&str], expected: &str) {
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &server).await;
        let mut request = Request::get("/");
        for line in forwarded {
            request = request.header("x-forwarded-for", *line);
        }
        let answer = client.ask(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(str::from_utf8(answer.body()).unwrap(), expected, "{forwarded:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn without_proxies_the_client_is_who_is_connected() {
    assert_seen(on_axum(&[]).await, &[], "127.0.0.1").await;
    assert_seen(on_hyper(&[]).await, &[], "127.0.0.1").await;
}

#[tokio::test]
async fn a_trusted_proxy_names_the_client() {
    let proxies = ["127.0.0.0/8", "10.0.0.0/8"];
    for (forwarded, expected) in [
        (&["203.0.113.7"][..], "203.0.113.7"),
        (&["198.51.100.1, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (&["198.51.100.1", "203.0.113.7", "10.1.2.3"], "203.0.113.7"),
    ] {
        assert_seen(on_axum(&proxies).await, forwarded, expected).await;
        assert_seen(on_hyper(&proxies).await, forwarded, expected).await;
    }
}

#[tokio::test]
async fn the_header_of_an_untrusted_peer_is_ignored() {
    for proxies in [&[][..], &["10.0.0.0/8"]] {
        assert_seen(on_axum(proxies).await, &["203.0.113.7"], "127.0.0.1").await;
        assert_seen(on_hyper(proxies).await, &["203.0.113.7"], "127.0.0.1").await;
    }
}

/// tonic keeps the peer in a type of its own, which the setting `peer` can read.
#[tokio::test]
async fn another_servers_peer_is_found_where_the_setting_says() {
    let find = |extensions: &http::Extensions| extensions.get::<TcpConnectInfo>()?.remote_addr();
    let wall = Inbound::builder().context(|context| context.peer(find)).build().unwrap();
    let checks = Checks(|request: tonic::Request<_>| async move {
        let seen = client(request.extensions().get().unwrap());
        Err(tonic::Status::aborted(seen))
    });
    let server = serve_tonic(wall, checks).await;
    let mut client = health_client(&server).await;
    let check = client.check(tonic_health::pb::HealthCheckRequest::default());
    assert_eq!(soon("a status", check).await.unwrap_err().message(), "127.0.0.1");
    drop(client);
    server.stop().await;
}
