//! Checks for what most services depend on.
#![cfg(feature = "http")]

use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::clock::TokioTimer;
use buttress_health::{AnswerHead, Check, CheckReport, CheckStatus, HealthChecks};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the first run of a check finds.
async fn first_run(check: Check) -> CheckReport {
    // Windows takes two seconds to learn that nobody listens.
    let check = check.deadline(Duration::from_secs(10));
    let health = HealthChecks::builder().check(check).build().unwrap();
    let mut changes = health.subscribe();
    let mut tasks = JoinSet::new();
    health.tasks(&TokioTimer).for_each(|task| drop(tasks.spawn(task)));
    loop {
        changes.changed().await;
        let found = health.report().checks()[0].clone();
        if found.status() != CheckStatus::Pending {
            return found;
        }
    }
}

/// Sends these bytes to the one who connects, and keeps the connection open; gives what it was sent.
async fn server(answer: &'static [u8]) -> (SocketAddr, JoinSet<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        for piece in answer.chunks(7) {
            if stream.write_all(piece).await.is_err() {
                break;
            }
        }
        // Until the client has gone.
        let _ = stream.read_u8().await;
        String::from_utf8(request).unwrap()
    });
    (address, serving)
}

async fn found(answer: &'static [u8]) -> (CheckStatus, Option<String>) {
    let (address, _serving) = server(answer).await;
    let found = first_run(Check::http("a", format!("http://{address}/ready"))).await;
    (found.status(), found.message().map(str::to_owned))
}

#[tokio::test]
async fn http_is_up_for_a_success_and_nothing_else() {
    assert_eq!(found(b"HTTP/1.1 200 OK\r\n\r\n").await, (CheckStatus::Up, None));
    assert_eq!(found(b"HTTP/1.0 204\r\na: b\r\n\r\n").await, (CheckStatus::Up, None));
    let interim = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody";
    assert_eq!(found(interim).await, (CheckStatus::Up, None));
    for (answer, told) in [
        (&b"HTTP/1.1 503 Service Unavailable\r\n\r\n"[..], "answered 503"),
        (b"HTTP/1.1 301 Moved\r\nlocation: /\r\n\r\n", "answered 301"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "answered 101"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no answer: it is no HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "no answer: its status line is wrong"),
        (b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "no answer: a header is wrong"),
    ] {
        assert_eq!(found(answer).await, (CheckStatus::Down, Some(told.to_owned())));
    }
}

#[tokio::test]
async fn http_asks_plainly() {
    let (address, mut serving) = server(b"HTTP/1.1 200 OK\r\n\r\n").await;
    first_run(Check::http("a", format!("http://{address}/ready?full=1"))).await;
    let request = serving.join_next().await.unwrap().unwrap();
    assert!(request.starts_with("GET /ready?full=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("\r\nhost: {address}\r\n")), "{request}");
    assert!(request.contains("\r\nx-health-via: "), "{request}");
}

#[tokio::test]
async fn an_endless_head_is_given_up() {
    let endless = Box::leak(format!("HTTP/1.1 200 OK\r\n{}", "a: b\r\n".repeat(20_000)).into());
    let (status, message) = found(str::as_bytes(endless)).await;
    assert_eq!(status, CheckStatus::Down);
    assert_eq!(message.as_deref(), Some("no answer: its head is too long"));
}

#[tokio::test]
async fn tcp_is_up_where_somebody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert_eq!(first_run(Check::tcp("a", &address)).await.status(), CheckStatus::Up);
    drop(listener);
    let found = first_run(Check::tcp("a", &address)).await;
    assert_eq!(found.status(), CheckStatus::Down);
    assert!(found.message().unwrap().starts_with("cannot connect: "), "{found:?}");
}

#[cfg(all(feature = "disk", unix))]
#[tokio::test]
async fn a_disk_is_down_when_it_is_too_full_or_not_there() {
    let found = first_run(Check::disk("a", "/", 1)).await;
    assert_eq!(found.status(), CheckStatus::Up);
    assert!(found.details().any(|(name, _)| name == "freeBytes"), "{found:?}");
    let found = first_run(Check::disk("a", "/", u64::MAX)).await;
    assert_eq!(found.status(), CheckStatus::Down);
    let found = first_run(Check::disk("a", "/there/is/no/such/path", 1)).await;
    assert!(found.message().unwrap().starts_with("cannot be asked: "), "{found:?}");
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = AnswerHead::parse(&bytes);
        let _ = AnswerHead::parse(&[b"HTTP/1.1 200 OK\r\n", &*bytes].concat());
    }

    #[test]
    fn a_head_is_found_wherever_it_is_cut(
        status in 100_u16..600,
        headers in prop::collection::vec(("[a-z-]{1,10}", "[ -~]{0,20}"), 0..5),
        body in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let head = format!("HTTP/1.1 {status} Some Reason\r\n{headers}\r\n");
        for cut in 0..head.len() {
            prop_assert_eq!(AnswerHead::parse(&head.as_bytes()[..cut]), Ok(None));
        }
        let (read, length) = AnswerHead::parse(&[head.as_bytes(), &body].concat()).unwrap().unwrap();
        prop_assert_eq!((read.status(), length), (status, head.len()));
    }
}
