//! Who stands in the system's queue when the server closes is served, and nobody holds up the end.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use buttress::serve::Listener;
use buttress_testkit::paused::pass;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::rig::{Rig, app, seconds, server, soon};

type Arrival = (DuplexStream, Option<SocketAddr>);

fn arrival(io: DuplexStream) -> Arrival {
    (io, Some(SocketAddr::from(([192, 0, 2, 1], 4711))))
}

/// One client comes again and again, and keeps all of it open.
struct Crowd {
    kept: Vec<DuplexStream>,
    come: Arc<AtomicUsize>,
}

impl Listener for Crowd {
    type Io = DuplexStream;

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        assert!(self.come.fetch_add(1, Relaxed) < 100_000, "it accepts for ever");
        let (ours, theirs) = tokio::io::duplex(1);
        self.kept.push(ours);
        Poll::Ready(Ok(arrival(theirs)))
    }
}

/// Each beyond the first is refused, so that they never come to the limit of all.
#[tokio::test(start_paused = true)]
async fn a_crowd_from_one_address_does_not_hold_up_the_end() {
    let server = server().connections_per_address(1).lead_time(Duration::ZERO).signals(false);
    let server = server.build().unwrap();
    server.handle().begin();
    let come = Arc::new(AtomicUsize::new(0));
    let crowd = Crowd { kept: Vec::new(), come: come.clone() };
    let serving = tokio::spawn(server.serve(crowd, app()));
    let (mut turns, mut before) = (0, 0);
    let other = tokio::spawn(poll_fn(move |cx| {
        let come = come.load(Relaxed);
        assert!(come - before <= 64, "{} came, and nobody else had a turn", come - before);
        (turns, before) = (turns + 1, come);
        if turns == 100 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    let report = soon("the end", serving).await.unwrap();
    assert!(report.is_clean() && report.connections() == 1, "{report}");
    other.await.unwrap();
}

/// One whose client has gone, and then one whose client waits.
struct GoneAndHere(Vec<io::Result<Arrival>>);

impl Listener for GoneAndHere {
    type Io = DuplexStream;

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        self.0.pop().map_or(Poll::Pending, Poll::Ready)
    }
}

#[tokio::test(start_paused = true)]
async fn who_stands_behind_one_who_has_gone_is_served() {
    let server = server().connections(1).lead_time(Duration::ZERO).signals(false).build().unwrap();
    let shutdown = server.handle();
    let gone = || Err(io::ErrorKind::ConnectionAborted.into());
    let (mut client, theirs) = tokio::io::duplex(1_024);
    client.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    let queue = GoneAndHere(vec![Ok(arrival(theirs)), gone(), gone(), gone(), gone()]);
    shutdown.begin();
    let report = soon("the end", server.serve(queue, app())).await;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    assert!(report.is_clean() && report.requests() == 1, "{report}");
}

/// At the limit, those who are idle make room for those who wait.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_has_that_of_who_is_idle() {
    for places in [1, 2] {
        let rig = Rig::of(server().connections(places).lead_time(Duration::ZERO));
        let mut idle: Vec<_> = (0..places).map(|_| rig.connect()).collect();
        for client in &mut idle {
            client.get("/").await;
        }
        let mut waiting: Vec<_> = (0..4).map(|_| rig.connect()).collect();
        for client in &mut waiting {
            client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        }
        pass(seconds(1)).await;
        let report = rig.end().await;
        for client in &mut waiting {
            assert!(client.answer().await.ends_with("hello"));
        }
        assert!(report.is_clean() && report.shutdown() < seconds(1), "{report}");
        assert_eq!(report.requests(), places as u64 + 4);
    }
}

/// For a second: what takes longer gives nobody its place.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_does_not_hold_up_the_end() {
    let rig = Rig::of(server().connections(1).lead_time(Duration::ZERO));
    let (mut works, mut waits) = (rig.connect(), rig.connect());
    works.send("GET /work HTTP/1.1\r\nhost: test\r\n\r\n").await;
    waits.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    pass(seconds(1)).await;
    let report = rig.end().await;
    assert!(works.answer().await.ends_with("done"));
    assert_eq!((waits.rest().await, report.shutdown().as_secs()), (String::new(), 19));
    assert!(report.is_clean(), "{report}");
}
