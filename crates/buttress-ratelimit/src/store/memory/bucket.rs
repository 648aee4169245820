//! Five keys in one line of the cache, and no lock on the way of a key that is known.
//!
//! A place has a fingerprint, and the moment at which its key stands as if it had never asked. What takes a place
//! away from a key, or gives it to one, goes through these steps, in this order:
//!
//! 1. The time is exchanged for [`BUSY`]. Whoever else had looked at the place loses their exchange from here on.
//! 2. The fingerprint is written.
//! 3. The time of the new key is written.
//!
//! So who reads fingerprint, time and the same fingerprint again has read what belongs together. A place is free when
//! its time is over, and whoever takes it has a later time: what was seen before does not come back.

use crate::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::parts::atomic::{AtomicU32, AtomicU64};
use crate::parts::{spin_loop, yield_now};

/// How many keys share a line.
pub(super) const PLACES: usize = if cfg!(all(test, buttress_loom)) { 2 } else { 5 };

/// A place that is about to change hands. No moment is that late.
const BUSY: u64 = u64::MAX;

#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Bucket {
    times: [AtomicU64; PLACES],
    prints: [AtomicU32; PLACES],
    /// Whether somebody is bringing a new key, whose first bucket this is.
    turn: AtomicU32,
}

#[cfg(not(all(test, buttress_loom)))]
const _: () = assert!(size_of::<Bucket>() == 64, "it is one line of the cache");

impl Bucket {
    /// Where this key is.
    #[inline]
    pub(super) fn find(&self, print: u32) -> Option<Place<'_>> {
        for (of, time) in self.prints.iter().zip(&self.times) {
            if of.load(Acquire) != print {
                continue;
            }
            let seen = time.load(Acquire);
            // Read again, now that the time is known: it may have been another key's.
            if seen != BUSY && of.load(Relaxed) == print {
                return Some(Place { time, print: of, seen });
            }
        }
        None
    }

    /// All places that are not about to change hands.
    pub(super) fn places(&self) -> impl Iterator<Item = Place<'_>> {
        let places = self.prints.iter().zip(&self.times);
        places.filter_map(|(print, time)| {
            let seen = time.load(Acquire);
            (seen != BUSY).then_some(Place { time, print, seen })
        })
    }

    /// Waits for the turn to bring new keys. It is held while two lines are looked at and three words are written.
    pub(super) fn turn(&self) -> Turn<'_> {
        let mut tries = 0_u32;
        while self.turn.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            tries += 1;
            if tries < 64 { spin_loop() } else { yield_now() }
        }
        Turn(&self.turn)
    }
}

/// Holds the turn of a bucket until it is dropped.
pub(super) struct Turn<'a>(&'a AtomicU32);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(0, Release);
    }
}

/// A place as it was seen.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    time: &'a AtomicU64,
    print: &'a AtomicU32,
    seen: u64,
}

/// What became of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Exchanged {
    /// It was made.
    Yes,
    /// Somebody was faster: look again.
    No,
    /// It was made, but the place has come to another key since it was seen; whether before the exchange, to the very
    /// time that was seen, or after it, nobody can tell.
    Astray,
}

impl Place<'_> {
    /// The time that was seen, in nanoseconds.
    #[inline]
    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// Exchanges the time that was seen for another, if this is still the key's place.
    #[inline]
    pub(super) fn exchange(&self, print: u32, next: u64) -> Exchanged {
        if self.time.compare_exchange(self.seen, next, AcqRel, Relaxed).is_err() {
            return Exchanged::No;
        }
        if self.print.load(Relaxed) == print { Exchanged::Yes } else { Exchanged::Astray }
    }

    /// Gives the place to another key; `false` if somebody was faster.
    pub(super) fn give_to(&self, print: u32, time: u64) -> bool {
        if self.time.compare_exchange(self.seen, BUSY, AcqRel, Relaxed).is_err() {
            return false;
        }
        self.print.store(print, Release);
        self.time.store(time, Release);
        true
    }

    /// Puts back what may have been taken from another key by mistake.
    #[cold]
    pub(super) fn put_back(&self, nanos: u64) {
        let more = |time: u64| (time != BUSY).then(|| time.saturating_add(nanos).min(BUSY - 1));
        // A place that is changing hands has nothing left to be put back to.
        let _ = self.time.fetch_update(AcqRel, Relaxed, more);
    }
}
