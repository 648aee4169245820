//! Rolling restarts: the next server listens to the same socket before the last one goes down.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use buttress::serve::{Report, Server, Shutdown};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};

use super::clients::{self, Tally};
use super::pause;
use super::shop::shop;

/// Long enough for each client to see a close on a loaded machine.
const LEAD: Duration = Duration::from_millis(400);
const GRACE: Duration = Duration::from_secs(5);

/// Where a server is served: in a task, or beside the workers of the runtime, as `main` is.
#[derive(Clone, Copy)]
enum Place {
    Task,
    Main,
}

struct Generation(Shutdown, JoinHandle<Report>);

impl Generation {
    fn start(socket: &TcpListener, place: Place) -> Self {
        let socket = socket.try_clone().unwrap();
        let listener = tokio::net::TcpListener::from_std(socket).unwrap();
        let server = Server::builder().lead_time(LEAD).grace(GRACE).signals(false);
        let server = server.connections_per_address(1_000).build().unwrap();
        let shutdown = server.handle();
        let serving = server.serve(listener, shop());
        let serving = match place {
            Place::Task => tokio::spawn(serving),
            Place::Main => spawn_blocking(|| Handle::current().block_on(serving)),
        };
        Self(shutdown, serving)
    }

    async fn end(self) -> Report {
        self.0.begin();
        self.1.await.unwrap()
    }
}

/// Restarts so many times under load. Fails if a request fails, or an exit takes too long or aborts.
pub(crate) async fn roll(restarts: usize) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    let tally = Arc::new(Tally::default());
    let mut present = Generation::start(&socket, Place::Main);
    let mut clients = crowd(address, &tally);
    let mut seen = 0;
    for restart in 0..restarts {
        let place = if restart % 2 == 0 { Place::Task } else { Place::Main };
        let next = Generation::start(&socket, place);
        let report = std::mem::replace(&mut present, next).end().await;
        assert!(report.is_clean(), "restart {restart}: {report}");
        assert!(report.shutdown() < LEAD + GRACE, "restart {restart}: {:?}", report.shutdown());
        assert_eq!(report.panicked(), 0);
        seen += report.requests();
        let failures = tally.failures.lock().clone();
        assert!(failures.is_empty(), "restart {restart}: {failures:#?}");
        pause(Duration::from_millis(50)).await;
    }
    tally.stop.store(true, Relaxed);
    let report = present.end().await;
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert!(report.is_clean(), "{report}");
    let failures = tally.failures.lock().clone();
    assert!(failures.is_empty(), "{failures:#?}");
    let served = tally.served.load(Relaxed);
    assert_eq!(seen + report.requests(), served, "each was looked at once, and answered");
    assert!(served > restarts as u64 * 20, "that was no load: {served}");
    println!("{restarts} restarts: {served} requests served, none failed");
}

fn crowd(address: SocketAddr, tally: &Arc<Tally>) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (one, two) = (tally.clone(), tally.clone());
        clients.spawn(async move { clients::http1(address, &one).await });
        clients.spawn(async move { clients::http2(address, &two).await });
    }
    for _ in 0..4 {
        let (one, two) = (tally.clone(), tally.clone());
        clients.spawn(async move { clients::idler(address, &one).await });
        clients.spawn(async move { clients::listener(address, &two).await });
    }
    clients
}
