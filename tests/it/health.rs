//! Health in the whole stack: real servers, HTTP/1.1 and HTTP/2, whatever the dependencies do.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::{Router, routing::get};
use buttress::Health;
use buttress::prelude::*;
use buttress_health::{Check, HealthChecks, Status};
use buttress_testkit::raw::Connection;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tower::{Layer, service_fn};

use crate::support::{Client, Protocol, Server, serve_axum, serve_hyper, serve_ours, soon};

/// A dependency that the test breaks and mends.
fn breakable() -> (Arc<AtomicBool>, Check) {
    let works = Arc::new(AtomicBool::new(true));
    let check = Check::of("database", {
        let works = works.clone();
        move || {
            let works = works.load(Ordering::Relaxed);
            async move {
                if works { Health::up() } else { Health::down("postgres://app:hunter2@db is gone") }
            }
        }
    });
    (works, check.critical().every(Duration::from_millis(20)))
}

async fn on_axum(health: &HealthChecks) -> Server {
    let wall = Inbound::builder().then(health.stage()).build().unwrap();
    serve_axum(Router::new().route("/", get(|| async { "hello" })).layer(wall)).await
}

async fn on_hyper(health: &HealthChecks) -> Server {
    let wall = Inbound::builder().then(health.stage()).build().unwrap();
    let hello = |_: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
    };
    serve_hyper(wall.layer(service_fn(hello))).await
}

async fn until(health: &HealthChecks, wanted: Status) {
    let mut changes = health.subscribe();
    let change = async {
        while health.status() != wanted {
            changes.changed().await;
        }
    };
    soon(wanted.as_str(), change).await;
}

/// Status and word of an answer, which must have an id as all others have.
async fn asked(server: &Server, path: &str) -> (u16, String) {
    let mut answers = Vec::new();
    for protocol in Protocol::BOTH {
        let answer = Client::connect(protocol, server).await.get(path).await;
        assert_eq!(answer.id().len(), 36);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        answers.push((answer.status(), answer.json()["status"].as_str().unwrap().to_owned()));
    }
    assert_eq!(answers[0], answers[1], "the same over either protocol");
    answers.remove(0)
}

async fn goes_with_its_dependency(server: Server, health: HealthChecks, works: Arc<AtomicBool>) {
    let expect = |status: u16, word: &str| (status, word.to_owned());
    until(&health, Status::Ok).await;
    assert_eq!(asked(&server, "/ready").await, expect(200, "ok"));
    assert_eq!(asked(&server, "/health/startup").await, expect(200, "ok"));

    works.store(false, Ordering::Relaxed);
    until(&health, Status::Down).await;
    assert_eq!(asked(&server, "/health/ready").await, expect(503, "down"));
    assert_eq!(asked(&server, "/health/live").await, expect(200, "ok"));
    works.store(true, Ordering::Relaxed);
    until(&health, Status::Ok).await;
    assert_eq!(asked(&server, "/ready").await, expect(200, "ok"));

    // As the server does before it stops: the requests that still come are served.
    health.drain();
    assert_eq!(asked(&server, "/ready").await, expect(503, "draining"));
    assert_eq!(asked(&server, "/health").await, expect(200, "ok"));
    for protocol in Protocol::BOTH {
        assert_eq!(Client::connect(protocol, &server).await.get("/").await.body(), b"hello");
    }
    server.stop().await;
}

#[tokio::test]
async fn readiness_goes_with_its_dependencies() {
    for on_hyper_alone in [false, true] {
        let (works, check) = breakable();
        let health = HealthChecks::builder().check(check).build().unwrap();
        let server = if on_hyper_alone { on_hyper(&health).await } else { on_axum(&health).await };
        let _running = health.spawn();
        goes_with_its_dependency(server, health, works).await;
    }
}

