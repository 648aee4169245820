//! Broken bytes: the server answers or closes, never hangs, and serves the next.
//!
//! What is no request never reaches the wall: hyper answers by itself, so there is no id.

use buttress_testkit::raw::Connection;

use crate::support::{Client, Host, Protocol, Server};

/// What is sent, and the status of what comes.
fn answered() -> Vec<(Vec<u8>, u16)> {
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n").into_bytes();
    let with = |fields: &str| format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n").into_bytes();
    vec![
        (b"GET\r\n\r\n".to_vec(), 400),
        (b"GET /\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), 400),
        (b"G\0T / HTTP/1.1\r\nhost: test\r\n\r\n".to_vec(), 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nhost: test\r\n\r\n".to_vec(), 400),
        // The beginning of TLS.
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), 400),
        (get(&"/long".repeat(14_000)), 414),
        (with("no colon"), 400),
        (with("space : 1"), 400),
        (with("a: 1\r\n folded: 2"), 400),
        (with("a: \0"), 400),
        (with("content-length: 1\r\ncontent-length: 2"), 400),
        (with("content-length: -1"), 400),
        (with("content-length: 99999999999999999999"), 400),
        (with("transfer-encoding: chunked, gzip"), 400),
        (with(&format!("a: {}", "a".repeat(1 << 20))), 431),
        (with(&"a: 1\r\n".repeat(1_000)), 431),
    ]
}

/// What is sent before the client stops in the middle.
const CUT_SHORT: [&[u8]; 6] = [
    b"",
    b"GET",
    b"GET / HTTP/1.1\r\nhost: te",
    b"POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\n12",
    b"PRI * HTTP/2.0\r\n\r\nSM",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame",
];

async fn assert_works(server: &Server) {
    for protocol in Protocol::BOTH {
        let mut client = Client::connect(protocol, server).await;
        assert_eq!(client.get("/").await.body(), b"hello");
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_connection_closed() {
    for host in Host::ALL {
        let server = host.start().await;
        for (bytes, status) in answered() {
            let mut client = Connection::connect(server.address()).await;
            // The server need not take all of it.
            drop(client.try_send(&bytes).await);
            let response = client.response().await;
            let shown = bytes[..bytes.len().min(70)].escape_ascii();
            assert_eq!(response.status(), status, "{host:?} {shown}");
            assert_eq!(response.header("x-request-id"), None);
            assert!(client.is_closed().await);
            assert_works(&server).await;
        }
        server.stop().await;
    }
}

/// Also one that is longer than the library reads of a head.
#[tokio::test]
async fn a_target_of_any_length_is_refused_as_one() {
    let server = Host::Ours.start().await;
    let longest = 8 * 1024;
    for (length, authority) in [(1, ""), (24 << 10, ""), (32 << 10, "http://test"), (4 << 20, "")] {
        let target = format!("{authority}/{}", "a".repeat(longest - 1 + length));
        let mut client = Connection::connect(server.address()).await;
        client
            .send(format!("GET /{} HTTP/1.1\r\nhost: test\r\n\r\n", "a".repeat(longest - 1)))
            .await;
        assert_eq!(client.response().await.status(), 404, "this one is just not too long");
        drop(client.try_send(format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n")).await);
        let response = client.response().await;
        assert_eq!(response.status(), 414, "{length}");
        assert_eq!(response.header("connection"), Some("close"));
        assert!(client.is_closed().await);
        assert_works(&server).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_cut_short_is_let_go() {
    for host in Host::ALL {
        let server = host.start().await;
        for bytes in CUT_SHORT {
            let mut client = Connection::connect(server.address()).await;
            client.send(bytes).await;
            client.finish_sending().await;
            client.rest().await;
            assert_works(&server).await;
        }
        server.stop().await;
    }
}

/// A chunk that is none breaks the body of its request, and the request with it.
#[tokio::test]
async fn a_broken_chunk_breaks_the_body() {
    for host in Host::ALL {
        let server = host.start().await;
        let mut client = Connection::connect(server.address()).await;
        client
            .send("POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        client.send("5\r\nhello\r\nzz\r\n").await;
        let response = client.response().await;
        assert_eq!(response.status(), 400);
        assert!(response.header("x-request-id").is_some(), "this one was inside");
        assert!(client.is_closed().await);
        assert_works(&server).await;
        server.stop().await;
    }
}

/// Lenient where it does no harm (RFC 9112, section 2.2 and RFC 9110, section 8.6). Our own server is strict about
/// line feeds, unless it is told not to be.
#[tokio::test]
async fn bare_line_feeds_and_a_length_said_twice_are_understood() {
    for host in Host::ALL {
        let server = host.start().await;
        let mut client = Connection::connect(server.address()).await;
        client.send("\r\nGET / HTTP/1.1\nhost: test\n\n").await;
        if matches!(host, Host::Ours) {
            assert_eq!(client.response().await.status(), 400);
            client = Connection::connect(server.address()).await;
        } else {
            assert_eq!(client.response().await.body(), b"hello");
        }
        client
            .send("POST /echo HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi")
            .await;
        assert_eq!(client.response().await.body(), b"hi");
        drop(client);
        server.stop().await;
    }
}
