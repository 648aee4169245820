use std::time::Duration;

use buttress_core::clock::Moment;
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
        let nanos = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        let floor = u128::from(floor_per_second) * window.as_micros();
        Self {
            per_call,
            floor: u64::try_from(floor).unwrap_or(u64::MAX),
            span: (nanos / WINDOW).max(1),
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

    /// Takes this much, if there is that much, for a call that was counted into this bucket.
    pub(super) fn take(&self, millionths: u64, counted: Option<u64>, now: Moment) -> Option<Spent> {
        let mut ledger = self.ledger.lock();
        self.turn(&mut ledger, now);
        let bucket = self.present.load(Relaxed);
        if counted.is_some_and(|counted| counted + WINDOW <= bucket) {
            // It has taken so long that nobody knows of it any more; or it came first after a long silence.
            self.stripes.mine().0[place(bucket)].fetch_add(1, Relaxed);
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

    fn available(&self, ledger: &Ledger, bucket: u64) -> i128 {
        let oldest = bucket.saturating_sub(WINDOW - 1);
        let buckets = || (oldest..=bucket).map(place);
        let calls: u64 = self
            .stripes
            .iter()
            .flat_map(|stripe| buckets().map(|at| stripe.0[at].load(Relaxed)))
            .sum();
        let spent: u64 = buckets().map(|at| ledger.spent[at]).fold(0, u64::saturating_add);
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

#[expect(clippy::cast_possible_truncation, reason = "there are sixteen places")]
const fn place(bucket: u64) -> usize {
    bucket as usize % PLACES
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::sync::Arc;

    use buttress_testkit::models::{explore, join, thread};

    use super::*;

    fn at(second: u64) -> Moment {
        Moment::from_nanos(3_600_000_000_000 + second * 1_000_000_000)
    }

    /// A repeat for each call, in ten buckets of a second.
    fn ratio() -> Arc<Ratio> {
        let ratio = Ratio::new(1_000_000, 0, Duration::from_secs(10));
        ratio.look(at(0));
        Arc::new(ratio)
    }

    fn spawn<T: 'static>(
        ratio: &Arc<Ratio>,
        what: impl FnOnce(&Ratio) -> T + 'static,
    ) -> thread::JoinHandle<T> {
        let ratio = ratio.clone();
        thread::spawn(move || what(&ratio))
    }

    #[test]
    fn two_takers_one_token() {
        explore(|| {
            let ratio = ratio();
            ratio.deposit(|| at(0));
            let other = spawn(&ratio, |ratio| ratio.take(1_000_000, None, at(0)).is_some());
            let mine = ratio.take(1_000_000, None, at(0)).is_some();
            assert_ne!([mine], join([other]), "one of them has it");
        });
    }

    #[test]
    fn what_is_given_back_is_there_for_one() {
        explore(|| {
            let ratio = ratio();
            ratio.deposit(|| at(0));
            let taken = ratio.take(1_000_000, None, at(0)).unwrap();
            let other = spawn(&ratio, |ratio| ratio.take(1_000_000, None, at(0)).is_some());
            ratio.give_back(taken);
            let mine = ratio.take(1_000_000, None, at(0)).is_some();
            assert_ne!([mine], join([other]), "one of them has it");
        });
    }

    /// It is counted into the old bucket or into the new one; into none that is emptied then.
    #[test]
    fn a_call_is_counted_while_the_bucket_turns() {
        explore(|| {
            let ratio = ratio();
            let other = spawn(&ratio, |ratio| ratio.deposit(|| at(5)));
            ratio.look(at(5));
            join([other]);
            assert_eq!(ratio.left(at(5)), 1_000_000);
            assert_eq!(ratio.left(at(9)), 1_000_000, "for nine seconds at least");
            assert_eq!(ratio.left(at(20)), 0);
        });
    }

    #[test]
    fn two_who_turn_empty_no_bucket_that_is_counted_into() {
        explore(|| {
            let ratio = ratio();
            let other = spawn(&ratio, |ratio| {
                ratio.look(at(40));
                ratio.deposit(|| at(40));
            });
            ratio.look(at(40));
            ratio.deposit(|| at(40));
            join([other]);
            assert_eq!(ratio.left(at(40)), 2_000_000);
        });
    }
}
