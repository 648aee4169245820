use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::{select, try_join};

use super::Direction;
use super::pump::{End, pump};
use super::shared::{Injected, Shared};

/// Both halves of one connection, until both ended, one failed, or all are cut.
pub(super) async fn run(client: TcpStream, shared: Arc<Shared>) {
    let _open = Open::new(&shared);
    // Before anything is awaited: from now on it counts as connected.
    let mut cuts = shared.cuts.subscribe();
    let injected = shared.injected.subscribe();
    let target = *shared.target.lock();
    let Ok(server) = TcpStream::connect(target).await else {
        reset(&client);
        return;
    };
    for stream in [&client, &server] {
        // Fails on a connection that is gone already, as its next read will tell.
        let _ = stream.set_nodelay(true);
    }
    let end = select! {
        biased;
        _ = cuts.changed() => Err(End::Reset),
        end = both(&client, &server, &shared, injected) => end,
    };
    if end == Err(End::Reset) {
        reset(&client);
        reset(&server);
    }
}

async fn both(
    client: &TcpStream,
    server: &TcpStream,
    shared: &Shared,
    injected: Injected,
) -> Result<(), End> {
    let requests = pump(Direction::Requests, client, server, shared, injected.clone());
    let replies = pump(Direction::Replies, server, client, shared, injected);
    try_join!(requests, replies).map(drop)
}

/// Closing then says RST, not FIN.
fn reset(stream: &TcpStream) {
    // Fails on a connection that is gone already.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Counted while it is open.
struct Open<'a>(&'a Shared);

impl<'a> Open<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        shared.open.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
