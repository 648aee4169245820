use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{AcqRel, Acquire};

/// Successes of some threads.
#[derive(Debug, Default)]
pub(super) struct Stripe {
    /// The generation, and how many.
    pub(super) waiting: AtomicU64,
    /// The bucket in which the first of them came.
    pub(super) tick: AtomicU64,
}

impl Stripe {
    #[inline]
    pub(super) fn replace(&self, seen: u64, next: u64) -> bool {
        self.waiting.compare_exchange(seen, next, AcqRel, Acquire).is_ok()
    }

    /// Takes what waits there, if it is of this generation, and the tick of the first.
    pub(super) fn take(&self, generation: u32) -> (u64, u64) {
        loop {
            let seen = self.waiting.load(Acquire);
            let (of, waiting) = (generation_of(seen), count_of(seen));
            if of != generation || waiting == 0 {
                return (0, 0);
            }
            let came = self.tick.load(Acquire);
            if self.replace(seen, pack(of, 0)) {
                return (waiting, came);
            }
        }
    }
}

pub(super) fn pack(generation: u32, count: u64) -> u64 {
    u64::from(generation) << 32 | count
}

#[inline]
pub(super) fn generation_of(word: u64) -> u32 {
    (word >> 32) as u32
}

pub(super) fn count_of(word: u64) -> u64 {
    word & u64::from(u32::MAX)
}

/// Whether `one` began after `other`.
pub(crate) fn is_newer(one: u32, other: u32) -> bool {
    one.wrapping_sub(other).cast_signed() > 0
}
