use std::io::ErrorKind;
use std::time::Duration;

use buttress_core::clock::{Clock, TokioClock};
use buttress_testkit::proxy::{Direction, Proxy};
use buttress_testkit::until::{until, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server, a proxy before it, and the two ends of one connection through both.
struct Line {
    server: TcpListener,
    proxy: Proxy,
    client: TcpStream,
    peer: TcpStream,
}

async fn line() -> Line {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::to(server.local_addr().unwrap()).await;
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    let (peer, _) = server.accept().await.unwrap();
    Line { server, proxy, client, peer }
}

async fn read(stream: &mut TcpStream, count: usize) -> String {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// What the next read fails with, if it is no byte and not the end.
async fn failure(stream: &mut TcpStream) -> ErrorKind {
    stream.read(&mut [0]).await.unwrap_err().kind()
}

/// That nothing comes cannot be waited for, but a little.
async fn is_silent(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    within(Duration::from_millis(30), async || stream.read(&mut byte).await.ok()).await.is_none()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test]
async fn healthy_it_passes_everything_and_counts() {
    let Line { proxy, mut client, mut peer, .. } = line().await;
    client.write_all(b"question").await.unwrap();
    assert_eq!(read(&mut peer, 8).await, "question");
    client.shutdown().await.unwrap();
    assert_eq!(peer.read(&mut [0]).await.unwrap(), 0, "the end of a half arrives");
    let large = "x".repeat(1 << 20);
    let (sent, came) = tokio::join!(peer.write_all(large.as_bytes()), read(&mut client, 1 << 20));
    sent.unwrap();
    assert!(came == large);

    assert_eq!((proxy.accepted(), proxy.open()), (1, 1));
    assert_eq!(proxy.passed(Direction::Requests), 8);
    assert_eq!(proxy.passed(Direction::Replies), 1 << 20);
    drop(peer);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    until("both ends", async || (proxy.open() == 0).then_some(())).await;
}

#[tokio::test]
async fn replies_that_are_late_are_late_at_the_same_time() {
    let Line { proxy, mut client, mut peer, .. } = line().await;
    proxy.latency(millis(100));
    let clock = TokioClock::new();
    let begin = clock.now();
    for _ in 0..10 {
        client.write_all(b"?").await.unwrap();
        assert_eq!(read(&mut peer, 1).await, "?");
        peer.write_all(b"!").await.unwrap();
    }
    assert!(clock.now() - begin < millis(100), "requests are not late");
    assert_eq!(read(&mut client, 10).await, "!!!!!!!!!!");
    let waited = clock.now() - begin;
    assert!((millis(100)..millis(900)).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn jitter_keeps_the_order() {
    let Line { proxy, mut client, mut peer, .. } = line().await;
    proxy.jitter(millis(20));
    for digit in "0123456789".split_inclusive(|_| true) {
        peer.write_all(digit.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(read(&mut client, 10).await, "0123456789");
}

#[tokio::test]
async fn a_narrow_line_takes_its_time() {
    let Line { proxy, mut client, mut peer, .. } = line().await;
    proxy.bandwidth(10_000);
    let clock = TokioClock::new();
    let begin = clock.now();
    peer.write_all(&[b'x'; 1_000]).await.unwrap();
    read(&mut client, 1_000).await;
    let waited = clock.now() - begin;
    assert!(waited >= millis(90), "{waited:?}");
    proxy.heal().await;
    peer.write_all(&vec![b'x'; 100_000]).await.unwrap();
    read(&mut client, 100_000).await;
    assert!(clock.now() - begin < millis(9_000));
}

#[tokio::test]
async fn a_black_hole_keeps_what_is_sent_until_it_is_healed() {
    let Line { server, proxy, mut client, mut peer } = line().await;
    proxy.blackhole();
    client.write_all(b"question").await.unwrap();
    peer.write_all(b"answer").await.unwrap();
    peer.shutdown().await.unwrap();
    assert!(is_silent(&mut client).await && is_silent(&mut peer).await);
    let mut other = TcpStream::connect(proxy.address()).await.unwrap();
    other.write_all(b"other").await.unwrap();
    let (mut other_peer, _) = server.accept().await.unwrap();
    assert!(is_silent(&mut other_peer).await);

    proxy.heal().await;
    assert_eq!(read(&mut client, 6).await, "answer");
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(read(&mut peer, 8).await, "question");
    assert_eq!(read(&mut other_peer, 5).await, "other");
}

#[tokio::test]
async fn a_black_hole_keeps_what_is_on_its_way_too() {
    let Line { proxy, mut client, mut peer, .. } = line().await;
    proxy.latency(millis(100));
    peer.write_all(b"answer").await.unwrap();
    assert!(is_silent(&mut client).await);
    proxy.blackhole();
    let waited = within(millis(150), async || client.read(&mut [0]).await.ok()).await;
    assert_eq!(waited, None);
    proxy.heal().await;
    assert_eq!(read(&mut client, 6).await, "answer");
}

#[tokio::test]
async fn half_open_it_loses_one_direction_and_the_connection_when_healed() {
    for lost in [Direction::Requests, Direction::Replies] {
        let Line { proxy, client, peer, .. } = line().await;
        let (mut into, mut out) = match lost {
            Direction::Requests => (client, peer),
            _ => (peer, client),
        };
        proxy.swallow(lost);
        into.write_all(b"lost").await.unwrap();
        assert!(is_silent(&mut out).await);
        out.write_all(b"kept").await.unwrap();
        assert_eq!(read(&mut into, 4).await, "kept");
        assert_eq!(proxy.passed(lost), 0);
        proxy.heal().await;
        assert_eq!(failure(&mut out).await, ErrorKind::ConnectionReset);
        assert_eq!(failure(&mut into).await, ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn half_open_it_does_not_tell_that_a_side_is_gone() {
    let Line { proxy, mut client, peer, .. } = line().await;
    proxy.swallow(Direction::Replies);
    drop(peer);
    assert!(is_silent(&mut client).await);
    proxy.heal().await;
    assert_eq!(failure(&mut client).await, ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_connection_is_cut_after_so_many_bytes_from_now_on() {
    let Line { server, proxy, mut client, mut peer } = line().await;
    client.write_all(b"before").await.unwrap();
    assert_eq!(read(&mut peer, 6).await, "before");
    proxy.cut_after(Direction::Requests, 4);
    client.write_all(b"12").await.unwrap();
    assert_eq!(read(&mut peer, 2).await, "12");
    client.write_all(b"345").await.unwrap();
    let mut rest = String::new();
    peer.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "34");

    // Each connection counts for itself.
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut peer, _) = server.accept().await.unwrap();
    client.write_all(b"5678").await.unwrap();
    peer.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "345678");
}

#[tokio::test]
async fn another_cut_counts_from_its_own_beginning() {
    let Line { proxy, mut client, mut peer, .. } = line().await;
    proxy.cut_after(Direction::Replies, 10);
    peer.write_all(b"12345").await.unwrap();
    assert_eq!(read(&mut client, 5).await, "12345");
    proxy.heal().await;
    proxy.cut_after(Direction::Replies, 7);
    peer.write_all(b"1234567890").await.unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "1234567");
}

#[tokio::test]
async fn a_reply_may_be_cut_before_its_first_byte() {
    let Line { proxy, mut client, mut peer, .. } = line().await;
    proxy.cut_after(Direction::Replies, 0);
    peer.write_all(b"answer").await.unwrap();
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn garbage_comes_in_place_of_replies_or_between_them() {
    let Line { proxy, mut client, mut peer, .. } = line().await;
    proxy.inject("extra");
    assert_eq!(read(&mut client, 5).await, "extra");
    proxy.garble("garbage");
    peer.write_all(b"answer").await.unwrap();
    assert_eq!(read(&mut client, 7).await, "garbage");
    client.write_all(b"question").await.unwrap();
    assert_eq!(read(&mut peer, 8).await, "question", "requests are as they were");
    proxy.heal().await;
    peer.write_all(b"answer").await.unwrap();
    assert_eq!(read(&mut client, 6).await, "answer");
}

#[tokio::test]
async fn all_connections_are_reset_at_once_and_new_ones_are_taken() {
    let Line { server, proxy, mut client, mut peer } = line().await;
    proxy.cut_all();
    assert_eq!(failure(&mut client).await, ErrorKind::ConnectionReset);
    assert_eq!(failure(&mut peer).await, ErrorKind::ConnectionReset);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut peer, _) = server.accept().await.unwrap();
    client.write_all(b"again").await.unwrap();
    assert_eq!(read(&mut peer, 5).await, "again");
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn a_reset_of_the_server_is_one_for_the_client() {
    let Line { mut client, peer, .. } = line().await;
    client.write_all(b"unread").await.unwrap();
    peer.readable().await.unwrap();
    drop(peer);
    assert_eq!(failure(&mut client).await, ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn new_connections_are_refused_and_open_ones_stay() {
    let Line { server, proxy, mut client, mut peer } = line().await;
    proxy.refuse().await;
    let taken = std::net::TcpListener::bind(proxy.address());
    assert!(taken.is_err(), "nobody else gets its port meanwhile");
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    client.write_all(b"question").await.unwrap();
    assert_eq!(read(&mut peer, 8).await, "question");
    proxy.heal().await;
    TcpStream::connect(proxy.address()).await.unwrap();
    server.accept().await.unwrap();
}

#[tokio::test]
async fn new_connections_are_not_taken_until_it_is_healed() {
    let Line { server, proxy, .. } = line().await;
    proxy.ignore().await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    client.write_all(b"question").await.unwrap();
    assert!(is_silent(&mut client).await);
    assert_eq!(proxy.accepted(), 1);
    proxy.heal().await;
    let (mut peer, _) = server.accept().await.unwrap();
    assert_eq!(read(&mut peer, 8).await, "question");
}

#[tokio::test]
async fn where_nobody_listens_connections_are_reset_and_another_target_helps() {
    let Line { server, proxy, .. } = line().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    proxy.retarget(nobody);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(failure(&mut client).await, ErrorKind::ConnectionReset);
    proxy.retarget(server.local_addr().unwrap());
    TcpStream::connect(proxy.address()).await.unwrap();
    server.accept().await.unwrap();
}

#[tokio::test]
async fn its_connections_end_with_it() {
    let Line { proxy, mut client, .. } = line().await;
    let address = proxy.address();
    drop(proxy);
    assert_eq!(failure(&mut client).await, ErrorKind::ConnectionReset);
    until("the port to close", async || TcpStream::connect(address).await.err()).await;
}
