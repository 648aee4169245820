//! A client that still sends when it is answered for the last time comes to read that, and cannot stay.

use std::net::SocketAddr;
use std::time::Duration;

use buttress::metrics::Metrics;
use buttress_testkit::page::Page;
use buttress_testkit::paused::pass;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::rig::{Client, Rig, app, seconds, server, soon};

/// Nobody reads its body: the path has no such method.
const LONG: &str = "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 100000000\r\n\r\n";

/// The answer to a client that looks for one only after it has sent all.
async fn late(address: SocketAddr, head: &str, body: &[u8]) -> std::io::Result<String> {
    let mut client = TcpStream::connect(address).await?;
    client.write_all(head.as_bytes()).await?;
    client.write_all(body).await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn who_sends_all_before_it_reads_has_its_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(server().signals(false).build().unwrap().serve(listener, app()));
    let body = vec![b'x'; 8 << 20];
    let length = format!("content-length: {}\r\n\r\n", body.len());
    let chunks = [&b"100000\r\n"[..], &body[..1 << 20], b"\r\n"].concat().repeat(8);
    let chunks = [chunks, b"0\r\n\r\n".to_vec()].concat();
    for _ in 0..20 {
        for (framing, body) in [(&*length, &body), ("transfer-encoding: chunked\r\n\r\n", &chunks)]
        {
            let head = format!("POST / HTTP/1.1\r\nhost: test\r\n{framing}");
            let answer = late(address, &head, body).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
            assert!(answer.contains("connection: close\r\n"), "{answer}");
        }
    }
    serving.abort();
}

/// What the library and the server refuse by themselves, too.
#[tokio::test]
async fn refusals_in_front_of_a_body_arrive() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(server().signals(false).build().unwrap().serve(listener, app()));
    let long = format!("POST /{} HTTP/1.1\r\nhost: test\r\n\r\n", "a".repeat(9_000));
    let heads = [
        ("400", "POST / HTTP/1.1\r\nhost: a\r\nhost: b\r\ncontent-length: 8388608\r\n\r\n"),
        ("400", "POST / HTTP/1.1\r\nhost test\r\ncontent-length: 8388608\r\n\r\n"),
        ("414", &long),
        ("431", "POST / HTTP/1.1\r\nhost: test\r\nlong: "),
    ];
    for (status, head) in heads {
        let answer = late(address, head, &vec![b'x'; 8 << 20]).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
    serving.abort();
}

/// Sends a little ten times a second; says how many seconds the server bears it.
async fn sends_for_ever(client: &mut Client) -> u64 {
    client.send(LONG).await;
    while client.pipe.write_all(b"x").await.is_ok() {
        pass(Duration::from_millis(100)).await;
        assert!(client.age() < 100, "it goes on");
    }
    client.age()
}

#[tokio::test(start_paused = true)]
async fn who_sends_for_ever_is_cut_off() {
    let page = Page::default();
    let rig = Rig::of(server().metrics(&Metrics::new(page.clone())));
    assert_eq!(sends_for_ever(&mut rig.connect()).await, 10);
    assert_eq!(page.of("buttress_serve_limited_total linger"), Some(1.0));

    let rig = Rig::of(server().linger(seconds(3)));
    assert_eq!(sends_for_ever(&mut rig.connect()).await, 3);
}

/// And it has its place until then, as every connection.
#[tokio::test(start_paused = true)]
async fn who_is_silent_holds_its_place_for_two_seconds() {
    let rig = Rig::of(server().connections(1));
    let mut silent = rig.connect();
    silent.send(LONG).await;
    let mut next = rig.connect();
    assert!(next.get("/").await.ends_with("hello"));
    assert_eq!(next.age(), 2);
    assert!(silent.rest().await.starts_with("HTTP/1.1 405 "));
}

#[tokio::test(start_paused = true)]
async fn no_more_is_read_than_is_allowed() {
    let rig = Rig::of(server().linger_bytes(100_000));
    let mut client = rig.connect();
    client.send(LONG).await;
    let mut sent = 0;
    while client.pipe.write_all(&[b'x'; 1_000]).await.is_ok() {
        sent += 1_000;
        assert!(sent < 10_000_000, "it reads for ever");
    }
    assert_eq!(client.age(), 0);
    assert!(sent >= 100_000, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn who_has_sent_all_is_not_waited_for() {
    let rig = Rig::of(server().connections(1));
    let mut client = rig.connect();
    client.send("GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await;
    assert!(client.answer().await.ends_with("hello"));
    let mut next = rig.connect();
    assert!(next.get("/").await.ends_with("hello"));
    assert_eq!(next.age(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_can_be_switched_off() {
    for builder in [server().linger(Duration::ZERO), server().linger_bytes(0)] {
        let page = Page::default();
        let rig = Rig::of(builder.connections(1).metrics(&Metrics::new(page.clone())));
        let mut silent = rig.connect();
        silent.send(LONG).await;
        let mut next = rig.connect();
        assert!(next.get("/").await.ends_with("hello"));
        assert_eq!(next.age(), 0);
        assert_eq!(page.of("buttress_serve_limited_total linger"), None, "no limit was used");
    }
}

/// Who has lingered for a second goes at once, and nobody has longer.
#[tokio::test(start_paused = true)]
async fn a_server_that_closes_waits_for_a_second_at_most() {
    for (before, after) in [(1_500, 0), (0, 1)] {
        let rig = Rig::of(server().lead_time(Duration::ZERO));
        let mut client = rig.connect();
        let sending = tokio::spawn(async move { sends_for_ever(&mut client).await });
        pass(Duration::from_millis(before)).await;
        tokio::task::yield_now().await;
        let report = rig.end().await;
        assert_eq!((report.aborted_connections(), report.is_clean()), (0, true), "{report}");
        assert_eq!(report.shutdown().as_secs(), after, "{:?}", report.shutdown());
        soon("the end of the client", sending).await.unwrap();
    }
}
