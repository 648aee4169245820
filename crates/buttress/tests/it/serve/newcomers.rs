//! Who has had no answer yet does not stand in front of those who had one.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use buttress::serve::{Both, Listener, ServerBuilder};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, yield_now};

use super::rig::{Client, Pipes, app, server};

const CROWD: usize = 200;

/// What a crowd does while somebody is answered who is here already: without an order it would be hundreds of steps.
#[tokio::test(start_paused = true)]
async fn a_crowd_has_few_turns_while_others_are_served() {
    let place = Place::new();
    let mut client = place.client("192.0.2.1");
    assert!(client.get("/").await.ends_with("hello"));
    place.crowd().await;
    for _ in 0..20 {
        let before = place.steps.load(Relaxed);
        assert!(client.get("/").await.ends_with("hello"));
        let meanwhile = place.steps.load(Relaxed) - before;
        assert!(meanwhile <= 40, "{meanwhile}");
    }
    place.serving.abort();
}

#[tokio::test(start_paused = true)]
async fn who_comes_from_elsewhere_does_not_wait_for_a_crowd() {
    let place = Place::new();
    place.crowd().await;
    let before = place.steps.load(Relaxed);
    assert!(place.client("198.51.100.7").get("/").await.ends_with("hello"));
    let meanwhile = place.steps.load(Relaxed) - before;
    assert!(meanwhile <= CROWD / 2, "{meanwhile}");
    place.serving.abort();
}

/// A proxy is no client: those behind it are.
#[tokio::test(start_paused = true)]
async fn nor_does_who_comes_through_the_same_proxy() {
    let place = Place::of(server().proxy_protocol_from(["192.0.2.1"]), "203.0.113.1");
    place.crowd().await;
    let before = place.steps.load(Relaxed);
    let mut client = place.client("192.0.2.1");
    client.send(header("203.0.113.7")).await;
    assert!(client.get("/").await.ends_with("hello"));
    let meanwhile = place.steps.load(Relaxed) - before;
    assert!(meanwhile <= CROWD / 2, "{meanwhile}");
    place.serving.abort();
}

fn header(source: &str) -> String {
    format!("PROXY TCP4 {source} 192.0.2.1 1 443\r\n")
}

/// Nor has anybody of it to wait for long.
#[tokio::test(start_paused = true)]
async fn a_crowd_is_served_in_the_end() {
    let place = Place::new();
    place.crowd().await;
    let mut clients: Vec<_> = (0..CROWD).map(|_| place.client("192.0.2.1")).collect();
    for client in &mut clients {
        assert!(client.get("/").await.ends_with("hello"));
    }
    place.serving.abort();
}

/// A server for pipes and a crowd.
struct Place {
    pipes: mpsc::UnboundedSender<(tokio::io::DuplexStream, Option<SocketAddr>)>,
    restless: mpsc::UnboundedSender<Restless>,
    steps: Arc<AtomicUsize>,
    serving: JoinHandle<buttress::serve::Report>,
    /// What each of a crowd says first.
    first: String,
}

impl Place {
    fn new() -> Self {
        Self { first: String::new(), ..Self::of(server(), "") }
    }

    /// For a crowd that comes from `source`, as a proxy says.
    fn of(builder: ServerBuilder, source: &str) -> Self {
        let server = builder.signals(false).connections_per_address(1_000).build().unwrap();
        let (pipes, arrivals) = mpsc::unbounded_channel();
        let (restless, crowd) = mpsc::unbounded_channel();
        let listener = Both::new(Pipes(arrivals), Crowd(crowd));
        let serving = tokio::spawn(server.serve(listener, app()));
        Self { pipes, restless, steps: Arc::default(), serving, first: header(source) }
    }

    fn client(&self, address: &str) -> Client {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let peer = SocketAddr::new(address.parse().unwrap(), 4711);
        self.pipes.send((theirs, Some(peer))).unwrap();
        Client::of(ours)
    }

    /// All of them have come, and had some turns.
    async fn crowd(&self) {
        for _ in 0..CROWD {
            let first = self.first.clone().into_bytes();
            let steps = self.steps.clone();
            self.restless.send(Restless { first, steps, rests: true }).unwrap();
        }
        while self.steps.load(Relaxed) < 10 * CROWD {
            yield_now().await;
        }
    }
}

struct Crowd(mpsc::UnboundedReceiver<Restless>);

impl Listener for Crowd {
    type Io = Restless;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Restless, Option<SocketAddr>)>> {
        let Some(one) = ready!(self.0.poll_recv(cx)) else { return Poll::Pending };
        Poll::Ready(Ok((one, Some(SocketAddr::from(([192, 0, 2, 1], 1))))))
    }
}

/// Says a head that has no end, a byte at each turn, and always has another turn.
struct Restless {
    first: Vec<u8>,
    steps: Arc<AtomicUsize>,
    rests: bool,
}

impl AsyncRead for Restless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        cx.waker().wake_by_ref();
        self.rests = !self.rests;
        if self.rests {
            return Poll::Pending;
        }
        if !self.first.is_empty() {
            buffer.put_slice(&std::mem::take(&mut self.first));
            return Poll::Ready(Ok(()));
        }
        self.steps.fetch_add(1, Relaxed);
        buffer.put_slice(b"G");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Restless {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
