use super::roster::Record;
use crate::parts::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::parts::atomic::{AtomicU32, AtomicU64};

/// What is noted of one endpoint, on cache lines of its own.
#[repr(align(128))]
pub(super) struct Endpoint {
    /// Successes since the last look in the upper half, failures in the lower one.
    record: AtomicU64,
    in_a_row: AtomicU32,
    /// Another one each time it is left out or taken in, comes or goes. It says how it stands, too.
    generation: AtomicU32,
}

/// How the place of an endpoint stands: what is left of its generation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    Used = 0,
    LeftOut = 1,
    /// Nobody has it.
    Vacant = 2,
}

/// From one generation to the next of the same standing.
const STANDINGS: u32 = 4;

const SUCCESS: u64 = 1 << 32;
const FAILURE: u64 = 1;
/// A success looks at the clock only now and then: what is due is also seen by whoever fails, and whoever is left out.
const NOW_AND_THEN: u64 = 16;

impl Endpoint {
    pub(super) fn used() -> Self {
        Self::new(Standing::Used)
    }

    pub(super) fn vacant() -> Self {
        Self::new(Standing::Vacant)
    }

    fn new(standing: Standing) -> Self {
        Self {
            record: AtomicU64::new(0),
            in_a_row: AtomicU32::new(0),
            generation: AtomicU32::new(standing as u32),
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

    #[inline]
    pub(super) fn generation(&self) -> u32 {
        self.generation.load(Acquire)
    }

    #[inline]
    pub(super) fn is(&self, standing: Standing) -> bool {
        self.generation.load(Relaxed) % STANDINGS == standing as u32
    }

    /// Whether what began in this generation says something of who has this place now.
    #[inline]
    pub(super) fn is_of(&self, generation: u32) -> bool {
        self.generation() == generation && generation % STANDINGS != Standing::Vacant as u32
    }

    /// Lets it stand otherwise, and forgets what it did, if that is news; under the lock of the roster.
    pub(super) fn turn(&self, standing: Standing) {
        if !self.is(standing) {
            self.in_a_row.store(0, Relaxed);
            self.record.store(0, Relaxed);
            let next = (self.generation() / STANDINGS).wrapping_add(1).wrapping_mul(STANDINGS);
            self.generation.store(next + standing as u32, Release);
        }
    }

    pub(super) fn drain(&self) -> Record {
        let record = self.record.swap(0, Relaxed);
        let half = |half: u64| u32::try_from(half).unwrap_or(u32::MAX);
        Record { successes: half(record >> 32), failures: half(record & (SUCCESS - 1)) }
    }
}
