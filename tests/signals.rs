//! The signals that end a server. They reach the whole process, so this is a program of its own, with one test.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "these are tests")]
#![cfg(unix)]

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use axum::{Router, routing::get};
use buttress::serve::{Phase, Report, Server, Shutdown};
use buttress_testkit::raw::Connection;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Longer than the test may take: if a signal does not shorten it, the test fails.
const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn sigterm_keeps_the_lead_time_unless_it_comes_again_and_sigint_skips_it() {
    let (shutdown, mut stuck, serving) = start().await;
    signal("TERM");
    soon("draining", shutdown.draining()).await;
    let mut late = Connection::connect(stuck.1).await;
    late.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(late.response().await.text(), "hello", "it serves on");
    assert_eq!(shutdown.phase(), Phase::Draining);
    signal("TERM");
    soon("closing", shutdown.closing()).await;
    assert!(!serving.is_finished(), "a request is under way");
    signal("TERM");
    let report = soon("the end", serving).await.unwrap();
    assert_eq!((report.requests(), report.aborted_requests()), (2, 1));
    assert_eq!(stuck.0.rest().await, b"");

    let (shutdown, _stuck, serving) = start().await;
    signal("INT");
    soon("closing", shutdown.closing()).await;
    assert!(!serving.is_finished(), "a request is under way");
    signal("INT");
    let report = soon("the end", serving).await.unwrap();
    assert_eq!((report.requests(), report.aborted_requests()), (1, 1));
}

/// A server that listens to signals, and a request that it never answers.
async fn start() -> (Shutdown, (Connection, SocketAddr), JoinHandle<Report>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begun = std::sync::Arc::new(tokio::sync::Notify::new());
    let told = begun.clone();
    let stuck = move || async move {
        told.notify_one();
        std::future::pending::<&'static str>().await
    };
    let app = Router::new().route("/", get(|| async { "hello" })).route("/stuck", get(stuck));
    let server = Server::builder().lead_time(LONG).grace(LONG).build().unwrap();
    let shutdown = server.handle();
    let serving = tokio::spawn(server.serve(listener, app));
    let mut client = Connection::connect(address).await;
    client.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    soon("the request", begun.notified()).await;
    (shutdown, (client, address), serving)
}

fn signal(name: &str) {
    let process = std::process::id().to_string();
    let told = Command::new("kill").args([&format!("-{name}"), &process]).status().unwrap();
    assert!(told.success());
}

async fn soon<F: Future>(what: &str, event: F) -> F::Output {
    let waited = tokio::time::timeout(Duration::from_secs(20), event).await;
    waited.unwrap_or_else(|_| panic!("{what} does not come"))
}
