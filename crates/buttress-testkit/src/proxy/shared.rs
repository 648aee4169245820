use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use buttress_core::sync::Lock;
use bytes::Bytes;
use tokio::sync::watch;

use super::Direction;
use super::faults::{Door, Faults};

/// What is to be injected, whenever it changes.
pub(super) type Injected = watch::Receiver<Bytes>;

/// What the test, the listener and all connections know of each other.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) target: Lock<SocketAddr>,
    pub(super) faults: watch::Sender<Faults>,
    /// How often all connections were cut.
    pub(super) cuts: watch::Sender<u64>,
    /// What was injected last.
    pub(super) injected: watch::Sender<Bytes>,
    /// What the listener does now.
    pub(super) door: watch::Sender<Door>,
    /// How many cuts were numbered.
    pub(super) numbered: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) passed: [AtomicU64; 2],
}

impl Shared {
    pub(super) fn new(target: SocketAddr) -> Self {
        Self {
            target: Lock::new(target),
            faults: watch::Sender::default(),
            cuts: watch::Sender::default(),
            injected: watch::Sender::default(),
            door: watch::Sender::default(),
            numbered: AtomicU64::default(),
            accepted: AtomicU64::default(),
            open: AtomicU64::default(),
            passed: <[AtomicU64; 2]>::default(),
        }
    }

    pub(super) fn passed(&self, direction: Direction, bytes: usize) {
        self.passed[direction as usize].fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
