use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::Relaxed;

/// Places for buckets, a few more than make a window: what is counted late falls into one that is not used yet.
pub(super) const PLACES: usize = 16;

/// The calls that a few threads have counted.
#[derive(Debug)]
pub(super) struct Stripe {
    pub(super) calls: [AtomicU64; PLACES],
    /// A bucket, and how many of its calls were made while it was the present one: somebody has looked at the clock
    /// since.
    known: AtomicU64,
}

/// The bits of a number of calls that are known; the others say of which bucket, as far as there is room for its
/// number.
const CALLS: u32 = 40;

impl Stripe {
    pub(super) fn new() -> Self {
        Self { calls: std::array::from_fn(|_| AtomicU64::new(0)), known: AtomicU64::new(0) }
    }

    /// This bucket is still the present one, so all are of it that were counted into it.
    #[inline]
    pub(super) fn know(&self, bucket: u64) {
        let calls = self.calls[place(bucket)].load(Relaxed);
        self.known.store(bucket << CALLS | calls, Relaxed);
    }

    /// Takes out those of this bucket of which nobody knows when they were made.
    pub(super) fn take_unknown(&self, bucket: u64) -> u64 {
        let calls = self.calls[place(bucket)].load(Relaxed);
        let (of_bucket, known) = (bucket << CALLS, self.known.load(Relaxed));
        let known = known.checked_sub(of_bucket).filter(|known| known >> CALLS == 0).unwrap_or(0);
        let unknown = calls.saturating_sub(known);
        if unknown > 0 {
            self.calls[place(bucket)].fetch_sub(unknown, Relaxed);
        }
        unknown
    }

    /// Counts them into this bucket, which is to be the present one. From then on they are of that time, and are not
    /// moved again.
    pub(super) fn put_unknown(&self, bucket: u64, calls: u64) {
        self.calls[place(bucket)].fetch_add(calls, Relaxed);
        self.known.store(bucket << CALLS | calls, Relaxed);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "there are sixteen places")]
pub(super) const fn place(bucket: u64) -> usize {
    bucket as usize % PLACES
}
