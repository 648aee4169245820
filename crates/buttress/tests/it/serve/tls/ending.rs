//! A shutdown while hands are being shaken.

use std::sync::Arc;
use std::time::Duration;

use buttress::serve::{Phase, ServerBuilder};
use buttress_testkit::paused::pass;
use buttress_testkit::poll::poll_once;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::ClientConnection;

use super::super::rig::{Rig, app, now, seconds, server, soon};
use super::{config, shake, trusting};

/// The first words of a client, as rustls says them.
fn client_hello() -> Vec<u8> {
    let config = Arc::new(trusting("http/1.1"));
    let mut client = ClientConnection::new(config, "test".try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

/// Begins a handshake, and leaves it at half of the first words.
async fn half_said<I: AsyncWrite + Unpin>(mut io: I) -> I {
    let hello = client_hello();
    io.write_all(&hello[..hello.len() / 2]).await.unwrap();
    io
}

/// Begins a handshake, and leaves it when the server has answered.
async fn half_done<I: AsyncRead + AsyncWrite + Unpin>(mut io: I) -> I {
    io.write_all(&client_hello()).await.unwrap();
    assert_eq!(io.read_u8().await.unwrap(), 0x16, "the server's part of the handshake");
    io
}

/// Asks for `/`, and gives the whole of what comes.
async fn asked<I: AsyncRead + AsyncWrite + Unpin>(mut io: I) -> String {
    io.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    soon("an answer", io.read_to_string(&mut answer)).await.unwrap();
    answer
}

/// A head may take longer than the shutdown: what ends these is the shutdown alone.
fn patient() -> ServerBuilder {
    server().tls(config()).header_read_timeout(seconds(600)).lead_time(seconds(5))
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_handshake_holds_up_the_end_by_a_second() {
    for half in ["of the first words", "of the handshake"] {
        let mut rig = Rig::of(patient());
        let pipe = rig.connect().pipe;
        let mut pipe = if half == "of the first words" {
            half_said(pipe).await
        } else {
            half_done(pipe).await
        };
        pass(seconds(1)).await;
        let began = now();
        rig.shutdown.begin();
        drop(soon("the end of the connection", pipe.read_to_end(&mut Vec::new())).await);
        assert_eq!((now() - began).as_secs(), 5 + 1, "{half}");
        let report = rig.report().await;
        assert!(report.is_clean(), "nothing was asked, so nothing is cut off: {half}, {report}");
        assert_eq!((report.shutdown().as_secs(), report.requests()), (5 + 1, 0), "{half}");
    }
}

/// Who is about to ask for something gets its answer, though it comes late.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_goes_on_is_served() {
    let mut rig = Rig::of(patient());
    let mut shaking = Box::pin(shake(rig.connect().pipe, "http/1.1"));
    assert!(poll_once(&mut shaking).is_pending());
    rig.shutdown.begin();
    rig.shutdown.closing().await;
    assert_eq!(rig.shutdown.phase(), Phase::Closing);
    pass(Duration::from_millis(900)).await;
    let shaken = shaking.await.unwrap();
    pass(Duration::from_millis(900)).await;
    assert!(asked(shaken).await.ends_with("hello"));
    let report = rig.report().await;
    assert!(report.is_clean());
    assert_eq!(report.requests(), 1);
}

/// One that has shaken hands and then says nothing is no better.
#[tokio::test(start_paused = true)]
async fn who_is_silent_after_the_handshake_is_closed() {
    let mut rig = Rig::of(patient());
    let mut shaken = shake(rig.connect().pipe, "http/1.1").await.unwrap();
    pass(seconds(1)).await;
    rig.shutdown.begin();
    drop(soon("the end of the connection", shaken.read_to_end(&mut Vec::new())).await);
    let report = rig.report().await;
    assert!(report.is_clean());
    assert_eq!(report.shutdown().as_secs(), 5 + 1);
}

/// The same over real sockets, with both kinds at once.
#[tokio::test]
async fn over_sockets_unfinished_handshakes_are_no_aborted_connections() {
    let server = patient().lead_time(Duration::ZERO).signals(false).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), server.handle());
    let serving = tokio::spawn(server.serve(listener, app()));
    let connect = || async { TcpStream::connect(address).await.unwrap() };

    let mut said = half_said(connect().await).await;
    let mut done = half_done(connect().await).await;
    // When a third one has been answered, what the others sent has long been seen.
    assert!(asked(shake(connect().await, "http/1.1").await.unwrap()).await.ends_with("hello"));
    shutdown.begin();
    let report = soon("the end", serving).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.connections(), report.requests()), (3, 1));
    for socket in [&mut said, &mut done] {
        drop(soon("the end of the connection", socket.read_to_end(&mut Vec::new())).await);
    }
}
