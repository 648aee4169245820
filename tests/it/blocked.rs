//! What cannot be cut off: a handler that holds its thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use buttress::sync::Lock;
use buttress_testkit::body::Frames;
use buttress_testkit::log::Log;
use buttress_testkit::raw::Connection;
use http::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::support::{prompt, soon};

/// A service that holds its thread, says when it does, and goes on when the sender is dropped.
fn holding() -> (Router, Arc<Notify>, mpsc::Sender<()>) {
    let (release, held) = mpsc::channel::<()>();
    let (held, inside) = (Arc::new(Lock::new(held)), Arc::new(Notify::new()));
    let entered = inside.clone();
    let handler = move || async move {
        entered.notify_one();
        let _ = held.lock().recv();
    };
    (Router::new().route("/", get(handler)), inside, release)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_holds_its_thread_does_not_hold_up_the_end() {
    let (app, inside, release) = holding();
    let flushed = Arc::new(AtomicBool::new(false));
    let flush = flushed.clone();
    let server = prompt().hook("telemetry", || async move { flush.store(true, SeqCst) });
    let server = server.grace(Duration::from_millis(1)).signals(false).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), server.handle());
    let asking = async {
        let mut client = Connection::connect(address).await;
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        inside.notified().await;
        shutdown.begin();
        client
    };
    // Here, where no worker that is held can hold them.
    let serving = server.serve(listener, app);
    let (report, _client) = soon("the end", async { tokio::join!(serving, asking) }).await;
    assert_eq!((report.requests(), report.connections()), (1, 1));
    assert_eq!((report.aborted_requests(), report.aborted_connections()), (1, 1));
    assert!(flushed.load(SeqCst), "hooks run all the same");
    // Or the runtime would wait for its thread.
    drop(release);
}

/// Its connection has gone with the runtime's next turn; it has not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_one_of_a_stream_and_the_log_says_so() {
    let (app, inside, release) = holding();
    let log = Log::of("buttress");
    let listening = log.listen();
    let server = prompt().grace(Duration::from_millis(1)).signals(false).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), server.handle());
    let asking = async {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let handshake = http2::handshake(TokioExecutor::new(), stream).await;
        let (mut client, connection) = handshake.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get(format!("http://{address}/")).body(Frames::new()).unwrap();
        let asking = tokio::spawn(client.send_request(request));
        inside.notified().await;
        shutdown.begin();
        (connection, asking)
    };
    let serving = server.serve(listener, app);
    let (report, _client) = soon("the end", async { tokio::join!(serving, asking) }).await;
    drop(listening);
    assert_eq!((report.requests(), report.connections()), (1, 1));
    assert_eq!((report.aborted_requests(), report.aborted_connections()), (1, 1));
    assert!(!report.is_clean());
    let lines = log.take();
    let left =
        "ERROR message=handlers hold their threads, and are left behind connections=0 requests=1";
    assert!(lines.iter().any(|line| line == left), "{lines:#?}");
    drop(release);
}
