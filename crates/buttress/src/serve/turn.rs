use std::sync::Arc;
use std::task::Context;

use buttress_core::clock::Moment;

use super::link::Flight;
use super::parts::AtomicWaker;
use super::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use super::parts::atomic::{AtomicBool, AtomicU64};

/// An answer on its way that several hold: its body, its task, and each piece of it that is not taken yet. It is under
/// way until the last of them is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// Whose turn it is.
    peers: AtomicBool,
    handed: AtomicU64,
    taken: AtomicU64,
    /// When that was last, in nanoseconds.
    at: AtomicU64,
    /// So much may be handed over and not be taken when more is asked for.
    room: u64,
    /// The body, which waits for room.
    body: AtomicWaker,
    /// Nobody watches over it any more: all of it is with the library.
    trails: AtomicBool,
    flight: Flight,
}

impl Turn {
    pub(super) fn new(flight: Flight, room: u64) -> Self {
        Self {
            peers: AtomicBool::new(false),
            handed: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            at: AtomicU64::new(0),
            room,
            body: AtomicWaker::new(),
            trails: AtomicBool::new(false),
            flight,
        }
    }

    pub(super) fn flight(&self) -> &Flight {
        &self.flight
    }

    /// The library asks for more, and there is room.
    pub(super) fn ours(&self) {
        self.peers.store(false, Release);
    }

    /// Data was handed over: the library asks again when the peer has made room.
    pub(super) fn theirs(&self, bytes: usize) {
        self.handed.fetch_add(bytes as u64, Relaxed);
        self.peers.store(true, Release);
    }

    pub(super) fn is_theirs(&self) -> bool {
        self.peers.load(Acquire)
    }

    /// Bytes that were taken, ever, and when the last of them.
    pub(super) fn taken(&self) -> (u64, Moment) {
        let taken = self.taken.load(Acquire);
        (taken, Moment::from_nanos(self.at.load(Relaxed)))
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting(self.taken.load(Acquire)) > self.room
    }

    /// Whether there is room for more; if not, the body is woken when there is.
    pub(super) fn has_room(&self, cx: &Context<'_>) -> bool {
        if !self.is_full() {
            return true;
        }
        self.body.register(cx.waker());
        !self.is_full()
    }

    /// The peer has taken so much; `whole` is whether that was the rest of a piece.
    pub(super) fn took(&self, bytes: usize, whole: bool) {
        let bytes = bytes as u64;
        self.at.store(self.flight.link().took(bytes, whole), Relaxed);
        let before = self.taken.fetch_add(bytes, AcqRel);
        if self.waiting(before) > self.room && self.waiting(before + bytes) <= self.room {
            self.body.wake();
        }
    }

    fn waiting(&self, taken: u64) -> u64 {
        self.handed.load(Relaxed).saturating_sub(taken)
    }

    /// All of it was handed over, and nobody could reset it any more.
    pub(super) fn trails(&self) {
        self.trails.store(true, Relaxed);
        self.flight.link().trails();
    }

    /// The library has dropped the last piece, in the connection's own turn or on the way to it: it looks by itself.
    pub(super) fn landed(self: Arc<Self>) {
        if let Some(mut turn) = Arc::into_inner(self) {
            turn.flight.lands_here();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.trails.load(Relaxed) {
            self.flight.link().trails_no_more();
        }
    }
}
