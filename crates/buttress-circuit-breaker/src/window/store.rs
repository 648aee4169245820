use crate::buckets::Buckets;
use crate::counts::Counts;
use crate::parts::Lock;
use crate::ring::Ring;

/// How the calls are cut.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Nanoseconds of a bucket.
    Time(u64),
    /// Calls of a bucket, and of all.
    Calls(u64, u64),
    Exact,
}

/// What all threads share: apart from what each of them reads, which a write beside it would take from them.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Apart(pub(super) Lock<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) generation: u32,
    pub(super) store: Store,
}

#[derive(Debug)]
pub(super) enum Store {
    Buckets(Buckets),
    Ring(Ring),
}

/// What is brought to the store: successes of before, and what happened now.
pub(super) struct Batch {
    pub(super) generation: u32,
    pub(super) successes: u64,
    pub(super) came: u64,
    pub(super) last: Counts,
    pub(super) tick: u64,
}

impl Shared {
    pub(super) fn begin(&mut self, generation: u32) {
        if self.generation != generation {
            self.generation = generation;
            self.store.clear();
        }
    }
}

impl Store {
    pub(super) fn add(&mut self, shape: Shape, batch: &Batch) {
        match (self, shape) {
            (Self::Ring(ring), _) => {
                if batch.last.calls > 0 {
                    ring.push(batch.last.failed > 0, batch.last.slow > 0);
                }
            }
            (Self::Buckets(buckets), Shape::Calls(size, most)) => {
                buckets.add_calls(size, most, batch.successes, batch.last);
            }
            (Self::Buckets(buckets), _) => {
                buckets.add_at(batch.came, Counts::successes(batch.successes));
                buckets.add_at(batch.tick, batch.last);
            }
        }
    }

    pub(super) fn sums(&self) -> Counts {
        match self {
            Self::Buckets(buckets) => buckets.sums(),
            Self::Ring(ring) => ring.sums(),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Buckets(buckets) => buckets.clear(),
            Self::Ring(ring) => ring.clear(),
        }
    }
}
