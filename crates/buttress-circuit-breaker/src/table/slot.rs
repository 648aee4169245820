use buttress_core::clock::Moment;

use super::bucket::Bucket;
use super::cut::{BUCKETS, count, over, room, size, tick_at};
use crate::counts::Counts;
use crate::machine::{Counted, Counters, Gate, Verdict};
use crate::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::parts::atomic::{AtomicU8, AtomicU32, AtomicU64};
use crate::phase::Phase;
use crate::window::is_newer;
use crate::word::Word;
use crate::{Over, Rule, Trip, recent, tally};

/// The breaker of one key, where it lies: nothing is allocated for it.
#[derive(Debug)]
pub(super) struct Slot {
    key: [AtomicU64; 2],
    pub(super) gate: Gate,
    buckets: [AtomicU64; BUCKETS as usize],
    failures: [AtomicU64; TIMES as usize],
    throttled: [AtomicU64; TIMES as usize],
    /// Of both of these, which comes next.
    next: [AtomicU8; 2],
    /// The generation whose calls the buckets count.
    era: AtomicU32,
    /// The newest bucket of a time; or how many calls were counted, where it is a window of calls.
    turn: AtomicU32,
    /// At which insertion it was used last.
    used: AtomicU32,
}

#[cfg(not(all(test, buttress_loom)))]
const _: () = assert!(size_of::<Slot>() <= 256);

/// So many times are kept, one less than is counted to.
const TIMES: u32 = 7;
/// A rule of failures in a time counts to so many at most.
pub(super) const MOST_TIMES: u32 = TIMES + 1;
/// After so many ticks unused, a bucket may look like one of today.
const FORGOTTEN: u32 = 100;
/// Whoever is late is so by less.
const LATE: u32 = 1_000;

impl Slot {
    /// Of nobody.
    pub(super) fn vacant(now: Moment) -> Self {
        let word = Word::first(crate::State::Closed, false, false).step(Phase::Vacant);
        let zeros = || [(); TIMES as usize].map(|()| AtomicU64::new(0));
        Self {
            key: [(); 2].map(|()| AtomicU64::new(0)),
            gate: Gate::new(word, now),
            buckets: [(); BUCKETS as usize].map(|()| AtomicU64::new(0)),
            failures: zeros(),
            throttled: zeros(),
            next: [(); 2].map(|()| AtomicU8::new(0)),
            era: AtomicU32::new(0),
            turn: AtomicU32::new(0),
            used: AtomicU32::new(0),
        }
    }

    #[inline]
    pub(super) fn is_of(&self, [first, second]: [u64; 2]) -> bool {
        self.key[0].load(Acquire) == first && self.key[1].load(Acquire) == second
    }

    /// Gives it to another key, while it is vacant: what was counted is forgotten.
    pub(super) fn settle_in(&self, [first, second]: [u64; 2], turn: u32) {
        self.key[0].store(first, Release);
        self.key[1].store(second, Release);
        let times = self.failures.iter().chain(&self.throttled);
        for number in self.buckets.iter().chain(times) {
            number.store(0, Relaxed);
        }
        self.turn.store(turn, Relaxed);
        self.era.store(self.gate.word().generation(), Relaxed);
    }

    /// Begins to count as another policy wants it. The caller sees to it that nothing is counted meanwhile; what is in
    /// the buckets is of another generation.
    pub(super) fn turn_over(&self, turn: u32) {
        self.turn.store(turn, Relaxed);
    }

    /// It is used. Written only where it was not since the last insertion.
    #[inline]
    pub(super) fn touch(&self, epoch: u32) {
        if self.used.load(Relaxed) != epoch {
            self.used.store(epoch, Relaxed);
        }
    }

    /// How many insertions ago it was used.
    pub(super) fn age(&self, epoch: u32) -> u32 {
        epoch.wrapping_sub(self.used.load(Relaxed))
    }

    /// What its window holds.
    pub(super) fn counts(&self, over: Option<Over>, generation: u32, now: Moment) -> Counts {
        match over {
            Some(over) if self.era.load(Acquire) == generation => {
                let turn = self.turn.load(Acquire);
                let (tick, buckets) = match over {
                    // Nobody has emptied them since.
                    Over::Time(_) if has_forgotten(ahead(turn, tick_at(over, now))) => {
                        return Counts::default();
                    }
                    Over::Time(_) => (tick_at(over, now), BUCKETS),
                    Over::Calls(calls) => (turn.saturating_sub(1) / size(calls), count(calls)),
                };
                self.sums(buckets, generation, tick)
            }
            _ => Counts::default(),
        }
    }

