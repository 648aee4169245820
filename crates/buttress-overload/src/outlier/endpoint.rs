use super::roster::Record;
use crate::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::parts::atomic::{AtomicU32, AtomicU64};

/// What is noted of one endpoint, on cache lines of its own.
#[repr(align(128))]
pub(super) struct Endpoint {
    /// Successes since the last look in the upper half, failures in the lower one.
    record: AtomicU64,
    in_a_row: AtomicU32,
    /// One more each time it is left out or taken in: odd while it is out.
    generation: AtomicU32,
}

const SUCCESS: u64 = 1 << 32;
const FAILURE: u64 = 1;
/// A success looks at the clock only now and then: what is due is also seen by whoever fails, and whoever is left out.
const NOW_AND_THEN: u64 = 16;

impl Endpoint {
    pub(super) fn new() -> Self {
        Self {
            record: AtomicU64::new(0),
            in_a_row: AtomicU32::new(0),
            generation: AtomicU32::new(0),
        }
    }

    /// Notes a success; whether it is time to look at the clock.
    #[inline]
    pub(super) fn succeeded(&self) -> bool {
        if self.in_a_row.load(Relaxed) != 0 {
            self.in_a_row.store(0, Relaxed);
        }
        let before = self.record.fetch_add(SUCCESS, Relaxed);
        (before / SUCCESS).is_multiple_of(NOW_AND_THEN)
    }

    /// Notes a failure; how many there were in a row.
    pub(super) fn failed(&self) -> u32 {
        self.record.fetch_add(FAILURE, Relaxed);
        self.in_a_row.fetch_add(1, Relaxed).saturating_add(1)
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation.load(Acquire)
    }

    pub(super) fn is_left_out(&self) -> bool {
        self.generation.load(Relaxed) % 2 == 1
    }

    /// Leaves it out, or takes it in, if it is not; under the lock of the roster.
    pub(super) fn turn(&self, out: bool) {
        if self.is_left_out() != out {
            self.in_a_row.store(0, Relaxed);
            self.record.store(0, Relaxed);
            self.generation.fetch_add(1, AcqRel);
        }
    }

    pub(super) fn drain(&self) -> Record {
        let record = self.record.swap(0, Relaxed);
        let half = |half: u64| u32::try_from(half).unwrap_or(u32::MAX);
        Record { successes: half(record >> 32), failures: half(record & (SUCCESS - 1)) }
    }
}
