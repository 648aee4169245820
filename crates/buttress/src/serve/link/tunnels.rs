use super::Link;
use crate::serve::frames::Seen;
use crate::serve::parts::atomic::Ordering::{Relaxed, Release};
use crate::serve::parts::atomic::{AtomicBool, AtomicU64};

/// What was written since a stream of HTTP/2 speaks another protocol. The library sends its bytes by itself, so no
/// piece of an answer says that its client takes them.
#[derive(Debug)]
pub(super) struct Tunnels {
    any: AtomicBool,
    pub(super) frames: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl Tunnels {
    pub(super) fn new() -> Self {
        Self { any: AtomicBool::new(false), frames: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }
}

/// About its tunnels.
impl Link {
    /// A stream of it speaks another protocol from now on.
    pub(in crate::serve) fn tunnels(&self) {
        self.tunnels.any.store(true, Release);
    }

    /// Frames were written. Those of answers are among them, and count twice then: their client has taken them, too.
    pub(in crate::serve) fn sent(&self, seen: Seen) {
        if self.tunnels.any.load(Relaxed) {
            self.tunnels.frames.fetch_add(seen.full, Relaxed);
            self.tunnels.bytes.fetch_add(seen.data, Relaxed);
        }
    }
}
