//! Real servers, asked over real sockets.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use buttress_core::stage::Stage;
use buttress_health::{HealthChecks, HealthService};
use buttress_testkit::raw::Connection;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::{hanging, run};

fn health() -> HealthChecks {
    let checks = (0..50).map(|at| hanging(&format!("db{at}")));
    HealthChecks::builder().version("1").checks(checks).build().unwrap()
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn assert_answers(address: SocketAddr) {
    let mut client = Connection::connect(address).await.with_deadline(Duration::from_secs(5));
    for (path, status) in [("/health", 200), ("/health/live", 200), ("/ready", 503)] {
        client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        let response = client.response().await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("content-length"), Some(&*response.body().len().to_string()));
    }
    client.send("HEAD /health/live HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(client.response_to_head().await.status(), 200);
    client.send("POST /ready HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").await;
    let response = client.response().await;
    assert_eq!((response.status(), response.header("allow")), (405, Some("GET, HEAD")));
    client.send("GET /ready/none HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(client.response().await.status(), 404);
}

#[tokio::test]
async fn as_a_stage_in_axum() {
    let health = health();
    let _running = run(&health);
    let (listener, address) = listener().await;
    let app = Router::new().route("/", get(|| async { "hello" })).layer(health.stage().layer());
    let mut servers = JoinSet::new();
    servers.spawn(async move { axum::serve(listener, app).await.unwrap() });
    assert_answers(address).await;
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn as_a_router_of_axum_nested_too() {
    let health = health();
    let _running = run(&health);
    let (listener, address) = listener().await;
    let app = Router::<()>::new()
        .route("/", get(|| async { "hello" }))
        .nest("/internal", health.router())
        .merge(health.router());
    let mut servers = JoinSet::new();
    servers.spawn(async move { axum::serve(listener, app).await.unwrap() });
    assert_answers(address).await;
    let mut client = Connection::connect(address).await;
    client.send("GET /internal/health HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(client.response().await.status(), 200);
}

#[tokio::test]
async fn as_a_service_of_hyper() {
    async fn serve(listener: TcpListener, service: HealthService) -> Infallible {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            connections.spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    }
    let health = health();
    let _running = run(&health);
    let (listener, address) = listener().await;
    let mut servers = JoinSet::new();
    servers.spawn(serve(listener, health.service()));
    assert_answers(address).await;
    let mut client = Connection::connect(address).await;
    client.send("GET /orders HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(client.response().await.status(), 404);
}
