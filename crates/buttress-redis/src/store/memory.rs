use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use buttress_core::Key;
use buttress_core::clock::{Clock, SystemClock};
use buttress_core::sync::Lock;

use super::table::{Bucket, WAYS};
use super::{Counted, Window};

/// Counters in the memory of this process. Clones count together.
///
/// Its memory is taken when it is made, and never grows: 32 bytes for each counter, and a lock for eight of them.
/// When there is no room for a new key among the eight where it belongs, one whose window is over gives way, or
/// else the one of which least was counted. A key that was forgotten begins anew, so a total may be too low then, and
/// is never too high.
#[derive(Clone)]
pub struct MemoryCounters {
    shared: Arc<Shared>,
}

struct Shared {
    buckets: Box<[Lock<Bucket>]>,
    clock: Box<dyn Clock>,
}

impl MemoryCounters {
    const CAPACITY: usize = 65_536;

    /// Room for 65,536 counters, in about 2.2 MB.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::CAPACITY)
    }

    /// Room for so many counters, rounded up to eights.
    ///
    /// Keys are spread by chance, so not all of it can be used: with room for four times as many keys as there are, one
    /// key in a thousand finds its eight places taken.
    #[must_use]
    pub fn with_capacity(counters: usize) -> Self {
        Self::with_clock(counters, SystemClock)
    }

    /// The same, with this time.
    #[must_use]
    pub fn with_clock(counters: usize, clock: impl Clock) -> Self {
        let buckets = (0..counters.div_ceil(WAYS).max(1)).map(|_| Lock::new(Bucket::EMPTY));
        let shared = Shared { buckets: buckets.collect(), clock: Box::new(clock) };
        Self { shared: Arc::new(shared) }
    }

    /// For how many counters there is room.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.buckets.len() * WAYS
    }

    /// Counts `by` for `key`, in its window or in a new one of this length. With zero it only looks.
    #[expect(clippy::must_use_candidate, reason = "it counts")]
    pub fn count(&self, key: Key, by: u64, window: Window) -> Counted {
        let Shared { buckets, clock } = &*self.shared;
        let Some(count) = NonZeroUsize::new(buckets.len()) else { return Counted::NOTHING };
        let Some(bucket) = buckets.get(key.shard(count)) else { return Counted::NOTHING };
        bucket.lock().count(key, by, window, clock.now())
    }
}

impl Default for MemoryCounters {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCounters").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}
