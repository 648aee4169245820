use buttress_core::clock::Moment;

use super::bucket::Bucket;
use crate::counts::Counts;
use crate::machine::{Counted, Counters, Gate, Verdict};
use crate::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::parts::atomic::{AtomicU32, AtomicU64};
use crate::phase::Phase;
use crate::policy::Policy;
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
    next: [AtomicU32; 2],
    /// The newest bucket of a time; or how many calls were counted, where it is a window of calls.
    turn: AtomicU32,
    /// At which insertion it was used last.
    used: AtomicU32,
}

#[cfg(not(all(test, buttress_loom)))]
const _: () = assert!(size_of::<Slot>() <= 256);

/// A window is cut into so many.
const BUCKETS: u32 = 10;
/// So many times are kept, one less than is counted to.
const TIMES: u32 = 7;
/// A rule of failures in a time counts to so many at most.
pub(super) const MOST_TIMES: u32 = TIMES + 1;
/// So long unused, its buckets may look like those of today.
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
            next: [(); 2].map(|()| AtomicU32::new(0)),
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
            None => Counts::default(),
            Some(over) => {
                let (tick, buckets) = match over {
                    Over::Time(_) => (tick_at(over, now), BUCKETS),
                    Over::Calls(calls) => {
                        let counted = self.turn.load(Relaxed);
                        (counted.saturating_sub(1) / size(calls), count(calls))
                    }
                };
                self.sums(buckets, generation, tick)
            }
        }
    }

    fn add(&self, over: Over, call: Counts, generation: u32, now: Moment) -> Counts {
        let (tick, buckets) = match over {
            Over::Time(_) => (self.turn_to(tick_at(over, now)), BUCKETS),
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
        self.sums(buckets, generation, tick)
    }

    /// Moves to this tick. After a long time without any call all buckets are emptied: the eight bits by which they are
    /// told apart would have gone round.
    fn turn_to(&self, tick: u32) -> u32 {
        let turn = self.turn.load(Acquire);
        let ahead = tick.wrapping_sub(turn);
        let is_ahead = ahead != 0 && ahead < u32::MAX - LATE;
        let moves = || self.turn.compare_exchange(turn, tick, AcqRel, Acquire).is_ok();
        if is_ahead && moves() && ahead >= FORGOTTEN {
            self.buckets.iter().for_each(|bucket| bucket.store(0, Release));
        }
        tick
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
        let at = next.fetch_add(1, Relaxed) % places;
        recent::hit(&times[(at % TIMES) as usize], within, call.generation, (call.now)())
    }
}

impl Counters for Slot {
    fn count(&self, call: &Counted<'_, impl Fn() -> Moment>) -> Option<Trip> {
        let rules = &call.policy.rules;
        let over = over(call.policy);
        let counts = match (call.counts(), over) {
            (Some(one), Some(over)) => Some(self.add(over, one, call.generation, (call.now)())),
            _ => None,
        };
        // All are asked: each has to count, though an earlier one holds.
        let holds = rules
            .iter()
            .map(|rule| tally::trip(rule, self.hit(rule, call), counts, room(over), call));
        holds.fold(None, Option::or)
    }
}

/// Of which calls the rates of a policy are: of the same ones, all of them.
pub(super) fn over(policy: &Policy) -> Option<Over> {
    policy.rules.iter().find_map(Rule::over)
}

#[expect(clippy::cast_possible_truncation, reason = "it goes round, and is compared so")]
pub(super) fn tick_at(over: Over, now: Moment) -> u32 {
    let Over::Time(time) = over else { return 0 };
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    (now.as_nanos() / (nanos / u64::from(BUCKETS)).max(1)) as u32
}

/// How many calls a bucket holds.
const fn size(calls: u32) -> u32 {
    let size = calls.div_ceil(BUCKETS);
    if size == 0 { 1 } else { size }
}

/// How many buckets there are.
const fn count(calls: u32) -> u32 {
    calls / size(calls)
}

/// How many calls count at most.
fn room(over: Option<Over>) -> u32 {
    match over {
        Some(Over::Calls(calls)) => size(calls) * count(calls),
        _ => u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_calls_has_four_fifths_of_them() {
        for calls in 1..100_000 {
            let (size, count) = (size(calls), count(calls));
            assert!((1..=BUCKETS).contains(&count));
            let least = size * (count - 1) + 1;
            assert!(size * count <= calls && least * 5 >= calls * 4, "{least} of {calls}");
            assert!(calls > BUCKETS || size == 1, "up to ten, one by one");
        }
    }
}
