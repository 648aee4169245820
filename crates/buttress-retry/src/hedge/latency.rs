use std::time::Duration;

use buttress_core::clock::Moment;
use buttress_core::sync::Striped;

use crate::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::parts::atomic::{AtomicU32, AtomicU64};

/// In which time how many calls are answered: a histogram of the last half minute to minute.
///
/// Eight classes for each doubling, so that what it says is right to within a sixteenth. Two halves take turns: one is
/// counted in, the other one has what was before, and who first comes after half a minute empties that and goes on
/// there. A count that comes while it is emptied may be lost: of a percentile nobody sees that.
pub(super) struct Latency {
    percent: u32,
    stripes: Striped<[Half; 2]>,
    /// Which half minute it is.
    turn: AtomicU64,
    /// What was known when it was last asked for, in nanoseconds; nothing is zero.
    known: AtomicU64,
    /// When that has to be found out again, in nanoseconds.
    stale: AtomicU64,
}

struct Half(Box<[AtomicU32]>);

/// From a microsecond to the time in which nobody waits any more: 2^36 microseconds are 19 hours.
const CLASSES: usize = (36 - SUB as usize) * PER_DOUBLING + 2 * PER_DOUBLING;
const PER_DOUBLING: usize = 1 << SUB;
const SUB: u32 = 3;
const HALF: u64 = 30_000_000_000;
/// How long an answer is good for: to find it costs some microseconds.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// Fewer say nothing of a tail.
const ENOUGH: u64 = 100;
/// Most of what there is to gain: only calls that had to wait write here.
const STRIPES: usize = 8;

impl Latency {
    pub(super) fn new(percent: u32) -> Self {
        Self {
            percent,
            stripes: Striped::new(STRIPES, || [Half::new(), Half::new()]),
            turn: AtomicU64::new(0),
            known: AtomicU64::new(0),
            stale: AtomicU64::new(0),
        }
    }

    /// A call took so long.
    pub(super) fn record(&self, took: Duration, now: Moment) {
        let turn = self.turn(now);
        self.stripes.mine()[half(turn)].0[class(took)].fetch_add(1, Relaxed);
    }

    /// In which time that many percent are answered, if enough is known.
    pub(super) fn known(&self, now: Moment) -> Option<Duration> {
        let stale = self.stale.load(Relaxed);
        if now.as_nanos() >= stale {
            let next = (now + GOOD_FOR).as_nanos();
            // One finds it out; the others go by what is known.
            if self.stale.compare_exchange(stale, next, AcqRel, Relaxed).is_ok() {
                self.turn(now);
                self.known.store(self.find(), Relaxed);
            }
        }
        let known = self.known.load(Relaxed);
        (known > 0).then(|| Duration::from_nanos(known))
    }

    /// Which half minute it is; whoever first comes in it empties the half that it is counted in.
    fn turn(&self, now: Moment) -> u64 {
        let turn = now.as_nanos() / HALF;
        let before = self.turn.load(Acquire);
        if turn > before && self.turn.compare_exchange(before, turn, AcqRel, Relaxed).is_ok() {
            for stripe in self.stripes.iter() {
                // After more than a whole turn, both are old.
                stripe[half(turn)].clear();
                if turn > before + 1 {
                    stripe[half(turn + 1)].clear();
                }
            }
        }
        turn.max(before)
    }

    /// In nanoseconds; nothing is zero.
    #[cold]
    fn find(&self) -> u64 {
        let count = |class: usize| -> u64 {
            let halves = self.stripes.iter().flatten();
            halves.map(|half| u64::from(half.0[class].load(Relaxed))).sum()
        };
        let counts: [u64; CLASSES] = std::array::from_fn(count);
        let all: u64 = counts.iter().sum();
        if all < ENOUGH {
            return 0;
        }
        let rank = (all * u64::from(self.percent)).div_ceil(100);
        let mut below = 0;
        let reached = |count: &u64| {
            below += count;
            below >= rank
        };
        counts.iter().position(reached).map_or(0, |class| middle(class).saturating_mul(1_000))
    }
}

impl Half {
    fn new() -> Self {
        Self((0..CLASSES).map(|_| AtomicU32::new(0)).collect())
    }

    fn clear(&self) {
        for count in &self.0 {
            count.store(0, Relaxed);
        }
    }
}

fn half(turn: u64) -> usize {
    usize::from(turn % 2 == 1)
}

fn class(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let class = match micros.checked_ilog2() {
        Some(doubling @ SUB..) => {
            let within = usize::try_from(micros >> (doubling - SUB)).unwrap_or(0) % PER_DOUBLING;
            (doubling - SUB + 1) as usize * PER_DOUBLING + within
        }
        _ => usize::try_from(micros).unwrap_or(0),
    };
    class.min(CLASSES - 1)
}

/// The middle of a class, in microseconds.
fn middle(class: usize) -> u64 {
    if class < 2 * PER_DOUBLING {
        return class.max(1) as u64;
    }
    let (doubling, within) = (class / PER_DOUBLING - 1, class % PER_DOUBLING);
    let width = 1_u64 << doubling;
    (PER_DOUBLING + within) as u64 * width + width / 2
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::FIRST + Duration::from_secs(seconds)
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_few_say_nothing() {
        let latency = Latency::new(95);
        (0..99).for_each(|_| latency.record(ms(10), at(100)));
        assert_eq!(latency.known(at(100)), None);
        latency.record(ms(10), at(100));
        assert_eq!(latency.known(at(100)), None, "it is looked at once a second");
        assert!(latency.known(at(101)).is_some());
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let latency = Latency::new(50);
        (0..200).for_each(|_| latency.record(ms(500), at(100)));
        assert!(latency.known(at(110)).unwrap() > ms(400));
        (0..400).for_each(|_| latency.record(ms(10), at(125)));
        assert!(latency.known(at(130)).unwrap() < ms(11));
        // Half a minute later the slow ones are gone, and those of the last one are not.
        (0..100).for_each(|_| latency.record(ms(20), at(155)));
        assert!(latency.known(at(156)).unwrap() < ms(11));
        assert_eq!(latency.known(at(1_000)), None);
    }

    #[test]
    fn extremes_are_borne() {
        let latency = Latency::new(99);
        for took in [Duration::ZERO, Duration::MAX, Duration::from_nanos(1)] {
            (0..100).for_each(|_| latency.record(took, Moment::LAST));
        }
        assert!(latency.known(Moment::LAST).is_some());
    }

    proptest! {
        #[test]
        fn it_is_right_to_within_a_sixteenth(micros in 8_u64..1 << 36) {
            let said = middle(class(Duration::from_micros(micros)));
            prop_assert!(said.abs_diff(micros) * 16 <= micros + 15, "{said} for {micros}");
        }

        #[test]
        fn more_time_is_no_lower_class(one: u64, other: u64) {
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(class(Duration::from_micros(less)) <= class(Duration::from_micros(more)));
        }

        #[test]
        fn a_percentile_is_that_of_the_list(
            mut took in prop::collection::vec(1_u64..10_000_000, 100..400),
            percent in 50_u32..100,
        ) {
            let latency = Latency::new(percent);
            for took in &took {
                latency.record(Duration::from_micros(*took), at(9));
            }
            took.sort_unstable();
            let rank = (took.len() as u64 * u64::from(percent)).div_ceil(100);
            let expected = took[usize::try_from(rank).unwrap() - 1];
            let said = u64::try_from(latency.known(at(10)).unwrap().as_micros()).unwrap();
            prop_assert!(said.abs_diff(expected) * 16 <= expected + 15, "{said} for {expected}");
        }
    }
}
