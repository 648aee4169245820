//! A connection that changes its protocol behind the wall.

use std::convert::Infallible;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::{Router, routing::any};
use buttress_testkit::raw::Connection;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, service_fn};

use crate::support::{head, prompt, serve_axum, serve_hyper, serve_ours, wall};

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(text) = message {
            socket.send(Message::Text(text)).await.unwrap();
        }
    }
}

/// The bytes of RFC 6455, sections 1.3 and 5.7.
#[tokio::test]
async fn to_a_web_socket_of_axum() {
    let app = || {
        let upgrade = |upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) };
        Router::new().route("/ws", any(upgrade))
    };
    let servers = [
        serve_axum(app().layer(wall())).await,
        serve_axum(app().layer(wall().keep_body())).await,
        serve_ours(prompt(), app().layer(wall())).await.0,
    ];
    for server in servers {
        let mut client = Connection::connect(server.address()).await;
        client.send(HANDSHAKE).await;
        let head = head(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("x-request-id: "), "{head}");
        assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");

        for word in [b"hi", b"ho"] {
            client.send([&[0x81, 0x82, 0, 0, 0, 0], &word[..]].concat()).await;
            assert_eq!(client.read(4).await, [&[0x81, 2], &word[..]].concat());
        }
        // A close, and the server's answer to it.
        client.send([0x88, 0x80, 0, 0, 0, 0]).await;
        assert_eq!(client.read(2).await, [0x88, 0]);
        assert!(client.is_closed().await);
        server.stop().await;
    }
}

async fn upgrade(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgrading.await.unwrap());
        let mut ping = [0; 4];
        stream.read_exact(&mut ping).await.unwrap();
        stream.write_all(&ping).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert("connection", HeaderValue::from_static("upgrade"));
    response.headers_mut().insert("upgrade", HeaderValue::from_static("echo"));
    Ok(response)
}

const UPGRADE: &str = "HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";

#[tokio::test]
async fn to_anything_on_hyper_alone() {
    let server = serve_hyper(wall().layer(service_fn(upgrade))).await;
    let mut client = Connection::connect(server.address()).await;
    client.send(format!("GET / {UPGRADE}")).await;
    let head = head(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("x-request-id: "), "{head}");
    client.send("ping").await;
    assert_eq!(client.read(4).await, b"ping");
    assert!(client.is_closed().await);
    server.stop().await;
}

/// A refusal of an upgrade is an ordinary answer, after which the connection still speaks HTTP.
#[tokio::test]
async fn to_nothing_where_it_is_refused() {
    let server = serve_hyper(wall().layer(service_fn(upgrade))).await;
    let mut client = Connection::connect(server.address()).await;
    for (path, status) in [("/refused", 403), ("/refused-late", 401), ("/answered", 200)] {
        client.send(format!("GET {path} {UPGRADE}")).await;
        let response = client.response().await;
        assert_eq!(response.status(), status);
        assert!(response.header("x-request-id").is_some());
    }
    drop(client);
    server.stop().await;
}
