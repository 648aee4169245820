use std::time::Duration;

use buttress_core::clock::{Moment, nanos};

use super::Seen;
use super::latencies::Latencies;
use crate::parts::atomic::Ordering::{AcqRel, Relaxed};
use crate::parts::atomic::{AtomicU32, AtomicU64};

/// Gathers what came of calls, until there is enough to look at.
///
/// Whoever ends a call adds to it without waiting. What is added while somebody takes it out counts for the next look:
/// nothing is counted twice, and nothing is lost.
pub(super) struct Sampler {
    /// When this window began. The call that moves it on has the window to itself.
    began: AtomicU64,
    /// How long it lasts at least, in nanoseconds.
    lasts: AtomicU64,
    ended: AtomicU32,
    dropped: AtomicU32,
    busiest: AtomicU32,
    latencies: Latencies,
}

/// A window lasts at least so long, and until so many have ended.
const SHORTEST: Duration = Duration::from_millis(100);
const FEWEST: u32 = 20;
/// It lasts twice as long as a call, so that what ends in one has begun in this or in the one before; but no longer
/// than this.
const LONGEST: Duration = Duration::from_secs(10);

impl Sampler {
    pub(super) fn new() -> Self {
        Self {
            began: AtomicU64::new(0),
            lasts: AtomicU64::new(nanos(SHORTEST)),
            ended: AtomicU32::new(0),
            dropped: AtomicU32::new(0),
            busiest: AtomicU32::new(0),
            latencies: Latencies::new(),
        }
    }

    /// A call begins; so many are under way with it.
    #[inline]
    pub(super) fn begins(&self, under_way: u32) {
        // Mostly it is no more than before, and then nothing is written.
        if self.busiest.load(Relaxed) < under_way {
            self.busiest.fetch_max(under_way, Relaxed);
        }
    }

    /// A call succeeded now, and took so long until it had answered.
    pub(super) fn succeeded(&self, took: Duration, now: Moment) -> Option<Seen> {
        self.latencies.note(took);
        self.ended(now)
    }

    /// A call was turned away, or never answered.
    pub(super) fn was_dropped(&self, now: Moment) -> Option<Seen> {
        self.dropped.fetch_add(1, Relaxed);
        self.ended(now)
    }

    /// What there is to learn from, if this was the last of a window.
    fn ended(&self, now: Moment) -> Option<Seen> {
        let ended = self.ended.fetch_add(1, Relaxed).saturating_add(1);
        let began = self.began.load(Relaxed);
        let is_over =
            ended >= FEWEST && now.as_nanos().saturating_sub(began) >= self.lasts.load(Relaxed);
        let next = now.as_nanos();
        if !is_over || self.began.compare_exchange(began, next, AcqRel, Relaxed).is_err() {
            return None;
        }
        self.ended.store(0, Relaxed);
        let (successes, typical) = self.latencies.drain();
        self.lasts.store(nanos((typical * 2).clamp(SHORTEST, LONGEST)), Relaxed);
        let (dropped, busiest) = (self.dropped.swap(0, Relaxed), self.busiest.swap(0, Relaxed));
        Some(Seen { successes, dropped, typical, busiest })
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_window_has_its_time_and_its_number() {
        let sampler = Sampler::new();
        sampler.begins(7);
        sampler.begins(3);
        // Nothing has been seen since the start of the time line, so the first window is over with its twentieth call.
        (1..20).for_each(|call| assert_eq!(sampler.succeeded(ms(9), at(5_000 + call)), None));
        let seen = sampler.succeeded(ms(9), at(5_020)).unwrap();
        assert_eq!((seen.successes, seen.busiest, seen.dropped), (20, 7, 0));
        assert!(seen.typical.abs_diff(ms(9)) < ms(1));
        for call in 0..99 {
            assert_eq!(sampler.was_dropped(at(5_020 + call)), None);
        }
        let seen = sampler.was_dropped(at(5_120)).unwrap();
        assert_eq!((seen.successes, seen.dropped, seen.busiest), (0, 100, 0));
        for _ in 1..20 {
            assert_eq!(sampler.was_dropped(at(9_000)), None, "too few to say anything");
        }
        assert!(sampler.was_dropped(at(9_000)).is_some());
    }

    #[test]
    fn a_window_is_twice_as_long_as_a_call() {
        let sampler = Sampler::new();
        let mut ends =
            (1_000..9_000).filter(|millis| sampler.succeeded(ms(400), at(*millis)).is_some());
        let (first, second) = (ends.next().unwrap(), ends.next().unwrap());
        assert!((750..850).contains(&(second - first)), "{first} {second}");
    }
}
