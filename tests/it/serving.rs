//! The whole wall on our own server, as the storefront has it, over both protocols.

use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Router};
use buttress::RequestContext;
use buttress::health::{HealthChecks, Status};
use buttress::prelude::*;
use buttress::serve;
use buttress_testkit::raw::Connection;
use bytes::Bytes;
use http::Request;

use crate::support::{Client, Protocol, Server, serve_ours, soon};

async fn whoami(Extension(context): Extension<RequestContext>) -> String {
    context.client().map_or_else(String::new, |client| client.to_string())
}

fn shop(health: &HealthChecks) -> Router {
    let wall = Inbound::builder().error_envelope(|envelope| envelope).health(health);
    Router::new()
        .route("/", get(whoami))
        .route("/panic", get(|| async { panic!("on purpose") as () }))
        .layer(wall.build().unwrap())
}

async fn get_once(protocol: Protocol, server: &Server, path: &str) -> crate::support::Answer {
    Client::connect(protocol, server).await.get(path).await
}

#[tokio::test]
async fn the_wall_knows_the_client_and_names_every_failure() {
    let health = HealthChecks::default();
    let (server, _) = serve_ours(serve::Server::builder(), shop(&health)).await;
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &server).await;
        assert_eq!(client.get("/").await.body(), b"127.0.0.1", "the server said who is connected");
        client.get("/nowhere").await.assert_problem(Code::NOT_FOUND);
        let delete = client.ask(Request::delete("/").body(Bytes::new()).unwrap()).await;
        delete.assert_problem(Code::METHOD_NOT_ALLOWED);
        assert_eq!(delete.header("allow"), Some("GET,HEAD"));
        client.get("/panic").await.assert_problem(Code::INTERNAL);
        let ready = client.get("/ready").await;
        assert_eq!((ready.status(), &ready.json()["status"]), (200, &"ok".into()));
    }
    server.stop().await;
}

#[tokio::test]
async fn readiness_says_no_first_and_everything_is_served_meanwhile() {
    let health = HealthChecks::default();
    let mut changes = health.subscribe();
    let builder = serve::Server::builder().health(&health).lead_time(Duration::from_secs(600));
    let (server, shutdown) = serve_ours(builder, shop(&health)).await;
    assert_eq!(get_once(Protocol::Http1, &server, "/ready").await.status(), 200);
    shutdown.begin();
    assert_eq!(soon("draining", changes.changed()).await, Status::Draining);
    for protocol in Protocol::BOTH {
        let ready = get_once(protocol, &server, "/ready").await;
        assert_eq!((ready.status(), &ready.json()["status"]), (503, &"draining".into()));
        assert_eq!(get_once(protocol, &server, "/health/live").await.status(), 200);
        let page = get_once(protocol, &server, "/").await;
        assert_eq!((page.status(), page.body()), (200, &b"127.0.0.1"[..]));
        let told = page.header("connection") == Some("close");
        assert_eq!(told, protocol == Protocol::Http1, "{protocol:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_is_for_one_server() {
    let builder = serve::Server::builder().lead_time(Duration::ZERO);
    let (server, _) = serve_ours(builder, shop(&HealthChecks::default())).await;
    let mut client = Connection::connect(server.address()).await;
    client.send("GET http://test/ HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(client.response().await.status(), 200);
    client.send("GET http://test/ HTTP/1.1\r\nhost: other\r\n\r\n").await;
    assert_eq!(client.response().await.status(), 400);
    assert!(client.is_closed().await);

    let mut client = Client::connect(Protocol::Http2, &server).await;
    for (host, status) in [("other", 400), (&*server.address().to_string(), 200)] {
        let request = Request::get("/").header("host", host).body(Bytes::new()).unwrap();
        assert_eq!(client.ask(request).await.status(), status, "{host}");
    }
    server.stop().await;
}
