use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use crate::metrics::{Description, Handle, Recorder};
use crate::sync::parts::atomic::{AtomicBool, Ordering};
use crate::sync::parts::{Lock, OnceLock, RandomState};

/// The value that every label of the overflow series has.
const OTHER: &str = "other";

/// In bytes. Nobody reads a longer one, and what clients send must not fill the memory.
const LONGEST_VALUE: usize = 128;

/// A hash table that only fills up: a slot is written once and then read without any lock.
pub(super) struct Table<H, const N: usize> {
    recorder: Arc<dyn Recorder>,
    metric: Description,
    hasher: RandomState,
    // A power of two, so that a mask finds the place; a third stays empty, so that a search is short.
    slots: Box<[OnceLock<Box<Series<H, N>>>]>,
    // Held while a series is opened. Without the overflow series, which is there from the start.
    opened: Lock<u16>,
    // Set with the last series: who sees it need not ask for the lock.
    is_full: AtomicBool,
    overflow: H,
}

impl<H, const N: usize> Table<H, N> {
    pub(super) fn metric(&self) -> &Description {
        &self.metric
    }
}

impl<H: Handle, const N: usize> Table<H, N> {
    pub(super) fn new(recorder: Arc<dyn Recorder>, metric: Description) -> Self {
        let series = usize::from(metric.max_series()) + 1;
        let table = Self {
            overflow: H::bind(&*recorder, &metric, &[OTHER; N]),
            slots: (0..(series * 3 / 2 + 1).next_power_of_two()).map(|_| OnceLock::new()).collect(),
            is_full: AtomicBool::new(metric.max_series() == 0),
            opened: Lock::new(0),
            hasher: RandomState::default(),
            recorder,
            metric,
        };
        // Whoever says `other` means the overflow, and must not open it twice.
        let hash = table.hash([OTHER; N]);
        table.insert(hash, [OTHER; N], table.overflow.clone());
        table
    }

    pub(super) fn with(&self, values: [&str; N]) -> &H {
        if values.iter().any(|value| value.len() > LONGEST_VALUE) {
            return &self.overflow;
        }
        let hash = self.hash(values);
        // Read before the search: a full table never changes again, so what is not found is not there.
        let is_full = self.is_full.load(Ordering::Acquire);
        match self.find(hash, values) {
            Some(handle) => handle,
            None if is_full => &self.overflow,
            None => self.open(hash, values),
        }
    }

    /// Opens a series, unless another thread did so just now, or took the last place.
    #[cold]
    fn open(&self, hash: u64, values: [&str; N]) -> &H {
        let mut opened = self.opened.lock();
        if let Some(handle) = self.find(hash, values) {
            return handle;
        }
        if *opened == self.metric.max_series() {
            return &self.overflow;
        }
        // Under the lock, so that the recorder never opens more than the table holds.
        let handle = H::bind(&*self.recorder, &self.metric, &values);
        let handle = self.insert(hash, values, handle);
        *opened += 1;
        self.is_full.store(*opened == self.metric.max_series(), Ordering::Release);
        handle
    }

    fn find(&self, hash: u64, values: [&str; N]) -> Option<&H> {
        self.path(hash)
            .map_while(OnceLock::get)
            .find(|series| series.is(hash, values))
            .map(|series| &series.handle)
    }

    /// Only for one thread at a time.
    fn insert(&self, hash: u64, values: [&str; N], handle: H) -> &H {
        let series = Box::new(Series { hash, values: values.map(Box::from), handle });
        match self.path(hash).find(|slot| slot.get().is_none()) {
            Some(slot) => &slot.get_or_init(|| series).handle,
            None => &self.overflow,
        }
    }

    /// The slots in which a series with this hash may be: from its place on, up to the first empty one.
    fn path(&self, hash: u64) -> impl Iterator<Item = &OnceLock<Box<Series<H, N>>>> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low bits are as random as the rest"
        )]
        let start = hash as usize & (self.slots.len() - 1);
        let (before, after) = self.slots.split_at(start);
        after.iter().chain(before)
    }

    fn hash(&self, values: [&str; N]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for value in values {
            value.hash(&mut hasher);
        }
        hasher.finish()
    }
}

struct Series<H, const N: usize> {
    hash: u64,
    values: [Box<str>; N],
    handle: H,
}

impl<H, const N: usize> Series<H, N> {
    fn is(&self, hash: u64, values: [&str; N]) -> bool {
        self.hash == hash && self.values.iter().zip(values).all(|(own, value)| **own == *value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::metrics::{Counter, Gauge, Histogram, Metric};

    /// Counts how often it was asked.
    #[derive(Default)]
    struct Asked(Lock<u32>);

    impl Recorder for Arc<Asked> {
        fn counter(&self, _: &Description, _: &[&str]) -> Counter {
            *self.0.lock() += 1;
            Counter::none()
        }
        fn gauge(&self, _: &Description, _: &[&str]) -> Gauge {
            Gauge::none()
        }
        fn histogram(&self, _: &Description, _: &[&str]) -> Histogram {
            Histogram::none()
        }
    }

    fn table_of_one(asked: &Arc<Asked>) -> Arc<Table<Counter, 1>> {
        let metric = Metric::counter("calls", "").labels(&["method"]).max_series(1);
        Arc::new(Table::new(Arc::new(asked.clone()), *metric.description()))
    }

    #[test]
    fn who_comes_too_late_opens_nothing() {
        let asked = Arc::default();
        let table = table_of_one(&asked);
        let (first, overflow) = (table.with(["GET"]), &table.overflow);

        // As threads do that searched before the first one was done.
        assert!(std::ptr::eq(table.open(table.hash(["GET"]), ["GET"]), first));
        assert!(std::ptr::eq(table.open(table.hash(["PUT"]), ["PUT"]), overflow));
        assert_eq!(*asked.0.lock(), 2, "the overflow and the first");
    }

    #[test]
    fn hit_and_overflow_go_past_the_lock() {
        let table = table_of_one(&Arc::default());
        table.with(["GET"]).increment(1);

        let (done, waiter) = channel();
        let held = table.opened.lock();
        let flood = thread::spawn({
            let table = table.clone();
            move || {
                table.with(["GET"]).increment(1);
                table.with(["BREW"]).increment(1);
                done.send(())
            }
        });
        assert_eq!(waiter.recv_timeout(Duration::from_secs(30)), Ok(()));
        drop(held);
        flood.join().unwrap().unwrap();
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
