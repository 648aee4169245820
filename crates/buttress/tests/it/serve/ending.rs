//! The shutdown, phase by phase.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use buttress::serve::{Phase, Server};
use buttress_testkit::paused::pass;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::rig::{Rig, now, request, seconds, server};

#[tokio::test(start_paused = true)]
async fn it_serves_through_the_lead_time_and_then_finishes() {
    let mut rig = Rig::of(server());
    let (mut works, mut kept, mut silent) = (rig.connect(), rig.connect(), rig.connect());
    let mut http2 = rig.http2().await;
    works.send("GET /work HTTP/1.1\r\nhost: test\r\n\r\n").await;
    let work = tokio::spawn(http2.send_request(request("/work")));
    assert!(!kept.get("/").await.contains("connection: close"));
    let began = now();
    rig.shutdown.begin();
    rig.shutdown.draining().await;
    assert_eq!(rig.shutdown.phase(), Phase::Draining);

    let mut late = rig.connect();
    assert!(late.get("/").await.contains("connection: close\r\n"), "new ones are served, and told");
    assert_eq!(late.rest().await, "");
    assert_eq!(http2.send_request(request("/")).await.unwrap().status(), 200);
    assert_eq!(now() - began, Duration::ZERO);

    assert_eq!(kept.rest().await, "", "an idle one is closed");
    assert_eq!(silent.closed_after().await, 5, "and one that never said a word");
    assert_eq!(rig.shutdown.phase(), Phase::Closing);
    pass(seconds(1)).await;
    assert!(http2.send_request(request("/")).await.is_err(), "HTTP/2 has been told");

    let answer = works.answer().await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("done"), "{answer}");
    let answer = work.await.unwrap().unwrap().into_body().collect().await.unwrap();
    assert_eq!(answer.to_bytes(), "done");
    let report = rig.report().await;
    assert!(report.is_clean());
    assert_eq!((report.connections(), report.requests()), (5, 5));
    assert_eq!(report.shutdown().as_secs(), 20);
    assert_eq!(rig.shutdown.phase(), Phase::Ended);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_cut_off_and_counted() {
    let rig = Rig::of(server());
    let mut stuck = rig.connect();
    stuck.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    let mut http2 = rig.http2().await;
    let streams: Vec<_> =
        (0..3).map(|_| tokio::spawn(http2.send_request(request("/stuck")))).collect();
    pass(seconds(1)).await;
    let report = rig.end().await;
    assert_eq!((report.aborted_connections(), report.aborted_requests()), (2, 4));
    assert_eq!(report.shutdown().as_secs(), 30);
    assert!(!report.is_clean());
    assert_eq!(
        format!("{:?}", report.exit_code()),
        format!("{:?}", std::process::ExitCode::FAILURE)
    );
    assert_eq!(
        report.into_result().unwrap_err().to_string(),
        "the server did not end cleanly: it served 4 requests over 2 connections, aborted 4 requests and 2 connections"
    );
    assert_eq!(stuck.rest().await, "");
    for stream in streams {
        assert!(stream.await.unwrap().is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn streams_without_an_end_are_told() {
    let rig = Rig::of(server());
    let mut client = rig.connect();
    client.send("GET /events HTTP/1.1\r\nhost: test\r\n\r\n").await;
    let mut http2 = rig.http2().await;
    let events = http2.send_request(request("/events")).await.unwrap();
    let report = rig.end().await;
    assert!(report.is_clean());
    assert_eq!(report.shutdown().as_secs(), 5);
    assert!(client.rest().await.ends_with("data: bye\n\n\r\n0\r\n\r\n"));
    let events = events.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(events, "data: open\n\ndata: bye\n\n");
}

#[tokio::test(start_paused = true)]
async fn asked_twice_it_skips_the_lead_and_three_times_the_grace() {
    let mut rig = Rig::of(server());
    let mut stuck = rig.connect();
    stuck.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    pass(seconds(1)).await;
    let began = now();
    rig.shutdown.begin();
    pass(seconds(1)).await;
    rig.shutdown.begin();
    rig.shutdown.closing().await;
    assert_eq!((now() - began).as_secs(), 1);
    pass(seconds(1)).await;
    rig.shutdown.begin();
    let report = rig.report().await;
    assert_eq!((report.shutdown().as_secs(), report.aborted_requests()), (2, 1));
}

/// Each time counts, however quickly they follow each other.
#[tokio::test(start_paused = true)]
async fn asked_three_times_at_once_it_ends_at_once() {
    let mut rig = Rig::of(server());
    let mut stuck = rig.connect();
    stuck.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    pass(seconds(1)).await;
    (0..3).for_each(|_| rig.shutdown.begin());
    let report = rig.report().await;
    assert_eq!((report.shutdown().as_secs(), report.aborted_requests()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_was_asked_for_before_the_beginning_is_an_end() {
    let server = Server::builder().signals(false).build().unwrap();
    server.handle().begin();
    let (_sender, pipes) = tokio::sync::mpsc::unbounded_channel();
    let report = server.serve(super::rig::Pipes(pipes), super::rig::app()).await;
    assert_eq!(report.shutdown().as_secs(), 5);
}

/// Says that it was dropped.
struct Held(Arc<AtomicUsize>);

impl Held {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_closes_everything() {
    let inside = Arc::new(AtomicUsize::new(0));
    let count = inside.clone();
    let hold = move || {
        let held = Held::new(&count);
        async move {
            std::future::pending::<()>().await;
            drop(held);
        }
    };
    let rig =
        Rig::start(server(), Router::new().route("/", get(hold)).merge(tunnel(inside.clone())));
    let mut http1 = rig.connect();
    http1.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    let mut http2 = rig.http2().await;
    let stream = tokio::spawn(http2.send_request(request("/")));
    let mut upgraded = rig.connect();
    upgraded.send(UPGRADE).await;
    assert!(upgraded.answer().await.starts_with("HTTP/1.1 101 "));
    pass(seconds(1)).await;
    assert_eq!(inside.load(SeqCst), 3);
    rig.serving.abort();
    assert!(rig.serving.await.unwrap_err().is_cancelled());
    assert_eq!(http1.rest().await, "");
    assert_eq!(upgraded.rest().await, "");
    assert!(stream.await.unwrap().is_err());
    pass(seconds(1)).await;
    assert_eq!(inside.load(SeqCst), 0, "nothing lives on");
}

const UPGRADE: &str =
    "GET /tunnel HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";

/// Another protocol: gives back what it gets.
fn tunnel(inside: Arc<AtomicUsize>) -> Router {
    let upgrade = move |mut request: axum::extract::Request| {
        let held = Held::new(&inside);
        async move {
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let mut io = TokioIo::new(upgraded.await.unwrap());
                let mut bytes = [0; 64];
                while let Ok(count @ 1..) = io.read(&mut bytes).await {
                    io.write_all(&bytes[..count]).await.unwrap();
                }
                drop(held);
            });
            (
                http::StatusCode::SWITCHING_PROTOCOLS,
                [("upgrade", "echo"), ("connection", "upgrade")],
            )
        }
    };
    Router::new().route("/tunnel", get(upgrade))
}

#[tokio::test(start_paused = true)]
async fn another_protocol_is_waited_for_and_cut_off_at_the_end() {
    let inside = Arc::new(AtomicUsize::new(0));
    let mut rig = Rig::start(server().connections(2), tunnel(inside.clone()));
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = rig.connect();
        client.send(UPGRADE).await;
        assert!(client.answer().await.starts_with("HTTP/1.1 101 "));
        // No limit of HTTP holds here: not for idling, and whatever is said.
        pass(seconds(4_000)).await;
        client.send("GET\n\ncontent-length: 5\n").await;
        let mut echo = [0; 23];
        client.pipe.read_exact(&mut echo).await.unwrap();
        clients.push(client);
    }
    let (ends, mut stays) = (clients.remove(0), clients.remove(0));
    rig.shutdown.begin();
    rig.shutdown.closing().await;
    drop(ends);
    let report = rig.report().await;
    assert_eq!((report.aborted_connections(), report.aborted_requests()), (1, 1));
    assert_eq!(stays.rest().await, "");
    pass(seconds(1)).await;
    assert_eq!(inside.load(SeqCst), 0);
}

/// Those that the system has taken before the end are served, too.
#[tokio::test(start_paused = true)]
async fn who_stood_in_the_queue_is_served() {
    let rig = Rig::of(server().connections(1).lead_time(Duration::ZERO));
    let mut works = rig.connect();
    works.send("GET /work HTTP/1.1\r\nhost: test\r\n\r\n").await;
    pass(seconds(1)).await;
    rig.shutdown.begin();
    assert!(works.answer().await.ends_with("done"));
    drop(rig);

    let mut rig = Rig::of(server().lead_time(Duration::ZERO));
    let mut queued: Vec<_> = (0..200).map(|_| rig.connect_with(None, 1_024)).collect();
    for client in &mut queued {
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    }
    rig.shutdown.begin();
    for client in &mut queued {
        assert!(client.answer().await.ends_with("hello"));
    }
    assert!(rig.report().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_connection_and_no_other() {
    let rig = Rig::of(server());
    let (mut panics, mut other) = (rig.connect(), rig.connect());
    other.get("/").await;
    panics.send("GET /panic HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(panics.rest().await, "");
    assert!(other.get("/").await.ends_with("hello"));
    drop(other);
    assert_eq!(rig.end().await.panicked(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_free_function_serves_with_the_defaults() {
    let (sender, pipes) = tokio::sync::mpsc::unbounded_channel();
    let (mut ours, theirs) = tokio::io::duplex(1_024);
    sender.send((theirs, None)).unwrap();
    let begun = Arc::new(AtomicBool::new(false));
    let serving = tokio::spawn(buttress::serve(super::rig::Pipes(pipes), super::rig::app()));
    ours.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"));
    begun.store(true, SeqCst);
    serving.abort();
}
