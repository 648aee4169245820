use buttress_core::clock::Moment;
use buttress_core::sync::Striped;

use crate::Over;
use crate::buckets::Buckets;
use crate::counts::Counts;
use crate::parts::Lock;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::ring::Ring;

/// The calls that a rate is of, counted by many threads.
///
/// A success is added to a number of its thread, and what came together there is brought to the [`Store`] that all share: when
/// it is a hundredth of the window or 64, when the time is that of another bucket, or with a failure. So successes that are not there yet are a
/// hundredth of the window at most, and with little traffic there are none.
#[derive(Debug)]
pub(crate) struct Window {
    shape: Shape,
    /// Successes are part of it.
    of_all: bool,
    stripes: Striped<Stripe>,
    /// So many successes are brought at once.
    batch: AtomicU64,
    shared: Lock<Shared>,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Nanoseconds of a bucket.
    Time(u64),
    /// Calls of a bucket.
    Calls(u64),
    Exact,
}

/// Successes of some threads.
#[derive(Debug, Default)]
struct Stripe {
    /// The generation, and how many.
    waiting: AtomicU64,
    /// The bucket in which the first of them came.
    tick: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    generation: u32,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Buckets(Buckets),
    Ring(Ring),
}

/// What is brought to the store: successes of before, and what happened now.
struct Batch {
    generation: u32,
    successes: u64,
    came: u64,
    last: Counts,
    tick: u64,
}

const MOST_WAITING: u64 = 64;
/// After so many that wait somebody looks what time it is.
const LOOKS: u64 = 16;
const STRIPES: usize = 16;

impl Window {
    pub(crate) fn new(over: Over, of_all: bool, exact: bool) -> Self {
        let (shape, store) = match over {
            Over::Time(time) => {
                (Shape::Time(Buckets::width(time)), Store::Buckets(Buckets::of_time()))
            }
            Over::Calls(calls) if exact => (Shape::Exact, Store::Ring(Ring::new(calls))),
            Over::Calls(calls) => {
                let store = Store::Buckets(Buckets::of_calls(calls));
                (Shape::Calls(Buckets::size(calls)), store)
            }
        };
        Self {
            shape,
            of_all,
            stripes: Striped::new(STRIPES, Stripe::default),
            batch: AtomicU64::new(1),
            shared: Lock::new(Shared { generation: 0, store }),
        }
    }

    /// Counts a call. What is there then, unless it waits to be brought there.
    pub(crate) fn add(
        &self,
        call: Counts,
        generation: u32,
        now: &impl Fn() -> Moment,
    ) -> Option<Counts> {
        let is_plain = call == Counts::successes(1);
        if is_plain && !self.of_all {
            return None;
        }
        let batch = if is_plain { self.batch.load(Relaxed) } else { 1 };
        let brought =
            if batch > 1 { self.wait(batch, generation, now)? } else { Brought::own(now) };
        let (successes, came) = match brought.waited {
            Some(waited) => waited,
            None => self.take(generation),
        };
        let tick = self.tick(brought.now);
        self.bring(&Batch { generation, successes, came, last: call, tick })
    }

    /// Leaves a success with those of its thread; or comes back with all of them, if it is time to bring them.
    fn wait(&self, batch: u64, generation: u32, now: &impl Fn() -> Moment) -> Option<Brought> {
        let stripe = self.stripes.mine();
        let mut looked = None;
        loop {
            let seen = stripe.waiting.load(Acquire);
            let (of, waiting) = (generation_of(seen), count_of(seen));
            if is_newer(of, generation) {
                return None;
            }
            let waiting = if of == generation { waiting } else { 0 };
            if waiting % LOOKS == 0 && looked.is_none() {
                looked = Some(now());
            }
            let tick = looked.map(|now| self.tick(now));
            let turned = waiting > 0 && tick.is_some_and(|tick| tick != stripe.tick.load(Acquire));
            let brings = turned || waiting + 1 >= batch;
            if waiting == 0 && !brings {
                stripe.tick.store(tick.unwrap_or_default(), Relaxed);
            }
            let next = pack(generation, if brings { 0 } else { waiting + 1 });
            if stripe.waiting.compare_exchange(seen, next, AcqRel, Acquire).is_err() {
                continue;
            }
            if !brings {
                return None;
            }
            let now = looked.unwrap_or_else(now);
            return Some(Brought { waited: Some((waiting, stripe.tick.load(Acquire))), now });
        }
    }

