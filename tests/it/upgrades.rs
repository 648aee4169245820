//! A connection that changes its protocol behind the wall.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Extension;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::{Router, routing::any};
use buttress::serve::Shutdown;
use buttress_testkit::raw::Connection;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

use crate::support::{head, prompt, serve_axum, serve_hyper, serve_ours, soon, wall};

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

// ANCHOR: closing
async fn chat(
    upgrade: WebSocketUpgrade,
    Extension(shutdown): Extension<Shutdown>,
) -> Response<Body> {
    upgrade.on_upgrade(async move |mut socket| {
        loop {
            tokio::select! {
                message = socket.recv() => match message {
                    Some(Ok(message @ Message::Text(_))) => drop(socket.send(message).await),
                    Some(Ok(_)) => {}
                    _ => return, // the client has gone
                },
                () = shutdown.closing() => break,
            }
        }
        let code = close_code::AWAY; // the server goes down: come back, to another instance
        drop(socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await);
        // Until the client has said goodbye, too.
        while let Some(Ok(_)) = socket.recv().await {}
    })
}
// ANCHOR_END: closing

/// One that says goodbye when the server closes is not cut off: nobody waits for the grace period.
#[tokio::test]
async fn a_web_socket_that_listens_to_the_end_is_not_cut_off() {
    let app = Router::new().route("/ws", any(chat)).layer(wall());
    let server = prompt().grace(Duration::from_secs(60)).signals(false).build().unwrap();
    let shutdown = server.handle();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(listener, app));
    let mut client = Connection::connect(address).await;
    client.send(HANDSHAKE).await;
    assert!(head(&mut client).await.starts_with("HTTP/1.1 101 "));
    client.send([0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await;
    assert_eq!(client.read(4).await, [0x81, 2, b'h', b'i']);

    shutdown.begin();
    assert_eq!(client.read(4).await, [0x88, 2, 3, 0xe9], "a close, 1001");
    client.send([0x88, 0x82, 0, 0, 0, 0, 3, 0xe9]).await;
    assert!(client.is_closed().await);
    let report = soon("the end of the server", serving).await.unwrap();
    assert!(report.is_clean() && report.requests() == 1, "{report}");
    assert!(report.shutdown() < Duration::from_secs(30), "{report}");
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