    /// Counts a call; nothing, if it belongs to an older generation.
    fn add(&self, over: Over, call: Counts, generation: u32, now: Moment) -> Option<Counts> {
        if !self.begin(generation) {
            return None;
        }
        let (tick, buckets) = match over {
            Over::Time(_) => (self.turn_to(tick_at(over, now), generation), BUCKETS),
            Over::Calls(calls) => {
                // That a call fails which is counted already belongs to the newest one.
                let counted = match call.calls {
                    0 => self.turn.load(Relaxed).saturating_sub(1),
                    _ => self.turn.fetch_add(1, Relaxed),
                };
                (counted / size(calls), count(calls))
            }
        };
        let bucket = &self.buckets[(tick % buckets) as usize];
        let plus = |bits| Bucket::from_bits(bits).plus(call, generation, tick).map(Bucket::bits);
        // One that is full, or of a later time, stays as it is.
        let _ = bucket.fetch_update(AcqRel, Acquire, plus);
        Some(self.sums(buckets, generation, tick))
    }

    /// Counts for this generation from now on, if it is no older one.
    fn begin(&self, generation: u32) -> bool {
        let era = self.era.load(Acquire);
        if era == generation {
            return true;
        }
        if is_newer(era, generation) {
            return false;
        }
        if self.era.compare_exchange(era, generation, AcqRel, Acquire).is_ok() {
            self.empty(0..BUCKETS, |bucket, _| !bucket.is_of_generation(generation));
        }
        true
    }

    /// Moves to this tick, and empties what it passes: before the eight bits by which buckets are told apart come
    /// round. One that somebody has begun already is left alone, unless it has been so long that it may be an old one.
    fn turn_to(&self, tick: u32, generation: u32) -> u32 {
        let turn = self.turn.load(Acquire);
        let ahead = ahead(turn, tick);
        if ahead > 0 && self.turn.compare_exchange(turn, tick, AcqRel, Acquire).is_ok() {
            let passed = (0..ahead.min(BUCKETS)).map(|back| tick.wrapping_sub(back));
            let is_old = |bucket: Bucket, tick| !bucket.is_of(generation, tick);
            self.empty(passed, |bucket, tick| has_forgotten(ahead) || is_old(bucket, tick));
        }
        tick
    }

    /// Empties the buckets of these ticks, of those that are to go.
    fn empty(&self, ticks: impl Iterator<Item = u32>, goes: impl Fn(Bucket, u32) -> bool) {
        for tick in ticks {
            let bucket = &self.buckets[(tick % BUCKETS) as usize];
            let gone = |bits| goes(Bucket::from_bits(bits), tick).then_some(0);
            // One that stays is none that has to be exchanged.
            let _ = bucket.fetch_update(AcqRel, Acquire, gone);
        }
    }

    fn sums(&self, buckets: u32, generation: u32, mut tick: u32) -> Counts {
        let (mut sums, mut at) = (Counts::default(), tick % buckets);
        for _ in 0..buckets {
            let bucket = Bucket::from_bits(self.buckets[at as usize].load(Acquire));
            sums = sums.plus(bucket.counts(generation, tick));
            // Before the first tick there is none, and its bucket is empty.
            tick = tick.wrapping_sub(1);
            at = at.checked_sub(1).unwrap_or(buckets - 1);
        }
        sums
    }

    fn hit<T: Fn() -> Moment>(&self, rule: &Rule, call: &Counted<'_, T>) -> bool {
        let (times, next, n, within) = match (rule, call.verdict) {
            (Rule::Failures { n, within }, Verdict::Bad { .. }) => {
                (&self.failures, &self.next[0], *n, *within)
            }
            (Rule::Throttled { n, within }, Verdict::Throttled) => {
                (&self.throttled, &self.next[1], *n, *within)
            }
            _ => return false,
        };
        // One less than are counted to.
        let Some(places) = n.checked_sub(1).filter(|places| *places > 0) else { return true };
        let after = |at: u8| Some(if u32::from(at) + 1 < places { at + 1 } else { 0 });
        let at = next.fetch_update(AcqRel, Acquire, after).unwrap_or_default();
        // A policy before this one may have had more places, and left off at one of those.
        let at = u32::from(at).min(places - 1);
        recent::hit(&times[at as usize % times.len()], within, call.generation, (call.now)())
    }
}

/// By how many ticks time went on since; none, if somebody is late.
fn ahead(turn: u32, tick: u32) -> u32 {
    let ahead = tick.wrapping_sub(turn);
    if ahead < u32::MAX - LATE { ahead } else { 0 }
}

const fn has_forgotten(ahead: u32) -> bool {
    ahead >= FORGOTTEN
}

impl Counters for Slot {
    fn count(&self, call: &Counted<'_, impl Fn() -> Moment>) -> Option<Trip> {
        let rules = &call.policy.rules;
        let over = over(call.policy);
        let counts = match (call.counts(), over) {
            (Some(one), Some(over)) => self.add(over, one, call.generation, (call.now)()),
            _ => None,
        };
        // All are asked: each has to count, though an earlier one holds. What a window holds is news of rates alone.
        let holds = rules.iter().map(|rule| {
            let counts = counts.filter(|_| rule.is_rate());
            tally::trip(rule, self.hit(rule, call), counts, room(over), call)
        });
        holds.fold(None, Option::or)
    }
}
