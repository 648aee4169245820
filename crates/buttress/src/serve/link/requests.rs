use std::sync::Arc;

use buttress_core::clock::Moment;

use super::{Flight, Link};
use crate::serve::budget::Given;
use crate::serve::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// About its requests.
impl Link {
    /// Another request; says which one it is, counted from one. `elsewhere` is whether it may end outside of
    /// the connection's own task.
    pub(in crate::serve) fn begin(self: &Arc<Self>, elsewhere: bool) -> (u64, Flight) {
        let flight = self.flight(elsewhere);
        (self.requests.fetch_add(1, AcqRel) + 1, flight)
    }

    /// Something under way that is no request of its own, as an upgraded stream.
    pub(in crate::serve) fn continue_flight(self: &Arc<Self>) -> Flight {
        self.flight(true)
    }

    fn flight(self: &Arc<Self>, elsewhere: bool) -> Flight {
        self.in_flight.fetch_add(1, AcqRel);
        self.meters.flights.add(1.0);
        Flight::new(self.clone(), elsewhere)
    }

    /// Whether a handler is at work, or an answer is on its way.
    pub(in crate::serve) fn is_busy(&self) -> bool {
        self.in_flight.load(Acquire) > 0
    }

    /// Requests that are lost if the connection is cut off now. What the peer has not taken counts, though the last
    /// answer has ended as far as anybody can see.
    pub(in crate::serve) fn at_stake(&self) -> usize {
        self.under_way().max(usize::from(self.blocked.load(Relaxed)))
    }

    /// Whether an answer of it has ended, ever.
    pub(in crate::serve) fn is_answered(&self) -> bool {
        self.answered.load(Relaxed)
    }

    /// An answer has begun.
    pub(in crate::serve) fn answers(&self) {
        self.answers.fetch_add(1, Relaxed);
    }

    /// The connection has its turn.
    pub(in crate::serve) fn has_turn(&self, now: Moment) {
        self.now.store(now.as_nanos(), Relaxed);
    }

    /// Of an answer so many bytes were taken in this turn; `whole` is whether they were the rest of a piece. Says when
    /// that is, in nanoseconds.
    pub(in crate::serve) fn took(&self, bytes: u64, whole: bool) -> u64 {
        self.taken.fetch_add(bytes, Relaxed);
        self.pieces.fetch_add(u64::from(whole), Relaxed);
        self.now.load(Relaxed)
    }

    pub(in crate::serve) fn given(&self) -> Given {
        Given {
            answers: self.answers.load(Relaxed),
            pieces: self.pieces.load(Relaxed) + self.tunnels.frames.load(Relaxed),
            bytes: self.taken.load(Relaxed) + self.tunnels.bytes.load(Relaxed),
        }
    }

    /// All of an answer is with the library, which cannot be told to give it up.
    pub(in crate::serve) fn trails(&self) {
        let trailing = self.trailing.fetch_add(1, AcqRel) + 1;
        // From now on this is all that is waited for.
        if trailing == self.in_flight.load(Acquire) {
            self.wake();
        }
    }

    pub(in crate::serve) fn trails_no_more(&self) {
        self.trailing.fetch_sub(1, AcqRel);
    }

    /// The number of the request that is refused for its head, and whether for its target.
    pub(in crate::serve) fn refused(&self) -> (u64, bool) {
        (self.refused.load(Relaxed), self.long_target.load(Relaxed))
    }

    /// The connection speaks another protocol from now on.
    pub(in crate::serve) fn upgrade(&self) {
        self.upgraded.store(true, Release);
    }

    pub(in crate::serve) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Acquire)
    }
}
