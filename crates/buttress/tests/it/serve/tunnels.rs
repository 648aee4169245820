//! Streams of HTTP/2 that speak another protocol (RFC 8441), as web sockets do.

use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Path, Request};
use axum::routing::any;
use buttress::serve::Shutdown;
use buttress_testkit::paused::pass;
use bytes::Bytes;
use http_body_util::Full;
use hyper::ext::Protocol;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};

use super::frames::{PREFACE, frame, next_frame};
use super::rig::{Client, Rig, request, seconds, server};

fn tunnels() -> Router {
    Router::new().route("/echo", any(echo)).route("/down/{size}", any(download))
}

/// Gives back what comes; says goodbye when the server closes.
async fn echo(Extension(shutdown): Extension<Shutdown>, mut request: Request) {
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut reader, mut writer) = split(TokioIo::new(upgrading.await.unwrap()));
        tokio::select! {
            _ = tokio::io::copy(&mut reader, &mut writer) => {}
            () = shutdown.closing() => writer.write_all(b"bye").await.unwrap(),
        }
        drop(writer.shutdown().await);
    });
}

/// Messages of so many bytes, one by one, as long as they are taken.
async fn download(Path(size): Path<usize>, mut request: Request) {
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgrading.await.unwrap());
        while stream.write_all(&vec![b'm'; size]).await.is_ok() {
            pass(Duration::from_millis(1)).await;
        }
    });
}

/// A client of hyper, in a tunnel.
async fn tunnel(rig: &Rig) -> TokioIo<Upgraded> {
    let mut client = rig.http2().await;
    // With its answer the client has heard that there are tunnels.
    client.send_request(request("/")).await.unwrap();
    let mut connect = http::Request::connect("http://test/echo");
    connect.extensions_mut().unwrap().insert(Protocol::from_static("websocket"));
    let answer =
        client.send_request(connect.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    // The connection stays for as long as somebody may ask.
    tokio::spawn(async move {
        std::future::pending::<()>().await;
        drop(client);
    });
    TokioIo::new(hyper::upgrade::on(answer).await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn what_is_said_in_a_tunnel_comes_back() {
    let rig = Rig::start(server(), tunnels());
    let mut tunnel = tunnel(&rig).await;
    for word in [b"hi".to_vec(), vec![b'x'; 100_000]] {
        let mut back = vec![0; word.len()];
        let (mut reader, mut writer) = split(&mut tunnel);
        let (written, read) = tokio::join!(writer.write_all(&word), reader.read_exact(&mut back));
        written.unwrap();
        assert_eq!((read.unwrap(), &back), (word.len(), &word));
    }
    // A silent one is no idle connection.
    pass(seconds(600)).await;
    tunnel.write_all(b"still here").await.unwrap();
    tunnel.read_exact(&mut [0; 10]).await.unwrap();
    drop(rig);
}

/// Whoever takes a download has windows to update and may ping, as for any other answer.
#[tokio::test(start_paused = true)]
async fn a_download_in_a_tunnel_is_no_flood() {
    for size in ["00100", "16384"] {
        let rig = Rig::start(server(), tunnels());
        let mut client = rig.connect();
        client.send([PREFACE, &connect(&format!("/down/{size}"))].concat()).await;
        let mut messages = 0;
        while messages < 2_000 {
            let (kind, _, message) = next_frame(&mut client).await;
            assert!(!matches!(kind, 3 | 7), "reset, or sent away, after {messages} of {size}");
            if kind == 0 {
                messages += 1;
                let length = u32::try_from(message.len()).unwrap().to_be_bytes();
                let update = [frame(8, 0, 0, &length), frame(8, 0, 1, &length)].concat();
                client.send([update, frame(6, 0, 0, &[0; 8])].concat()).await;
            }
        }
        drop(rig);
    }
}

/// A tunnel alone earns nothing: its client has to take something.
#[tokio::test(start_paused = true)]
async fn a_flood_beside_a_tunnel_is_one() {
    let rig = Rig::start(server(), tunnels());
    let Client { pipe, .. } = {
        let mut client = rig.connect();
        client.send([PREFACE, &connect("/echo")].concat()).await;
        client
    };
    let (mut reader, mut writer) = split(pipe);
    let reading = tokio::spawn(async move { drop(reader.read_to_end(&mut Vec::new()).await) });
    let mut sent = 0;
    while sent < 10_000 && !reading.is_finished() {
        if writer.write_all(&frame(6, 0, 0, &[0; 8])).await.is_err() {
            break;
        }
        sent += 1;
        tokio::task::yield_now().await;
    }
    assert!((200..400).contains(&sent), "{sent}");
    drop(rig);
}

/// Extended CONNECT on stream 1: `:method`, `:protocol`, `:scheme http`, `:path`, `:authority`.
fn connect(path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).unwrap();
    let head: [&[u8]; 4] = [
        b"\x02\x07CONNECT\0\x09:protocol\x09websocket\x86\x04",
        &[length],
        path.as_bytes(),
        b"\x41\x04test",
    ];
    frame(1, 4, 1, &head.concat())
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_is_under_way_until_it_ends() {
    let rig = Rig::start(server().lead_time(Duration::ZERO), tunnels());
    let mut one = tunnel(&rig).await;
    one.write_all(b"hi").await.unwrap();
    one.read_exact(&mut [0; 2]).await.unwrap();
    let reading = tokio::spawn(async move {
        let mut rest = Vec::new();
        one.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let report = rig.end().await;
    assert_eq!(reading.await.unwrap(), b"bye");
    assert!(report.is_clean() && report.requests() == 2, "{report}");
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_end_is_cut_off_and_counted() {
    let rig = Rig::start(server().lead_time(Duration::ZERO), tunnels());
    let mut client = rig.connect();
    client.send([PREFACE, &connect("/down/00001")].concat()).await;
    pass(seconds(1)).await;
    let report = rig.end().await;
    assert_eq!((report.aborted_requests(), report.shutdown().as_secs()), (1, 25), "{report}");
}
