//! Where connections come from.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use buttress::serve::{Both, Listener, Server};
use buttress_testkit::raw::Connection;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;

use super::rig::{app, now};

#[tokio::test]
async fn several_sockets_are_one_server() {
    let mut listeners = Vec::new();
    for _ in 0..3 {
        listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    let addresses: Vec<_> = listeners.iter().map(|one| one.local_addr().unwrap()).collect();
    let server = Server::builder().signals(false).lead_time(Duration::ZERO).build().unwrap();
    let shutdown = server.handle();
    let serving = tokio::spawn(server.serve(listeners, app()));
    for address in addresses {
        let mut client = Connection::connect(address).await;
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        assert_eq!(client.response().await.text(), "hello");
    }
    shutdown.begin();
    assert_eq!(serving.await.unwrap().connections(), 3);
}

/// Or a small answer would wait until the client has acknowledged the one before.
#[tokio::test]
async fn small_answers_are_not_held_back() {
    let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = Connection::connect(listener.local_addr().unwrap()).await;
    let (stream, peer) = poll_fn(|cx| Listener::poll_accept(&mut listener, cx)).await.unwrap();
    assert!(stream.nodelay().unwrap() && peer.is_some());
}

/// A peer that has gone without a word is found out, whatever is spoken: nothing else ends a WebSocket of its.
#[tokio::test]
async fn who_has_gone_is_asked_for() {
    let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = Connection::connect(listener.local_addr().unwrap()).await;
    let (stream, _) = poll_fn(|cx| Listener::poll_accept(&mut listener, cx)).await.unwrap();
    let socket = socket2::SockRef::from(&stream);
    assert!(socket.keepalive().unwrap());
    #[cfg(target_os = "linux")]
    assert_eq!(
        (socket.tcp_keepalive_time().unwrap(), socket.tcp_keepalive_interval().unwrap()),
        (Duration::from_secs(60), Duration::from_secs(15))
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_pair_may_be_of_two_kinds() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{UnixListener, UnixStream};

    let path = std::env::temp_dir().join(format!("buttress-serve-{}", std::process::id()));
    drop(std::fs::remove_file(&path));
    let unix = UnixListener::bind(&path).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let server = Server::builder().signals(false).build().unwrap();
    let serving = tokio::spawn(server.serve(Both::new(tcp, unix), app()));
    let ask = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";

    let mut client = UnixStream::connect(&path).await.unwrap();
    client.write_all(ask).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"));

    let mut client = Connection::connect(address).await;
    client.send(ask).await;
    assert_eq!(client.response().await.text(), "hello");
    serving.abort();
    drop(std::fs::remove_file(&path));
}

/// Fails some times, as a process without file descriptors does.
struct Exhausted(u32, super::rig::Pipes);

impl Listener for Exhausted {
    type Io = DuplexStream;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(DuplexStream, Option<SocketAddr>)>> {
        if self.0 > 0 {
            self.0 -= 1;
            return Poll::Ready(Err(io::Error::from_raw_os_error(24)));
        }
        self.1.poll_accept(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn accepting_pauses_after_errors_and_goes_on() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let server = Server::builder().signals(false).build().unwrap();
    let (sender, pipes) = tokio::sync::mpsc::unbounded_channel();
    let (mut ours, theirs) = tokio::io::duplex(1_024);
    sender.send((theirs, None)).unwrap();
    let began = now();
    let serving = tokio::spawn(server.serve(Exhausted(10, super::rig::Pipes(pipes)), app()));
    ours.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"));
    // 10, 20, 40 … 640 milliseconds, and three seconds.
    let paused = (now() - began).as_millis();
    assert!((4_270..4_400).contains(&paused), "{paused}");
    serving.abort();
}

/// Always has another connection, or one whose client has gone already.
struct Crowd {
    come: Arc<AtomicUsize>,
    gone: bool,
}

impl Listener for Crowd {
    type Io = DuplexStream;

    fn poll_accept(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<(DuplexStream, Option<SocketAddr>)>> {
        assert!(self.come.fetch_add(1, Relaxed) != 1_000, "nobody else had a turn");
        if self.gone {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok((tokio::io::duplex(1).0, None)))
    }
}

/// Or those who are here would wait until a whole crowd has been let in.
#[tokio::test]
async fn a_crowd_leaves_turns_to_others() {
    for gone in [false, true] {
        leaves_turns(gone).await;
    }
}

async fn leaves_turns(gone: bool) {
    let come = Arc::new(AtomicUsize::new(0));
    let server = Server::builder().signals(false).build().unwrap();
    let serving = tokio::spawn(server.serve(Crowd { come: come.clone(), gone }, app()));
    let (mut turns, mut before) = (0, 0);
    let other = tokio::spawn(poll_fn(move |cx| {
        let come = come.load(Relaxed);
        assert!(come - before <= 4, "{} in one turn", come - before);
        (turns, before) = (turns + 1, come);
        cx.waker().wake_by_ref();
        if turns == 1_000 { Poll::Ready(come) } else { Poll::Pending }
    }));
    assert!(other.await.unwrap() > 16);
    serving.abort();
}

#[tokio::test]
async fn a_busy_listener_starves_no_other() {
    let (busy, pipes) = tokio::sync::mpsc::unbounded_channel();
    let (quiet, other) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..10 {
        busy.send((tokio::io::duplex(1).0, None)).unwrap();
    }
    let name = Some(SocketAddr::from(([192, 0, 2, 9], 1)));
    quiet.send((tokio::io::duplex(1).0, name)).unwrap();
    quiet.send((tokio::io::duplex(1).0, name)).unwrap();
    let (first, second) = (super::rig::Pipes(pipes), super::rig::Pipes(other));
    let mut both = Both::new(first, second);
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(poll_fn(|cx| both.poll_accept(cx)).await.unwrap().1);
    }
    assert!(seen.contains(&name), "{seen:?}");
}

#[tokio::test]
async fn of_many_listeners_each_has_its_turn() {
    let mut listeners = Vec::new();
    let mut senders = Vec::new();
    for port in 1..=3 {
        let (sender, pipes) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..5 {
            let peer = Some(SocketAddr::from(([192, 0, 2, 1], port)));
            sender.send((tokio::io::duplex(1).0, peer)).unwrap();
        }
        listeners.push(super::rig::Pipes(pipes));
        senders.push(sender);
    }
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(poll_fn(|cx| listeners.poll_accept(cx)).await.unwrap().1.unwrap().port());
    }
    assert_eq!(seen, [1, 2, 3, 1, 2, 3]);
}
