//! The PROXY protocol, from those who are trusted with it.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::routing::get;
use buttress::PeerAddress;

use super::rig::{Rig, server};

fn rig() -> Rig {
    let seen = |ConnectInfo(info): ConnectInfo<SocketAddr>, request: Request| async move {
        let peer = request.extensions().get::<PeerAddress>().copied();
        assert_eq!(peer, Some(PeerAddress::new(info)));
        info.to_string()
    };
    let app = Router::new().route("/", get(seen));
    Rig::start(server().proxy_protocol_from(["10.0.0.0/8"]).connections_per_address(2), app)
}

const HEADER: &[u8] = b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n";

#[tokio::test(start_paused = true)]
async fn a_trusted_proxy_names_the_client() {
    let rig = rig();
    let binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xc0\0\x02\x01\xdc\x04\x01\xbb";
    for header in [HEADER, binary] {
        for pieces in [1, 1_000] {
            let mut client = rig.connect_from("10.0.0.9");
            for piece in header.chunks(pieces) {
                client.send(piece).await;
                tokio::task::yield_now().await;
            }
            assert!(client.get("/").await.ends_with("203.0.113.7:56324"));
        }
    }
    let mut speaks_for_itself = rig.connect_from("10.0.0.9");
    speaks_for_itself.send("PROXY UNKNOWN\r\n").await;
    assert!(speaks_for_itself.get("/").await.ends_with("10.0.0.9:4711"));
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn nobody_else_does() {
    let rig = rig();
    let mut client = rig.connect();
    client.send(HEADER).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 400 "), "it is no request");
    assert!(rig.connect().get("/").await.ends_with("192.0.2.1:4711"));
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn from_a_trusted_proxy_it_must_come_and_in_time() {
    let rig = rig();
    let mut without = rig.connect_from("10.0.0.9");
    without.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(without.closed_after().await, 0);
    let mut half = rig.connect_from("10.0.0.9");
    half.send(&HEADER[..20]).await;
    assert_eq!(half.closed_after().await, 10);
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn clients_are_counted_and_not_their_proxy() {
    let rig = rig();
    let mut held = Vec::new();
    for client in 1..=5 {
        for _ in 0..2 {
            let mut connection = rig.connect_from("10.0.0.9");
            let header = format!("PROXY TCP4 203.0.113.{client} 192.0.2.1 1 443\r\n");
            connection.send(header).await;
            assert!(connection.get("/").await.starts_with("HTTP/1.1 200 "));
            held.push(connection);
        }
    }
    let mut third = rig.connect_from("10.0.0.9");
    third.send(b"PROXY TCP4 203.0.113.1 192.0.2.1 1 443\r\n").await;
    assert_eq!(third.closed_after().await, 0);
    drop(rig);
}

/// As of a Unix socket: a proxy on the same machine.
#[tokio::test(start_paused = true)]
async fn who_has_no_address_may_be_a_proxy() {
    let app = || {
        let peer = |request: Request| async move {
            let peer = PeerAddress::find(request.extensions());
            peer.map_or("nobody".to_owned(), |peer| peer.to_string())
        };
        Router::new().route("/", get(peer))
    };
    let rig = Rig::start(server().proxy_protocol_from_unix(true).connections_per_address(1), app());
    let mut client = rig.connect_with(None, 1_024);
    client.send(HEADER).await;
    assert!(client.get("/").await.ends_with("203.0.113.7:56324"));
    let mut second = rig.connect_with(None, 1_024);
    second.send(HEADER).await;
    assert_eq!(second.closed_after().await, 0, "clients are counted");
    let mut speaks_for_itself = rig.connect_with(None, 1_024);
    speaks_for_itself.send("PROXY UNKNOWN\r\n").await;
    assert!(speaks_for_itself.get("/").await.ends_with("nobody"));
    let mut without = rig.connect_with(None, 1_024);
    without.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(without.closed_after().await, 0);
    assert!(rig.connect().get("/").await.ends_with("192.0.2.1:4711"), "others are not asked");

    let rig = Rig::start(server(), app());
    assert!(rig.connect_with(None, 1_024).get("/").await.ends_with("nobody"));
    drop(rig);
}
