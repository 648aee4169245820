use std::time::Duration;

use buttress_core::clock::{Moment, nanos};
use buttress_core::sync::Striped;

use crate::parts::Lock;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{Acquire, Relaxed, Release};

/// So many repeats for so many calls, in a window that slides.
///
/// Calls are counted by all threads, each in its stripe, into the bucket of the present. What is spent is counted under a
/// lock, as it is by those who failed already. The number of the present bucket only changes under the same lock; and its
/// successor's place is empty before anybody can count into it.
#[derive(Debug)]
pub(super) struct Ratio {
    /// Millionths of a repeat that each call brings.
    pub(super) per_call: u64,
    /// Millionths that there are without any call, in a window.
    pub(super) floor: u64,
    /// How long a bucket lasts, in nanoseconds.
    span: u64,
    stripes: Striped<Stripe>,
    present: AtomicU64,
    /// When the present bucket ends, in nanoseconds.
    ends: AtomicU64,
    ledger: Lock<Ledger>,
}

/// Buckets that make a window.
const WINDOW: u64 = 10;
/// Places for them, a few more than that: what is counted late falls into one that is not used yet.
const PLACES: usize = 16;
/// Of so many calls of a stripe, one looks whether it is time for the next bucket.
const LOOKS: u64 = 64;

#[derive(Debug)]
struct Stripe([AtomicU64; PLACES]);

impl Stripe {
    fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

#[derive(Debug, Default)]
struct Ledger {
    /// When the first bucket began; whatever comes before the first look at a clock is counted there.
    began: Option<Moment>,
    spent: [u64; PLACES],
}

/// What was taken, and from which bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    bucket: u64,
    millionths: u64,
}

impl Ratio {
    pub(super) fn new(per_call: u64, floor_per_second: u32, window: Duration) -> Self {
        let floor = u128::from(floor_per_second) * window.as_micros();
        Self {
            per_call,
            floor: u64::try_from(floor).unwrap_or(u64::MAX),
            span: (nanos(window) / WINDOW).max(1),
            stripes: Striped::new(PLACES, Stripe::new),
            present: AtomicU64::new(0),
            ends: AtomicU64::new(0),
            ledger: Lock::new(Ledger::default()),
        }
    }

    /// Counts a call, and says into which bucket.
    #[inline]
    pub(super) fn deposit(&self, now: impl FnOnce() -> Moment) -> u64 {
        // Acquired: the place was emptied before its number was given out.
        let bucket = self.present.load(Acquire);
        let before = self.stripes.mine().0[place(bucket)].fetch_add(1, Relaxed);
        if before % LOOKS == LOOKS - 1 {
            self.look(now());
        }
        bucket
    }

    /// Goes on to the bucket of this moment, if it is not there already.
    #[inline]
    pub(super) fn look(&self, now: Moment) {
        if now.as_nanos() >= self.ends.load(Relaxed) {
            self.turn(&mut self.ledger.lock(), now);
        }
    }

    /// Which tenth of a window it is, counted from the first.
    #[inline]
    pub(super) fn tenth(&self) -> u64 {
        self.present.load(Relaxed)
    }

    /// The same for one that has to wait, and was counted into this bucket just before.
    #[inline]
    pub(super) fn look_after(&self, counted: u64, now: Moment) {
        self.look(now);
        self.count_again(counted, self.present.load(Acquire));
    }

    /// A call that was counted just before came first after a long silence, if nobody knows any more of where that was.
    #[inline]
    fn count_again(&self, counted: u64, bucket: u64) {
        if counted + WINDOW <= bucket {
            self.stripes.mine().0[place(bucket)].fetch_add(1, Relaxed);
        }
    }

    /// Takes this much, if there is that much; for a call that was counted into this bucket just before, if it was.
    pub(super) fn take(&self, millionths: u64, counted: Option<u64>, now: Moment) -> Option<Spent> {
        let mut ledger = self.ledger.lock();
        self.turn(&mut ledger, now);
        let bucket = self.present.load(Relaxed);
        if let Some(counted) = counted {
            self.count_again(counted, bucket);
        }
        if self.available(&ledger, bucket) < i128::from(millionths) {
            return None;
        }
        let spent = &mut ledger.spent[place(bucket)];
        *spent = spent.saturating_add(millionths);
        Some(Spent { bucket, millionths })
    }

    /// Gives back what was not sent after all.
    pub(super) fn give_back(&self, spent: Spent) {
        let mut ledger = self.ledger.lock();
        if spent.bucket + WINDOW > self.present.load(Relaxed) {
            let counted = &mut ledger.spent[place(spent.bucket)];
            *counted = counted.saturating_sub(spent.millionths);
        }
    }

    /// What is left, in millionths; less than nothing while old calls leave the window before their repeats do.
    pub(super) fn left(&self, now: Moment) -> i128 {
        let mut ledger = self.ledger.lock();
        self.turn(&mut ledger, now);
        self.available(&ledger, self.present.load(Relaxed))
    }

    /// Whether something was taken, and there is not this much left.
    pub(super) fn is_used_up(&self, millionths: u64, now: Moment) -> bool {
        let mut ledger = self.ledger.lock();
        self.turn(&mut ledger, now);
        let bucket = self.present.load(Relaxed);
        let is_short = self.available(&ledger, bucket) < i128::from(millionths);
        is_short && ledger.spent_until(bucket) > 0
    }

    fn available(&self, ledger: &Ledger, bucket: u64) -> i128 {
        let calls: u64 = self
            .stripes
            .iter()
            .flat_map(|stripe| window(bucket).map(|at| stripe.0[at].load(Relaxed)))
            .sum();
        let spent = ledger.spent_until(bucket);
        i128::from(calls) * i128::from(self.per_call) + i128::from(self.floor) - i128::from(spent)
    }

    /// Only under the lock.
    fn turn(&self, ledger: &mut Ledger, now: Moment) {
        let began = *ledger.began.get_or_insert(now);
        let present = self.present.load(Relaxed);
        let number =
            ((now - began).as_nanos() / u128::from(self.span)).try_into().unwrap_or(present);
        if number > present {
            // The next one was emptied the last time. One more than there are to count into now, for the next time.
            let last = number + 1;
            for bucket in (present + 2).max(last.saturating_sub(PLACES as u64 - 1))..=last {
                self.stripes.iter().for_each(|stripe| stripe.0[place(bucket)].store(0, Relaxed));
                ledger.spent[place(bucket)] = 0;
            }
            self.present.store(number, Release);
        }
        let ends = began + Duration::from_nanos(self.span.saturating_mul(number.max(present) + 1));
        self.ends.store(ends.as_nanos(), Relaxed);
    }
}

impl Ledger {
    /// What was spent in the window that ends with this bucket.
    fn spent_until(&self, bucket: u64) -> u64 {
        window(bucket).map(|at| self.spent[at]).fold(0, u64::saturating_add)
    }
}

/// The places of the window that ends with this bucket.
fn window(bucket: u64) -> impl Iterator<Item = usize> {
    (bucket.saturating_sub(WINDOW - 1)..=bucket).map(place)
}

#[expect(clippy::cast_possible_truncation, reason = "there are sixteen places")]
const fn place(bucket: u64) -> usize {
    bucket as usize % PLACES
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
