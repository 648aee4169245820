mod store;
mod stripe;

use buttress_core::clock::Moment;
use buttress_core::sync::Striped;

use self::store::{Apart, Batch, Shape, Shared, Store};
pub(crate) use self::stripe::is_newer;
use self::stripe::{Stripe, count_of, generation_of, pack};
use crate::Over;
use crate::buckets::Buckets;
use crate::counts::Counts;
use crate::parts::Lock;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::ring::Ring;

/// The calls that a rate is of, counted by many threads.
///
/// A success is added to a number of its thread, and what came together there is brought to the [`Store`] that all
/// share: when it is a hundredth of the window or 64, when the time is that of another bucket, or with a failure. So
/// successes that are not there yet are a hundredth of the window at most, and with little traffic there are none. (But
/// for fifteen of a stripe, once, where much traffic has just become little: nobody looks at a clock for each.)
#[derive(Debug)]
pub(crate) struct Window {
    shape: Shape,
    /// Successes are part of it.
    of_all: bool,
    stripes: Striped<Stripe>,
    /// So many successes are brought at once.
    batch: AtomicU64,
    shared: Apart,
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
                (Shape::Calls(Buckets::size(calls), u64::from(calls)), store)
            }
        };
        Self {
            shape,
            of_all,
            stripes: Striped::new(STRIPES, Stripe::default),
            batch: AtomicU64::new(1),
            shared: Apart(Lock::new(Shared { generation: 0, store })),
        }
    }

    /// Counts a call. What is there then, unless it waits to be brought there.
    pub(crate) fn add(
        &self,
        call: Counts,
        generation: u32,
        now: &impl Fn() -> Moment,
    ) -> Option<Counts> {
        if call == Counts::successes(1) {
            return self.add_success(generation, now);
        }
        self.add_with_what_waits(call, generation, now)
    }

    /// The same, for one that succeeds and is not slow.
    #[inline]
    pub(crate) fn add_success(&self, generation: u32, now: &impl Fn() -> Moment) -> Option<Counts> {
        if !self.of_all {
            return None;
        }
        let batch = self.batch.load(Relaxed);
        if batch > 1 {
            return self.wait(batch, generation, now);
        }
        self.add_with_what_waits(Counts::successes(1), generation, now)
    }

    fn add_with_what_waits(
        &self,
        call: Counts,
        generation: u32,
        now: &impl Fn() -> Moment,
    ) -> Option<Counts> {
        let (successes, came) = self.stripes.mine().take(generation);
        self.bring(&Batch { generation, successes, came, last: call, tick: self.tick(now) })
    }

    /// Leaves a success with those of its thread; or brings all of them, if it is time to.
    #[inline]
    fn wait(&self, batch: u64, generation: u32, now: &impl Fn() -> Moment) -> Option<Counts> {
        let stripe = self.stripes.mine();
        let seen = stripe.waiting.load(Acquire);
        let waiting = count_of(seen);
        let is_plain = generation_of(seen) == generation && !waiting.is_multiple_of(LOOKS);
        if is_plain && waiting + 1 < batch && stripe.replace(seen, pack(generation, waiting + 1)) {
            return None;
        }
        self.wait_with_a_look(stripe, batch, generation, now)
    }

    /// The same where somebody has to look what time it is.
    #[cold]
    fn wait_with_a_look(
        &self,
        stripe: &Stripe,
        batch: u64,
        generation: u32,
        now: &impl Fn() -> Moment,
    ) -> Option<Counts> {
        let tick = self.tick(now);
        loop {
            let seen = stripe.waiting.load(Acquire);
            let of = generation_of(seen);
            if is_newer(of, generation) {
                return None;
            }
            let waiting = if of == generation { count_of(seen) } else { 0 };
            let came = stripe.tick.load(Acquire);
            let brings = waiting + 1 >= batch || waiting > 0 && came != tick;
            if waiting == 0 && !brings {
                stripe.tick.store(tick, Release);
            }
            let next = pack(generation, if brings { 0 } else { waiting + 1 });
            if !stripe.replace(seen, next) {
                continue;
            }
            let last = Counts::successes(1);
            let all = Batch { generation, successes: waiting, came, last, tick };
            return if brings { self.bring(&all) } else { None };
        }
    }

    fn bring(&self, batch: &Batch) -> Option<Counts> {
        let mut shared = self.shared.0.lock();
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
        let tick = self.tick(&|| now);
        for stripe in self.stripes.iter() {
            let (successes, came) = stripe.take(generation);
            let last = Counts::default();
            self.bring(&Batch { generation, successes, came, last, tick });
        }
        let shared = self.shared.0.lock();
        if shared.generation == generation { shared.store.sums() } else { Counts::default() }
    }

    /// In which bucket a call is counted now. One of a number of calls need not know what time it is.
    fn tick(&self, now: &impl Fn() -> Moment) -> u64 {
        match self.shape {
            Shape::Time(width) => now().as_nanos() / width,
            Shape::Calls(..) | Shape::Exact => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_calls_needs_no_clock() {
        let clock = || -> Moment { unreachable!("nobody has to look") };
        for (calls, exact) in [(100_000, false), (1_000, true)] {
            let window = Window::new(Over::Calls(calls), true, exact);
            let failed = window.add(Counts::one(true, false), 1, &clock);
            assert_eq!(failed, Some(Counts { calls: 1, failed: 1, slow: 0 }));
            // Enough that some wait for others, where that is allowed.
            let seen = (0..20_000).filter_map(|_| window.add_success(1, &clock)).last();
            assert!(seen.is_some_and(|seen| seen.calls >= 1_000), "{seen:?}");
        }
    }

    #[test]
    fn what_is_written_is_apart() {
        assert_eq!(size_of::<Window>(), 256, "as the page of the machine says");
    }
}
