//! What is more than an answer with a body, or less, passes the wall as it is; and a crowd leaves nothing behind.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use buttress::circuit_breaker::State;
use buttress::clock::TokioTimer;
use buttress::prelude::*;
use buttress::retry::{Follow, ReplayBody};
use buttress_testkit::poll::poll_once;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};

use super::rig::{Asked, Sent, answer, get};

fn client() -> Client<HttpConnector, ReplayBody<Full<Bytes>>> {
    Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http()
}

fn wall() -> Outbound {
    wall_that_opens_after(5)
}

fn wall_that_opens_after(failures: u32) -> Outbound {
    Outbound::to("payments")
        .deadline(secs(30))
        .retry(Retry::up_to(3).backoff(Backoff::none()).budget(Budget::dangerous_unlimited()))
        .circuit_breaker(CircuitBreaker::after(failures).failures_in(secs(60)))
        .bulkhead(8)
        .bulkhead_with(|bulkhead| bulkhead.queue(10_000, secs(10), TokioTimer))
        .attempt_timeout(secs(5))
        .build()
        .unwrap()
        .leak()
}

/// Reads one head, gives this answer, and from then on says everything back.
async fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    address
}

/// Sends it through a wall, where afterwards nothing is held.
async fn send(
    wall: &Outbound,
    request: Sent,
) -> Response<buttress::outbound::OutboundBody<hyper::body::Incoming>> {
    let response = wall.layer_on(client()).oneshot(request).await.unwrap();
    assert_eq!(wall.bulkhead().unwrap().in_flight(), 0, "a permit is for the head");
    assert_eq!(wall.breaker().state(), State::Closed);
    response
}

async fn says_everything_back<B>(response: Response<B>) {
    let mut stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    stream.write_all(b"no http").await.unwrap();
    let mut back = [0; 7];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"no http");
}

#[tokio::test]
async fn an_upgrade_passes() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    let address = server(head).await;
    let request = Request::get(format!("http://{address}/"))
        .header("connection", "upgrade")
        .header("upgrade", "echo");
    let response = send(&wall(), request.body(Full::default()).unwrap()).await;
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers()["upgrade"], "echo");
    says_everything_back(response).await;
}

#[tokio::test]
async fn a_tunnel_passes() {
    let address = server("HTTP/1.1 200 OK\r\n\r\n").await;
    let request = Request::connect(address.to_string()).body(Full::default()).unwrap();
    let response = send(&wall(), request).await;
    assert_eq!(response.status(), 200);
    says_everything_back(response).await;
}

#[tokio::test]
async fn answers_without_a_body_have_none() {
    for (method, status) in [(Method::HEAD, "200"), (Method::GET, "204"), (Method::GET, "304")] {
        let length = if status == "204" { "" } else { "content-length: 9\r\n" };
        let head = format!("HTTP/1.1 {status} Fine\r\n{length}x-mark: kept\r\n\r\n");
        let address = server(head.leak()).await;
        let request = Request::builder().method(&method).uri(format!("http://{address}/"));
        let response = send(&wall(), request.body(Full::default()).unwrap()).await;
        assert_eq!(response.status().as_str(), status);
        let said = response.headers().get("content-length").map(http::HeaderValue::as_bytes);
        assert_eq!(said, (status != "204").then_some(&b"9"[..]), "{method} {status}");
        assert_eq!(response.headers()["x-mark"], "kept");
        assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}

/// A stream of events has no end: it is read as it comes, and holds nothing that others need.
#[tokio::test]
async fn a_stream_without_an_end_passes_piece_by_piece() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";
    let address = server(head).await;
    let wall = wall();
    let request = Request::get(format!("http://{address}/")).body(Full::default()).unwrap();
    let mut body = send(&wall, request).await.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "data: 1\n\n");
    assert!(poll_once(&mut body.frame()).is_pending(), "there is more to come");
    drop(body);
    assert_eq!(wall.breaker().state(), State::Closed);
}

/// Some succeed, some are tried again, some go away at whatever point: of all of them nothing stays.
#[test]
fn a_crowd_leaves_nothing_behind() {
    let (wall, asked) = (wall_that_opens_after(10_000), Asked::default());
    let noted = asked.clone();
    let dependency = service_fn(move |_: Request<ReplayBody<Full<Bytes>>>| {
        let nth = noted.once_more();
        async move {
            for _ in 0..nth % 4 {
                tokio::task::yield_now().await;
            }
            Ok::<_, Infallible>(answer(if nth % 50 == 0 { 503 } else { 200 }))
        }
    });
    let client = wall.layer_on(dependency);
    let caller = |nth: usize| {
        let client = client.clone();
        async move {
            let mut call = Box::pin(client.oneshot(get()));
            for _ in 0..nth % 5 {
                if poll_once(&mut call).is_ready() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            if !nth.is_multiple_of(3) {
                let _answer = call.await;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    let crowd: Vec<_> = (0..500).map(|nth| tokio::spawn(caller(nth))).collect();
                    for caller in crowd {
                        caller.await.unwrap();
                    }
                });
            });
        }
    });
    let bulkhead = wall.bulkhead().unwrap();
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (0, 0));
    assert!(asked.times() > 1_000, "most of them got there: {}", asked.times());
}

/// Whatever times are set, the wall is refused, or it works.
#[tokio::test]
async fn times_beyond_measure_break_nothing() {
    let dependency = service_fn(|_: Request<ReplayBody<Full<Bytes>>>| async {
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(answer(503))
    });
    let mut built = 0;
    for time in [Duration::from_nanos(4), secs(86_400), Duration::MAX] {
        let backoff = Backoff::fixed(time / 4).max(time);
        let retry = Retry::up_to(3).backoff(backoff).follow(Follow::UpTo(time)).least_attempt(time);
        let wall = Outbound::to("payments")
            .deadline(time)
            .retry(retry)
            .hedge(Hedge::after(time / 4))
            .bulkhead_with(|bulkhead| bulkhead.queue(1, time, TokioTimer))
            .attempt_timeout(time / 2);
        let Ok(wall) = wall.build() else { continue };
        built += 1;
        let mut call = Box::pin(wall.layer_on(dependency).oneshot(get()));
        for _ in 0..5 {
            if poll_once(&mut call).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        assert_eq!(wall.bulkhead().unwrap().in_flight(), 0, "{time:?}");
    }
    assert!(built > 0);
}