#[tokio::test]
async fn details_are_for_the_address_that_the_proxy_vouches_for() {
    let (works, check) = breakable();
    works.store(false, Ordering::Relaxed);
    let health = HealthChecks::builder().check(check).details_for_networks(["10.0.0.0/8"]);
    let health = health.build().unwrap();
    let _running = health.spawn();
    until(&health, Status::Down).await;
    let wall = Inbound::builder().trusted_proxies(["127.0.0.1"]).then(health.stage());
    let server = serve_axum(Router::new().layer(wall.build().unwrap())).await;

    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &server).await;
        for (from, shown) in [("10.1.2.3", true), ("203.0.113.7", false)] {
            let request = Request::get("/ready").header("x-forwarded-for", from);
            let answer = client.ask(request.body(Bytes::new()).unwrap()).await;
            let text = String::from_utf8_lossy(answer.body()).into_owned();
            assert_eq!(answer.status(), 503);
            assert_eq!(text.contains("database"), shown, "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_method_and_an_unknown_group_have_the_shape_of_the_family() {
    let server = on_axum(&HealthChecks::default()).await;
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, &server).await;
        let post = Request::post("/health").body(Bytes::new()).unwrap();
        client.ask(post).await.assert_problem(Code::METHOD_NOT_ALLOWED);
        client.get("/ready/nothing").await.assert_problem(Code::NOT_FOUND);
    }
    server.stop().await;
}

/// Fifty dependencies hang; each probe is answered all the same, and at once.
#[tokio::test]
async fn whatever_hangs_probes_are_answered() {
    let hanging = (0..50).map(|at| Check::of(format!("db{at}"), pending));
    let health = HealthChecks::builder().checks(hanging).build().unwrap();
    let _running = health.spawn();
    let server = on_axum(&health).await;
    let address: SocketAddr = server.address();
    let mut client = Connection::connect(address).await.with_deadline(Duration::from_secs(5));
    for _ in 0..500 {
        for (path, status) in [("/health/live", 200), ("/health/ready", 503)] {
            client.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
            assert_eq!(client.response().await.status(), status);
        }
    }
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn an_envelope_leaves_the_answers_of_a_router_alone() {
    let health = HealthChecks::default();
    health.drain();
    let wall = Inbound::builder().error_envelope(|envelope| envelope).build().unwrap();
    let server = serve_axum(Router::new().merge(health.router()).layer(wall)).await;

    assert_eq!(asked(&server, "/ready").await, (503, "draining".to_owned()));
    let lost = Client::connect(Protocol::Http2, &server).await.get("/lost").await;
    assert_eq!((lost.status(), &lost.json()["error"]["code"]), (404, &"NOT_FOUND".into()));
}

/// The wall and the server know the early one alone, whether it is told to stop before there is another or after.
#[tokio::test]
async fn what_was_starting_drains_with_its_heir() {
    for drains_first in [false, true] {
        let early = HealthChecks::starting();
        let wall = Inbound::builder().health(&early).build().unwrap();
        let app = Router::new().route("/", get(|| async { "hello" })).layer(wall);
        let builder = buttress::serve::Server::builder().health(&early);
        let (server, shutdown) = serve_ours(builder.lead_time(Duration::from_secs(600)), app).await;
        assert_eq!(asked(&server, "/ready").await, (503, "starting".to_owned()));
        assert_eq!(asked(&server, "/health").await, (200, "ok".to_owned()));

        let (works, check) = breakable();
        let later = HealthChecks::builder().version("1.2.3").check(check).build().unwrap();
        let _running = later.spawn();
        if drains_first {
            shutdown.begin();
            until(&early, Status::Draining).await;
            early.hand_over_to(&later).unwrap();
        } else {
            early.hand_over_to(&later).unwrap();
            until(&early, Status::Ok).await;
            assert_eq!(asked(&server, "/ready").await, (200, "ok".to_owned()));
            works.store(false, Ordering::Relaxed);
            until(&early, Status::Down).await;
            assert_eq!(asked(&server, "/ready").await, (503, "down".to_owned()));
            shutdown.begin();
            until(&later, Status::Draining).await;
        }
        assert_eq!(asked(&server, "/ready").await, (503, "draining".to_owned()));
        assert_eq!(asked(&server, "/health").await, (200, "ok".to_owned()));
        server.stop().await;
    }
}
