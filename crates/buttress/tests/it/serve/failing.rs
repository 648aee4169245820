//! An application that fails under no wall: its client cannot be told, so the log and the metrics are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};

use axum::routing::get;
use buttress::metrics::Metrics;
use buttress::serve::{RequestBody, Server};
use buttress_testkit::body::Frames;
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::Service;

use super::rig::{Pipes, Rig, server, soon};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Fails at `/` and, once it is told to, before it is asked; at `/body` in the middle of its answer.
#[derive(Clone, Default)]
struct Broken(Arc<AtomicBool>);

impl Service<Request<RequestBody>> for Broken {
    type Response = Response<Frames>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<Frames>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let broken = self.0.load(SeqCst);
        Poll::Ready(if broken { Err("no connection is left".into()) } else { Ok(()) })
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        std::future::ready(if request.uri().path() == "/body" {
            Ok(Response::new(Frames::new().data("half").fail("the disk is gone").of_unknown_size()))
        } else {
            Err("mysql://root:hunter2@db/shop does not answer".into())
        })
    }
}

/// What `app` answers to one request of HTTP/1 for each of `paths`, each over a connection of its own.
async fn ask(app: Broken, metrics: &Metrics, paths: &[&str]) -> Vec<String> {
    let server = Server::builder().metrics(metrics).signals(false).build().unwrap();
    let (arrivals, pipes) = tokio::sync::mpsc::unbounded_channel();
    let (shutdown, serving) = (server.handle(), tokio::spawn(server.serve(Pipes(pipes), app)));
    let mut answers = Vec::new();
    for path in paths {
        let (mut client, theirs) = tokio::io::duplex(1_024);
        arrivals.send((theirs, None)).unwrap();
        client
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        soon("the end", client.read_to_string(&mut answer)).await.unwrap();
        answers.push(answer);
    }
    shutdown.begin();
    let report = soon("the end", serving).await.unwrap();
    assert_eq!(report.failed(), paths.len() as u64);
    answers
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_logged_once_and_counted() {
    let (page, log) = (Page::default(), Log::of("buttress"));
    let listening = log.listen();
    let answers = ask(Broken::default(), &Metrics::new(page.clone()), &["/", "/body"]).await;
    assert_eq!(answers[0], "");
    assert!(!answers[1].ends_with("0\r\n\r\n"), "{answers:?}");
    let not_ready = Broken(Arc::new(AtomicBool::new(true)));
    assert_eq!(ask(not_ready, &Metrics::new(page.clone()), &["/"]).await, [""]);
    drop(listening);

    let lines: Vec<_> = log.take().into_iter().filter(|line| line.starts_with("ERROR")).collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for (line, what, source) in [
        (&lines[0], "answer", "does not answer"),
        (&lines[1], "body", "the disk is gone"),
        (&lines[2], "answer", "no connection is left"),
    ] {
        let told = "message=the application failed, and its client has no whole answer";
        assert!(line.contains(told) && line.contains(&format!("what=\"{what}\"")), "{line}");
        assert!(line.contains(source) && !line.contains("hunter2"), "{line}");
    }
    assert_eq!(page.of("buttress_serve_failures_total answer"), Some(2.0));
    assert_eq!(page.of("buttress_serve_failures_total body"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn over_http2_too() {
    let (page, log) = (Page::default(), Log::of("buttress"));
    let listening = log.listen();
    let metrics = Metrics::new(page.clone());
    let server = Server::builder().metrics(&metrics).signals(false).build().unwrap();
    let (arrivals, pipes) = tokio::sync::mpsc::unbounded_channel();
    let serving = tokio::spawn(server.serve(Pipes(pipes), Broken::default()));
    let (ours, theirs) = tokio::io::duplex(64 * 1_024);
    arrivals.send((theirs, None)).unwrap();
    let mut client = super::rig::handshake(ours).await;
    assert!(client.send_request(super::rig::request("/")).await.is_err());
    assert!(client.send_request(super::rig::request("/body")).await.is_err());
    drop(listening);
    let errors = log.take().into_iter().filter(|line| line.starts_with("ERROR")).count();
    assert_eq!(errors, 2);
    assert_eq!(page.of("buttress_serve_failures_total answer"), Some(1.0));
    assert_eq!(page.of("buttress_serve_failures_total body"), Some(1.0));
    serving.abort();
}

/// Who breaks off its own request is not the application's failure, whatever that makes of it.
#[tokio::test(start_paused = true)]
async fn what_a_client_does_is_no_failure() {
    let (page, log) = (Page::default(), Log::of("buttress"));
    let listening = log.listen();
    let server = Server::builder().metrics(&Metrics::new(page.clone())).signals(false);
    let server = server.build().unwrap();
    let app = tower::service_fn(|request: Request<RequestBody>| async move {
        let body = request.into_body().collect().await.map_err(axum::Error::new)?;
        Ok::<_, axum::Error>(Response::new(Full::new(body.to_bytes())))
    });
    let (mut client, theirs) = tokio::io::duplex(1_024);
    let (arrivals, pipes) = tokio::sync::mpsc::unbounded_channel();
    arrivals.send((theirs, None)).unwrap();
    let serving = tokio::spawn(server.serve(Pipes(pipes), app));
    let head = b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\nhalf";
    client.write_all(head).await.unwrap();
    let mut answer = String::new();
    soon("the end", client.read_to_string(&mut answer)).await.unwrap();
    drop(listening);
    let errors = log.take().into_iter().filter(|line| line.starts_with("ERROR")).count();
    assert_eq!((errors, page.of("buttress_serve_failures_total answer")), (0, None));
    serving.abort();
}

/// What a wall has answered is told by the wall: here a panic, which is a failure if there is no wall.
#[cfg(feature = "error-envelope")]
#[tokio::test(start_paused = true)]
async fn nothing_is_told_twice() {
    let (page, log) = (Page::default(), Log::of("buttress"));
    let listening = log.listen();
    let server = Server::builder().metrics(&Metrics::new(page.clone())).signals(false);
    let server = server.build().unwrap();
    let wall = buttress::Inbound::builder().error_envelope(|envelope| envelope).build().unwrap();
    let app = super::rig::app().layer(wall);
    let (mut client, theirs) = tokio::io::duplex(1_024);
    let (arrivals, pipes) = tokio::sync::mpsc::unbounded_channel();
    arrivals.send((theirs, None)).unwrap();
    let serving = tokio::spawn(server.serve(Pipes(pipes), app));
    client
        .write_all(b"GET /panic HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    drop(listening);
    let errors = log.take().into_iter().filter(|line| line.starts_with("ERROR")).count();
    assert_eq!((errors, page.of("buttress_serve_failures_total answer")), (1, None));
    serving.abort();
}

/// One that promises more than it gives, and one that is no answer at all.
#[tokio::test(start_paused = true)]
async fn what_nobody_has_said_is_told() {
    let promise = [("content-length", "100")];
    let app = || {
        axum::Router::new()
            .route("/short", get(move || async move { (promise, early_end("half")) }))
            .route("/late", get(move || async move { (promise, late_end("half")) }))
            .route("/early", get(|| async { StatusCode::EARLY_HINTS }))
            .route("/two", get(|| async { ([("content-length", "1, 2")], late_end("1")) }))
    };
    // The library keeps what it has not sent yet when it gives up.
    for (path, what, begins) in [
        ("/short", "body", "HTTP/1.1 200 "),
        ("/late", "body", ""),
        ("/early", "answer", "HTTP/1.1 500 "),
        ("/two", "answer", ""),
    ] {
        let (page, log) = (Page::default(), Log::of("buttress"));
        let listening = log.listen();
        let rig = Rig::start(server().metrics(&Metrics::new(page.clone())), app());
        let mut client = rig.connect();
        client.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
        let answer = client.rest().await;
        assert!(answer.starts_with(begins), "{path}: {answer}");
        drop(listening);
        let errors = log.take().into_iter().filter(|line| line.starts_with("ERROR")).count();
        assert_eq!(errors, 1, "{path}");
        assert_eq!(page.of(&format!("buttress_serve_failures_total {what}")), Some(1.0), "{path}");
        assert_eq!(rig.end().await.failed(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_said_is_told_over_http2_too() {
    let early = || async { (StatusCode::EARLY_HINTS, "hints") };
    let short = || async { ([("content-length", "100")], "half") };
    let app = axum::Router::new().route("/", get(early)).route("/short", get(short));
    let rig = Rig::start(server(), app);
    let mut client = rig.http2().await;
    assert_eq!(client.send_request(super::rig::request("/")).await.unwrap().status(), 500);
    let answer = client.send_request(super::rig::request("/short")).await.unwrap();
    assert!(answer.into_body().collect().await.is_err());
    drop(client);
    assert_eq!(rig.end().await.failed(), 2);
}

/// A length may be said of what does not come.
#[tokio::test(start_paused = true)]
async fn what_has_no_body_owes_none() {
    let server = server().signals(false).build().unwrap();
    let app = tower::service_fn(|request: Request<RequestBody>| async move {
        let unchanged = request.uri().path() == "/unchanged";
        let response = Response::builder().status(if unchanged { 304 } else { 200 });
        response.header("content-length", "100").body(late_end(""))
    });
    let (ours, theirs) = tokio::io::duplex(64 * 1_024);
    let (arrivals, pipes) = tokio::sync::mpsc::unbounded_channel();
    arrivals.send((theirs, None)).unwrap();
    let (shutdown, serving) = (server.handle(), tokio::spawn(server.serve(Pipes(pipes), app)));
    let mut client = super::rig::handshake(ours).await;
    let mut head = super::rig::request("/");
    *head.method_mut() = http::Method::HEAD;
    for request in [head, super::rig::request("/unchanged")] {
        drop(client.send_request(request).await.unwrap().into_body().collect().await);
    }
    drop(client);
    shutdown.begin();
    let report = soon("the end", serving).await.unwrap();
    assert_eq!((report.requests(), report.failed()), (2, 0));
}

/// Says with its last piece that it is over.
fn early_end(text: &'static str) -> axum::body::Body {
    axum::body::Body::new(Frames::new().data(text).of_unknown_size())
}

/// Says that it is over only when it is asked once more.
fn late_end(text: &'static str) -> axum::body::Body {
    let body = Frames::new().data(text).hold().of_unknown_size();
    body.handle().release();
    axum::body::Body::new(body)
}
