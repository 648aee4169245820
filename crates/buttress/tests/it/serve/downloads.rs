//! An answer is under way until its last byte is taken, however large its pieces are.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use buttress::serve::{Listener, ServerBuilder};
use buttress_testkit::body::Frames;
use buttress_testkit::paused::pass;
use bytes::Bytes;
use h2::RecvStream;
use http::Request;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;

use super::frames::{PREFACE, frame, next_frame};
use super::rig::{Client, Rig, seconds, server};

const LARGE: usize = 1 << 20;
const PIECE: usize = 64 * 1024;

/// One piece of a megabyte, and whoever still holds it.
fn large() -> (Router, Arc<()>) {
    struct Held(Vec<u8>, #[expect(dead_code, reason = "it is dropped")] Arc<()>);
    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    let held = Arc::new(());
    let holds = held.clone();
    let one = move || {
        let held = Held(vec![b'x'; LARGE], holds.clone());
        async move { Bytes::from_owner(held) }
    };
    let two = || async { pieces(2, LARGE) };
    let app = Router::new()
        .route("/", get(one))
        .route("/two", get(two))
        .route("/pieces", get(|| async { pieces(3, 10_000) }))
        .route("/small", get(|| async { "hello" }));
    (app, held)
}

fn pieces(count: usize, length: usize) -> Body {
    let piece = Bytes::from(vec![b'x'; length]);
    Body::new((0..count).fold(Frames::new(), |frames, _| frames.data(piece.clone())))
}

/// Its idle time and its patience are much shorter than what an honest client needs.
fn hasty() -> ServerBuilder {
    server().keep_alive_idle(seconds(5)).stall_timeout(seconds(3))
}

async fn ask(rig: &Rig) -> Client {
    let mut client = rig.connect();
    client.send("GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await;
    client
}

/// Takes a piece a second, to the end.
async fn take(client: &mut Client) -> usize {
    let (mut taken, mut room) = (0, vec![0; PIECE]);
    while let Ok(bytes @ 1..) = client.pipe.read(&mut room).await {
        taken += bytes;
        pass(seconds(1)).await;
    }
    taken
}

/// A client with small windows.
async fn ask_http2(rig: &Rig, path: &str) -> (h2::client::SendRequest<Bytes>, RecvStream) {
    let mut builder = h2::client::Builder::new();
    let window = u32::try_from(PIECE).unwrap() - 1;
    builder.initial_window_size(window).initial_connection_window_size(2 * window);
    let (client, connection) = builder.handshake(rig.connect().pipe).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = Request::get(format!("http://test{path}")).body(()).unwrap();
    let answer = client.send_request(request, true).unwrap().0.await.unwrap();
    (client, answer.into_body())
}

/// Takes so much each second, to the end.
async fn take_http2(body: &mut RecvStream, each: usize) -> Result<usize, h2::Error> {
    let (mut taken, mut until) = (0, each);
    while let Some(data) = body.data().await {
        let bytes = data?.len();
        taken += bytes;
        while taken > until {
            until += each;
            pass(seconds(1)).await;
        }
        body.flow_control().release_capacity(bytes)?;
    }
    Ok(taken)
}

#[tokio::test(start_paused = true)]
async fn a_large_answer_may_take_its_time() {
    let rig = Rig::start(hasty(), large().0);
    let mut client = ask(&rig).await;
    assert!(take(&mut client).await > LARGE);
    assert!(client.age() > 12, "{}", client.age());
    let (_client, mut body) = ask_http2(&rig, "/").await;
    assert_eq!(take_http2(&mut body, PIECE).await.unwrap(), LARGE);
    assert!(rig.end().await.is_clean());
}

/// Four kilobytes a second are more than a hundred bytes, in whatever pieces they were handed over.
#[tokio::test(start_paused = true)]
async fn who_takes_large_pieces_slowly_is_no_slow_reader() {
    let rig = Rig::start(server(), large().0);
    let (_client, mut body) = ask_http2(&rig, "/two").await;
    assert_eq!(take_http2(&mut body, 4_096).await.unwrap(), 2 * LARGE);
    assert!(rig.end().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn it_is_waited_for_at_the_end() {
    let mut rig = Rig::start(hasty(), large().0);
    let mut client = ask(&rig).await;
    let (_client, mut body) = ask_http2(&rig, "/").await;
    pass(seconds(1)).await;
    rig.shutdown.begin();
    let taking = tokio::spawn(async move { take(&mut client).await });
    assert_eq!(take_http2(&mut body, PIECE).await.unwrap(), LARGE);
    assert!(taking.await.unwrap() > LARGE);
    let report = rig.report().await;
    assert!(report.is_clean() && report.shutdown() > seconds(12), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn it_is_counted_if_it_is_cut_off() {
    let rig = Rig::start(server().grace(seconds(7)), large().0);
    let _client = ask(&rig).await;
    let _http2 = ask_http2(&rig, "/").await;
    let mut several = rig.connect_with(None, 1_024);
    several.send("GET /pieces HTTP/1.1\r\nhost: test\r\n\r\n").await;
    pass(seconds(1)).await;
    assert_eq!(rig.end().await.aborted_requests(), 3);
}

/// Also where a connection takes one piece at a time, as some kinds of TLS do.
#[tokio::test(start_paused = true)]
async fn what_a_connection_can_write_makes_no_difference() {
    let server = server().signals(false).grace(seconds(7)).build().unwrap();
    let (sender, plain) = mpsc::unbounded_channel();
    let shutdown = server.handle();
    let serving = tokio::spawn(server.serve(Plain(plain), large().0));
    let (ours, theirs) = tokio::io::duplex(PIECE);
    sender.send(theirs).unwrap();
    let mut client = Client::of(ours);
    let small = client.get("/small").await;
    assert!(small.ends_with("\r\n\r\nhello"), "{small}");
    client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    pass(seconds(1)).await;
    shutdown.begin();
    assert_eq!(serving.await.unwrap().aborted_requests(), 1);
    assert!(take(&mut client).await >= PIECE);
}

struct Plain(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for Plain {
    type Io = Whole;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Whole, Option<SocketAddr>)>> {
        match self.0.poll_recv(cx) {
            Poll::Ready(Some(pipe)) => Poll::Ready(Ok((Whole(pipe), None))),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

/// Writes one piece at a time.
struct Whole(DuplexStream);

impl AsyncRead for Whole {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Whole {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Though the connection goes on, and asks for other things now and then.
#[tokio::test(start_paused = true)]
async fn what_is_not_taken_is_not_kept() {
    let (app, held) = large();
    let rig = Rig::start(hasty(), app);
    let (mut client, mut body) = ask_http2(&rig, "/").await;
    assert_eq!(Arc::strong_count(&held), 3, "ours, the handler's, and the one that is under way");
    for _ in 0..6 {
        pass(seconds(1)).await;
        let request = Request::get("http://test/small").body(()).unwrap();
        let answer = client.send_request(request, true).unwrap().0.await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(Arc::strong_count(&held), 2);
    let reset = take_http2(&mut body, PIECE).await.unwrap_err();
    assert!(reset.is_reset() && reset.is_remote(), "{reset}");
    drop(rig);
}

/// No stream is left that could be reset: it is said goodbye to, and then it is cut off.
#[tokio::test(start_paused = true)]
async fn a_small_answer_that_is_not_taken_ends_its_connection() {
    let rig = Rig::start(hasty(), large().0);
    let mut client = rig.connect();
    let one_byte = frame(4, 0, 0, &[0, 4, 0, 0, 0, 1]);
    let head = frame(1, 5, 1, b"\x82\x86\x04\x06/small\x41\x04test");
    client.send([&PREFACE[..24], &one_byte, &head].concat()).await;
    while next_frame(&mut client).await.0 != 7 {}
    assert_eq!(client.age(), 3);
    client.rest().await;
    assert_eq!(client.age(), 6);
    drop(rig);
}