    /// Takes what waits in the stripe of this thread.
    fn take(&self, generation: u32) -> (u64, u64) {
        taken(self.stripes.mine(), generation)
    }

    fn bring(&self, batch: &Batch) -> Option<Counts> {
        let mut shared = self.shared.lock();
        if is_newer(shared.generation, batch.generation) {
            return None;
        }
        shared.begin(batch.generation);
        shared.store.add(self.shape, batch);
        let sums = shared.store.sums();
        drop(shared);
        self.pace(sums);
        Some(sums)
    }

    /// Says how many may wait from now on.
    fn pace(&self, sums: Counts) {
        let stripes = self.stripes.len() as u64;
        let batch = match self.shape {
            Shape::Exact => 1,
            _ => (sums.calls / (100 * stripes)).clamp(1, MOST_WAITING),
        };
        if batch != self.batch.load(Relaxed) {
            self.batch.store(batch, Relaxed);
        }
    }

    /// What it holds, with all that waits.
    pub(crate) fn counts(&self, generation: u32, now: Moment) -> Counts {
        let tick = self.tick(now);
        for stripe in self.stripes.iter() {
            let (successes, came) = taken(stripe, generation);
            let last = Counts::default();
            self.bring(&Batch { generation, successes, came, last, tick });
        }
        let shared = self.shared.lock();
        if shared.generation == generation { shared.store.sums() } else { Counts::default() }
    }

    fn tick(&self, now: Moment) -> u64 {
        match self.shape {
            Shape::Time(width) => now.as_nanos() / width,
            Shape::Calls(_) | Shape::Exact => 0,
        }
    }
}

/// What is to be brought: by a thread that took it from its stripe, or has yet to look there.
struct Brought {
    waited: Option<(u64, u64)>,
    now: Moment,
}

impl Brought {
    fn own(now: &impl Fn() -> Moment) -> Self {
        Self { waited: None, now: now() }
    }
}

impl Shared {
    fn begin(&mut self, generation: u32) {
        if self.generation != generation {
            self.generation = generation;
            self.store.clear();
        }
    }
}

impl Store {
    fn add(&mut self, shape: Shape, batch: &Batch) {
        match (self, shape) {
            (Self::Ring(ring), _) => {
                if batch.last.calls > 0 {
                    ring.push(batch.last.failed > 0, batch.last.slow > 0);
                }
            }
            (Self::Buckets(buckets), Shape::Calls(size)) => {
                buckets.add_calls(size, batch.successes, batch.last);
            }
            (Self::Buckets(buckets), _) => {
                buckets.add_at(batch.came, Counts::successes(batch.successes));
                buckets.add_at(batch.tick, batch.last);
            }
        }
    }

    fn sums(&self) -> Counts {
        match self {
            Self::Buckets(buckets) => buckets.sums(),
            Self::Ring(ring) => ring.sums(),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Buckets(buckets) => buckets.clear(),
            Self::Ring(ring) => ring.clear(),
        }
    }
}

/// Takes what waits there, if it is of this generation.
fn taken(stripe: &Stripe, generation: u32) -> (u64, u64) {
    loop {
        let seen = stripe.waiting.load(Acquire);
        let (of, waiting) = (generation_of(seen), count_of(seen));
        if of != generation || waiting == 0 {
            return (0, 0);
        }
        let came = stripe.tick.load(Acquire);
        if stripe.waiting.compare_exchange(seen, pack(of, 0), AcqRel, Acquire).is_ok() {
            return (waiting, came);
        }
    }
}

fn pack(generation: u32, count: u64) -> u64 {
    u64::from(generation) << 32 | count
}

fn generation_of(word: u64) -> u32 {
    (word >> 32) as u32
}

fn count_of(word: u64) -> u64 {
    word & u64::from(u32::MAX)
}

/// Whether `one` began after `other`.
pub(crate) fn is_newer(one: u32, other: u32) -> bool {
    one.wrapping_sub(other).cast_signed() > 0
}
