use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, TokioClock};

/// When something went over one connection: enough to tell a frozen server from a busy one.
#[derive(Debug)]
pub(crate) struct Traffic {
    clock: TokioClock,
    /// When something was last read.
    heard: AtomicU64,
    /// Since when something was written and nothing read after it; 0 if that is not so.
    unanswered: AtomicU64,
}

impl Traffic {
    pub(crate) fn new(clock: TokioClock) -> Self {
        let heard = AtomicU64::new(clock.now().as_nanos());
        Self { clock, heard, unanswered: AtomicU64::new(0) }
    }

    pub(super) fn wrote(&self) {
        if self.unanswered.load(Relaxed) == 0 {
            // The first moment is a moment too.
            self.unanswered.store(self.clock.now().as_nanos().max(1), Release);
        }
    }

    pub(super) fn read(&self) {
        self.unanswered.store(0, Release);
        self.heard.store(self.clock.now().as_nanos(), Release);
    }

    /// For how long the server has owed an answer, and said nothing at all.
    pub(crate) fn silent_for(&self) -> Duration {
        match self.unanswered.load(Acquire) {
            0 => Duration::ZERO,
            since => self.clock.now() - Moment::from_nanos(since),
        }
    }

    /// For how long nothing was read, asked for or not.
    pub(crate) fn quiet_for(&self) -> Duration {
        self.clock.now() - Moment::from_nanos(self.heard.load(Acquire))
    }
}
