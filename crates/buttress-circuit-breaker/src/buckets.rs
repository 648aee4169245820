use std::time::Duration;

use buttress_core::clock::nanos;

use crate::counts::Counts;

/// A window that slides in steps: as many counts as it has buckets, and what they hold together.
///
/// The sum is kept, and what goes is taken from it: so it costs the same whatever was counted.
#[derive(Debug)]
pub(crate) struct Buckets {
    ring: Box<[Counts]>,
    /// The newest.
    at: usize,
    /// The oldest that holds something, where it is of calls.
    oldest: usize,
    /// The number of the newest, where it is of a time.
    tick: u64,
    sums: Counts,
}

/// Into so many a time is cut.
const OF_A_TIME: u64 = 20;
/// Into so many calls are cut, or a few more.
const OF_CALLS: u64 = 40;

impl Buckets {
    /// How long the buckets of a time are, in nanoseconds.
    pub(crate) fn width(time: Duration) -> u64 {
        (nanos(time) / OF_A_TIME).max(1)
    }

    /// How many calls each bucket holds, of so many in all.
    pub(crate) fn size(calls: u32) -> u64 {
        (u64::from(calls) / OF_CALLS).max(1)
    }

    pub(crate) fn of_time() -> Self {
        Self::new(OF_A_TIME)
    }

    pub(crate) fn of_calls(calls: u32) -> Self {
        // And one that is being filled.
        Self::new(u64::from(calls).div_ceil(Self::size(calls)) + 1)
    }

    fn new(count: u64) -> Self {
        let ring = (0..count.max(1)).map(|_| Counts::default()).collect();
        Self { ring, at: 0, oldest: 0, tick: 0, sums: Counts::default() }
    }

    pub(crate) fn sums(&self) -> Counts {
        self.sums
    }

    pub(crate) fn clear(&mut self) {
        self.ring.fill(Counts::default());
        (self.oldest, self.sums) = (self.at, Counts::default());
    }

    /// Lets go what is too old when it is `tick`.
    pub(crate) fn turn_to(&mut self, tick: u64) {
        let steps = tick.saturating_sub(self.tick).min(self.ring.len() as u64);
        for _ in 0..steps {
            self.turn();
        }
        self.tick = self.tick.max(tick);
    }

    /// Counts what happened at `tick`, unless that is too long ago.
    pub(crate) fn add_at(&mut self, tick: u64, counts: Counts) {
        self.turn_to(tick);
        let back = self.tick - tick;
        let buckets = self.ring.len();
        let Some(back) = usize::try_from(back).ok().filter(|back| *back < buckets) else { return };
        let at = (self.at + buckets - back) % buckets;
        self.put(at, counts);
    }

    /// Counts what happened last, where each bucket holds `size` calls, and all of them `most`.
    pub(crate) fn add_calls(&mut self, size: u64, most: u64, mut successes: u64, last: Counts) {
        while successes > 0 {
            let room = self.room(size).min(successes);
            self.put(self.at, Counts::successes(room));
            self.trim(most);
            successes -= room;
        }
        if last.calls > 0 {
            self.room(size);
        }
        self.put(self.at, last);
        self.trim(most);
    }

    /// Lets the oldest go, where there are more than `most`.
    fn trim(&mut self, most: u64) {
        while self.sums.calls > most && self.oldest != self.at {
            let gone = std::mem::take(&mut self.ring[self.oldest]);
            self.sums = self.sums.minus(gone);
            self.oldest = (self.oldest + 1) % self.ring.len();
        }
    }

    /// What the newest bucket can hold: a new one, if it is full.
    fn room(&mut self, size: u64) -> u64 {
        if self.ring[self.at].calls >= size {
            self.turn();
        }
        size - self.ring[self.at].calls
    }

    fn put(&mut self, at: usize, counts: Counts) {
        self.ring[at] = self.ring[at].plus(counts);
        self.sums = self.sums.plus(counts);
    }

    fn turn(&mut self) {
        self.at = (self.at + 1) % self.ring.len();
        if self.oldest == self.at {
            self.oldest = (self.at + 1) % self.ring.len();
        }
        let gone = std::mem::take(&mut self.ring[self.at]);
        self.sums = self.sums.minus(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_of_calls_has_nearly_all_of_them() {
        for calls in 1..5_000 {
            let (size, most) = (Buckets::size(calls), u64::from(calls));
            let mut buckets = Buckets::of_calls(calls);
            for nth in 1..=3 * most {
                buckets.add_calls(size, most, nth % 2, Counts::successes(1 - nth % 2));
                let held = buckets.sums().calls;
                assert!(held <= most && (held == nth || held + size > most), "{held} of {most}");
                assert!(nth != most || held == most, "a minimum of {most} is reached");
            }
            assert!(size == 1 || size * 40 <= most, "one bucket is a fortieth at most");
        }
    }

    proptest! {
        /// Nothing older than the window counts, and nothing younger than 19 of its 20 buckets is left out.
        #[test]
        fn a_window_of_time_slides(steps in prop::collection::vec((0_u64..40, any::<bool>()), 1..300)) {
            let (mut buckets, mut now, mut all) = (Buckets::of_time(), 0, Vec::new());
            for (step, failed) in steps {
                now += step;
                all.push((now, failed));
                buckets.add_at(now / 10, Counts::one(failed, false));
                let within = |time: u64| all.iter().filter(move |(then, _)| now - then < time);
                prop_assert!(buckets.sums().calls <= within(200).count() as u64);
                prop_assert!(buckets.sums().calls >= within(191).count() as u64);
                prop_assert!(buckets.sums().failed <= within(200).filter(|(_, failed)| *failed).count() as u64);
            }
        }

        /// The sums are those of the buckets.
        #[test]
        fn sums_are_sums(adds in prop::collection::vec((0_u64..70, any::<bool>(), any::<bool>()), 0..200), calls in 1_u32..300) {
            let (mut buckets, size) = (Buckets::of_calls(calls), Buckets::size(calls));
            for (successes, failed, slow) in adds {
                buckets.add_calls(size, u64::from(calls), successes, Counts::one(failed, slow));
                let sums = buckets.ring.iter().fold(Counts::default(), |sums, counts| sums.plus(*counts));
                prop_assert_eq!(sums, buckets.sums());
                prop_assert!(buckets.ring.iter().all(|bucket| bucket.calls <= size));
            }
        }

        /// What comes late goes where it belongs, or nowhere.
        #[test]
        fn late_counts_go_to_their_time(late in 0_u64..40) {
            let mut buckets = Buckets::of_time();
            buckets.turn_to(100);
            buckets.add_at(100 - late, Counts::successes(1));
            prop_assert_eq!(buckets.sums().calls, u64::from(late < 20));
            buckets.turn_to(100 - late + 19);
            prop_assert_eq!(buckets.sums().calls, u64::from(late < 20));
            buckets.turn_to(100 - late + 20);
            prop_assert_eq!(buckets.sums().calls, 0);
        }
    }
}
