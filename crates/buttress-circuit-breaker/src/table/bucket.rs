use crate::counts::Counts;

/// What happened in a part of a window, in one number: to which part it belongs, and three counts.
///
/// ```text
/// 63…56 generation   55…48 tick   47…32 calls   31…16 failed   15…0 slow
/// ```
///
/// A bucket of another time counts as empty; its slot empties it before those bits come round again. Once it is full,
/// it counts no more, and the rate stays what it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Bucket(u64);

const GENERATION: u32 = 56;
const TICK: u32 = 48;
const CALLS: u32 = 32;
const FAILED: u32 = 16;
const MOST: u64 = 0xFFFF;

impl Bucket {
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn empty(generation: u32, tick: u32) -> Self {
        Self((generation as u64 & 0xFF) << GENERATION | (tick as u64 & 0xFF) << TICK)
    }

    /// Whether it is of that time.
    pub(super) const fn is_of(self, generation: u32, tick: u32) -> bool {
        self.0 >> TICK == Self::empty(generation, tick).0 >> TICK
    }

    /// Whether it is of that generation.
    pub(super) const fn is_of_generation(self, generation: u32) -> bool {
        self.0 >> GENERATION == Self::empty(generation, 0).0 >> GENERATION
    }

    /// What it holds, if it is of that time.
    pub(super) fn counts(self, generation: u32, tick: u32) -> Counts {
        if !self.is_of(generation, tick) {
            return Counts::default();
        }
        let part = |at: u32| self.0 >> at & MOST;
        Counts { calls: part(CALLS), failed: part(FAILED), slow: part(0) }
    }

    /// The same with one more call of that time; nothing, if it belongs to a later one, or is full.
    pub(super) fn plus(self, call: Counts, generation: u32, tick: u32) -> Option<Self> {
        let own = Self::empty(generation, tick);
        let base = if self.is_of(generation, tick) {
            self
        } else if self.is_after(generation, tick) {
            return None;
        } else {
            own
        };
        if [CALLS, FAILED, 0].iter().any(|at| base.0 >> at & MOST == MOST) {
            return None;
        }
        Some(Self(base.0 + (call.calls << CALLS | call.failed << FAILED | call.slow)))
    }

    /// Whether it belongs to a later time. Of nothing counted there is none.
    fn is_after(self, generation: u32, tick: u32) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "eight bits of each are kept")]
        let later = |own: u64, other: u32| (own as u8).wrapping_sub(other as u8).cast_signed();
        if self.0 == 0 {
            return false;
        }
        match later(self.0 >> GENERATION, generation) {
            0 => later(self.0 >> TICK, tick) > 0,
            by => by > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_late_changes_nothing() {
        let bucket = Bucket::empty(3, 7).plus(Counts::one(true, true), 3, 7).unwrap();
        let call = Counts::one(false, false);
        assert_eq!(bucket.plus(call, 2, 7), None, "of an older generation");
        assert_eq!(bucket.plus(call, 3, 6), None, "of an older time");
        let next = bucket.plus(call, 4, 6).unwrap();
        assert_eq!(next.counts(4, 6), call, "of a newer generation");
        assert_eq!(next.counts(3, 7), Counts::default());
    }

    #[test]
    fn a_full_one_counts_no_more() {
        let mut bucket = Bucket::from_bits(0);
        let call = Counts::one(true, true);
        for _ in 0..MOST {
            bucket = bucket.plus(call, 1, 1).unwrap();
        }
        assert_eq!(bucket.plus(call, 1, 1), None);
        let full = Counts { calls: MOST, failed: MOST, slow: MOST };
        assert_eq!(bucket.counts(1, 1), full);
    }

    proptest! {
        /// Counts of one time add up, whatever was there before.
        #[test]
        fn counts_add_up(
            generation: u32, tick: u32, calls in prop::collection::vec(any::<(bool, bool)>(), 0..100),
        ) {
            let (mut bucket, mut sums) = (Bucket::from_bits(0), Counts::default());
            for (failed, slow) in calls {
                let call = Counts::one(failed, slow);
                bucket = bucket.plus(call, generation, tick).unwrap();
                sums = sums.plus(call);
                prop_assert_eq!(bucket.counts(generation, tick), sums);
                prop_assert_eq!(Bucket::from_bits(bucket.bits()), bucket);
            }
        }
    }
}
