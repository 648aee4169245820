use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Direction;
use super::faults::{Cut, Door, Faults};
use super::listening::{self, Port};
use super::shared::Shared;
use crate::until::DEADLINE;

/// A proxy before a server. Dropping it cuts all connections. See the [module](super) for an example.
///
/// Faults add up until they are [healed](Self::heal), and hold for connections that are open as for new ones.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Passes on to `target`, which need not be there yet: while it is not, connections are reset.
    #[expect(clippy::unused_async, reason = "it is for where there is a runtime")]
    pub async fn to(target: SocketAddr) -> Self {
        let shared = Arc::new(Shared::new(target));
        let (port, listener) = Port::take();
        let address = port.address();
        let task = tokio::spawn(listening::run(port, listener, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    /// Where clients connect to, for as long as it lives.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes new connections on to another server.
    pub fn retarget(&self, target: SocketAddr) {
        *self.shared.target.lock() = target;
    }
}

/// Faults.
impl Proxy {
    /// Each reply comes so much later. Replies on their way do not delay each other.
    pub fn latency(&self, latency: Duration) {
        self.change(|faults| faults.latency = latency);
    }

    /// Each reply comes later by a random time below this one, in its order.
    pub fn jitter(&self, jitter: Duration) {
        self.change(|faults| faults.jitter = jitter);
    }

    /// Each half of each connection carries so many bytes a second.
    ///
    /// # Panics
    ///
    /// If that is none: see [`blackhole`](Self::blackhole).
    pub fn bandwidth(&self, bytes: u64) {
        let bytes = NonZeroU64::new(bytes).expect("a bandwidth above zero");
        self.change(|faults| faults.bandwidth = Some(bytes));
    }

    /// Connections are accepted, and nothing goes either way, not even their end. What was sent meanwhile arrives
    /// once healed, as after a cable was put back.
    pub fn blackhole(&self) {
        self.change(|faults| faults.held = [true; 2]);
    }

    /// What goes this way is taken and lost, its end too: a connection that is half open. It does not survive
    /// the healing.
    pub fn swallow(&self, direction: Direction) {
        self.change(|faults| faults.swallowed[direction as usize] = true);
    }

    /// Each connection closes after so many more bytes this way.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        // From one, since zero is where a connection starts.
        let number = self.shared.numbered.fetch_add(1, Ordering::Relaxed) + 1;
        let cut = Cut { number, after: bytes };
        self.change(|faults| faults.cut[direction as usize] = Some(cut));
    }

    /// These bytes come in place of each piece of a reply.
    pub fn garble(&self, garbage: impl Into<Bytes>) {
        let garbage = garbage.into();
        self.change(|faults| faults.garbage = Some(garbage));
    }

    /// Sends these bytes to each client that is connected, once, between what the server sends.
    pub fn inject(&self, bytes: impl Into<Bytes>) {
        self.shared.injected.send_replace(bytes.into());
    }

    /// Resets all connections. New ones are accepted.
    pub fn cut_all(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// New connections are refused. Open ones stay.
    pub async fn refuse(&self) {
        self.door(Door::Closed).await;
    }

    /// New connections are not taken: the system shakes hands, and that is all. Open ones stay.
    pub async fn ignore(&self) {
        self.door(Door::Ignored).await;
    }

    /// Ends all faults. Connections that lost something are reset.
    pub async fn heal(&self) {
        self.shared.faults.send_replace(Faults::default());
        self.door(Door::Open).await;
    }

    fn change(&self, change: impl FnOnce(&mut Faults)) {
        self.shared.faults.send_modify(change);
    }

    /// Waits until the listener knows, since the next connection could be faster.
    async fn door(&self, door: Door) {
        self.change(|faults| faults.door = door);
        let mut now = self.shared.door.subscribe();
        let knows = timeout(DEADLINE, now.wait_for(|now| *now == door)).await;
        assert!(knows.is_ok(), "the listener of the proxy has ended");
    }
}

/// Counts.
impl Proxy {
    /// How many connections were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// How many bytes were passed on this way.
    #[must_use]
    pub fn passed(&self, direction: Direction) -> u64 {
        self.shared.passed[direction as usize].load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut_all();
        self.task.abort();
    }
}
