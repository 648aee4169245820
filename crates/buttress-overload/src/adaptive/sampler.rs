use std::time::Duration;

use buttress_core::clock::Moment;

use super::Seen;
use super::latencies::Latencies;
use crate::parts::atomic::Ordering::{AcqRel, Relaxed};
use crate::parts::atomic::{AtomicU32, AtomicU64};

/// Gathers what came of calls, until there is enough to look at.
///
/// Whoever ends a call adds to it without waiting. What is added while somebody takes it out counts for the next look: nothing
/// is counted twice, and nothing is lost.
pub(super) struct Sampler {
    /// When this window began. Whoever moves it on has the window for himself.
    began: AtomicU64,
    ended: AtomicU32,
    dropped: AtomicU32,
    busiest: AtomicU32,
    least: AtomicU64,
    latencies: Latencies,
}

/// A window lasts at least so long, and until so many have ended.
const SHORTEST: Duration = Duration::from_millis(100);
const FEWEST: u32 = 10;

const NONE: u64 = u64::MAX;

impl Sampler {
    pub(super) fn new() -> Self {
        Self {
            began: AtomicU64::new(0),
            ended: AtomicU32::new(0),
            dropped: AtomicU32::new(0),
            busiest: AtomicU32::new(0),
            least: AtomicU64::new(NONE),
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

    /// A call succeeded.
    pub(super) fn succeeded(&self, began: Moment, now: Moment) -> Option<Seen> {
        self.latencies.note(now - began);
        // One that began before may have stood in the queue of a higher limit.
        if began.as_nanos() >= self.began.load(Relaxed) {
            self.least.fetch_min((now - began).as_nanos().try_into().unwrap_or(NONE - 1), Relaxed);
        }
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
        let is_over = ended >= FEWEST && now - Moment::from_nanos(began) >= SHORTEST;
        let next = now.as_nanos();
        if !is_over || self.began.compare_exchange(began, next, AcqRel, Relaxed).is_err() {
            return None;
        }
        self.ended.store(0, Relaxed);
        let (successes, typical) = self.latencies.drain();
        let least = self.least.swap(NONE, Relaxed);
        Some(Seen {
            successes,
            dropped: self.dropped.swap(0, Relaxed),
            typical,
            least: (least != NONE).then(|| Duration::from_nanos(least)),
            busiest: self.busiest.swap(0, Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_window_has_its_time_and_its_number() {
        let sampler = Sampler::new();
        sampler.begins(7);
        sampler.begins(3);
        // Nothing has been seen since the start of the time line, so the first window is over with its tenth call.
        let mut looks = (1..=10).map(|call| sampler.succeeded(at(5_000), at(5_000 + call * 2)));
        let seen = looks.find_map(|seen| seen).unwrap();
        assert_eq!(
            (seen.successes, seen.busiest, seen.least),
            (10, 7, Some(Duration::from_millis(2)))
        );
        assert_eq!(looks.next(), None);
        for call in 0..99 {
            assert_eq!(sampler.was_dropped(at(5_020 + call)), None);
        }
        let seen = sampler.was_dropped(at(5_120)).unwrap();
        assert_eq!((seen.successes, seen.dropped, seen.busiest, seen.least), (0, 100, 0, None));
        for _ in 0..9 {
            assert_eq!(sampler.was_dropped(at(9_000)), None, "too few to say anything");
        }
        assert!(sampler.was_dropped(at(9_000)).is_some());
    }

    #[test]
    fn who_began_before_the_window_is_not_the_fastest_of_it() {
        let sampler = Sampler::new();
        for _ in 0..10 {
            sampler.was_dropped(at(1_000));
        }
        (0..5).for_each(|_| assert!(sampler.succeeded(at(999), at(1_050)).is_none()));
        (0..4).for_each(|_| assert!(sampler.succeeded(at(1_010), at(1_090)).is_none()));
        let seen = sampler.succeeded(at(1_010), at(1_100)).unwrap();
        assert_eq!(seen.least, Some(Duration::from_millis(80)));
    }
}
