//! A server whose connections are pipes of this process.

mod app;

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use buttress::serve::{Listener, Report, Server, ServerBuilder, Shutdown};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub(super) use self::app::app;

type Arrival = (DuplexStream, Option<SocketAddr>);

/// Where pipes come from.
pub(super) struct Pipes(pub(super) mpsc::UnboundedReceiver<Arrival>);

impl Listener for Pipes {
    type Io = DuplexStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        match self.0.poll_recv(cx) {
            Poll::Ready(Some(arrival)) => Poll::Ready(Ok(arrival)),
            // Nobody can connect any more.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

pub(super) struct Rig {
    arrivals: mpsc::UnboundedSender<Arrival>,
    pub(super) shutdown: Shutdown,
    pub(super) serving: JoinHandle<Report>,
}

impl Rig {
    pub(super) fn start(builder: ServerBuilder, app: Router) -> Self {
        let server = builder.signals(false).build().unwrap();
        let (arrivals, pipes) = mpsc::unbounded_channel();
        let shutdown = server.handle();
        let serving = tokio::spawn(server.serve(Pipes(pipes), app));
        Self { arrivals, shutdown, serving }
    }

    /// With the app of most tests.
    pub(super) fn of(builder: ServerBuilder) -> Self {
        Self::start(builder, app())
    }

    pub(super) fn connect(&self) -> Client {
        self.connect_from("192.0.2.1")
    }

    pub(super) fn connect_from(&self, address: &str) -> Client {
        let peer = SocketAddr::new(address.parse().unwrap(), 4711);
        self.connect_with(Some(peer), 64 * 1024)
    }

    pub(super) fn connect_with(&self, peer: Option<SocketAddr>, room: usize) -> Client {
        let (ours, theirs) = tokio::io::duplex(room);
        drop(self.arrivals.send((theirs, peer)));
        Client::of(ours)
    }

    pub(super) async fn http2(&self) -> SendRequest<Full<Bytes>> {
        handshake(self.connect().pipe).await
    }

    /// Ends the server, and gives its report.
    pub(super) async fn end(mut self) -> Report {
        self.shutdown.begin();
        self.report().await
    }

    /// Waits until the server has ended, as somebody else asked it to.
    pub(super) async fn report(&mut self) -> Report {
        soon("the end of the server", &mut self.serving).await.unwrap()
    }
}

pub(super) struct Client {
    pub(super) pipe: DuplexStream,
    opened: Instant,
}

impl Client {
    pub(super) fn of(pipe: DuplexStream) -> Self {
        Self { pipe, opened: now() }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have closed.
        drop(self.pipe.write_all(bytes.as_ref()).await);
    }

    /// All that comes until the server closes, as text.
    pub(super) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let mut bounded = (&mut self.pipe).take(MUCH);
        drop(soon("the end of the connection", bounded.read_to_end(&mut rest)).await);
        assert!((rest.len() as u64) < MUCH, "the server never stops");
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// A whole answer with a length, head and body, as text.
    pub(super) async fn answer(&mut self) -> String {
        soon("an answer", self.whole_answer()).await
    }

    async fn whole_answer(&mut self) -> String {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(self.pipe.read_u8().await.unwrap());
        }
        let head = String::from_utf8(answer).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.pipe.read_exact(&mut body).await.unwrap();
        head + str::from_utf8(&body).unwrap()
    }

    pub(super) async fn get(&mut self, path: &str) -> String {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
        self.answer().await
    }

    /// Waits for the server to close without a word; says how many seconds that took since the beginning.
    pub(super) async fn closed_after(&mut self) -> u64 {
        assert_eq!(self.rest().await, "", "without a word");
        self.age()
    }

    /// Seconds since the connection was opened, rounded.
    pub(super) fn age(&self) -> u64 {
        (now() - self.opened + Duration::from_millis(500)).as_secs()
    }
}

#[expect(clippy::disallowed_methods, reason = "time is paused here")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// More than any test is sent.
const MUCH: u64 = 1 << 20;

/// Waits as long as no server may take, so that a test whose server does not end fails instead of hanging.
pub(super) async fn soon<F: Future>(what: &str, event: F) -> F::Output {
    let waited = tokio::time::timeout(Duration::from_secs(600), event).await;
    waited.unwrap_or_else(|_| panic!("{what} does not come"))
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A client of HTTP/2.
pub(super) async fn handshake(pipe: DuplexStream) -> SendRequest<Full<Bytes>> {
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(pipe));
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A request for HTTP/2.
pub(super) fn request(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://test{path}")).body(Full::default()).unwrap()
}

pub(super) fn server() -> ServerBuilder {
    Server::builder()
}
