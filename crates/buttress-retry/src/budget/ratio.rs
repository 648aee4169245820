mod stripe;

use std::time::Duration;

use buttress_core::clock::{Moment, nanos};
use buttress_core::sync::Striped;

use self::stripe::{PLACES, Stripe, place};
use crate::parts::Lock;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{Acquire, Relaxed, Release};

/// So many repeats for so many calls, in a window that slides.
///
/// Calls are counted by all threads, each in its stripe, into the bucket of the present. What is spent is counted under
/// a lock, as it is by those who failed already. The number of the present bucket only changes under the same lock; and
/// its successor's place is empty before anybody can count into it.
///
/// Where no call has to wait, hardly any looks at the clock, and after a pause the first ones are counted into a bucket
/// that is long over. So each stripe knows how many of its present bucket are of that time; the others go along when it
/// turns, as nobody knows better. No call is forgotten by that, and none counts twice.
#[derive(Debug)]
pub(super) struct Ratio {
    /// Millionths of a repeat that each call brings.
    pub(super) per_call: u64,
    /// Millionths that there are without any call, in a window.
    pub(super) floor: u64,
    /// Millionths that there are without any call, and that the calls to come have to earn.
    advance: u64,
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
/// Of so many calls of a stripe, one looks whether it is time for the next bucket.
const LOOKS: u64 = 64;

#[derive(Debug, Default)]
struct Ledger {
    /// When the first bucket began; whatever comes before the first look at a clock is counted there.
    began: Option<Moment>,
    spent: [u64; PLACES],
    /// Calls that were emptied out, and what was spent, since the beginning.
    calls_before: u64,
    spent_ever: u64,
}

/// What was taken, and from which bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    bucket: u64,
    millionths: u64,
}

impl Ratio {
    /// An advance may be spent in a window in which nothing was yet, if all calls ever made have earned what was spent
    /// before.
    pub(super) fn new(
        per_call: u64,
        floor_per_second: u32,
        window: Duration,
        advance: u64,
    ) -> Self {
        let floor = u128::from(floor_per_second) * window.as_micros();
        Self {
            per_call,
            floor: u64::try_from(floor).unwrap_or(u64::MAX),
            advance,
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
        let before = self.stripes.mine().calls[place(bucket)].fetch_add(1, Relaxed);
        if before % LOOKS == LOOKS - 1 {
            self.look(now());
        }
        bucket
    }

    /// Goes on to the bucket of this moment, if it is not there already.
    #[inline]
    pub(super) fn look(&self, now: Moment) {
        let bucket = self.present.load(Relaxed);
        if now.as_nanos() >= self.ends.load(Relaxed) {
            self.turn(&mut self.ledger.lock(), now);
        } else {
            self.stripes.mine().know(bucket);
        }
    }

    /// Which tenth of a window it is, counted from the first.
    #[inline]
    pub(super) fn tenth(&self) -> u64 {
        self.present.load(Relaxed)
    }

    /// Takes this much, if there is that much; for a call that was counted into this bucket just before, if it was.
    pub(super) fn take(&self, millionths: u64, counted: Option<u64>, now: Moment) -> Option<Spent> {
        let mut ledger = self.ledger.lock();
        self.turn(&mut ledger, now);
        let bucket = self.present.load(Relaxed);
        if counted == Some(bucket) {
            self.stripes.mine().know(bucket);
        }
        if self.available(&ledger, bucket) < i128::from(millionths) {
            return None;
        }
        // What was paid with these calls leaves the window at its time, so they have to as well.
        self.stripes.iter().for_each(|stripe| stripe.know(bucket));
        let spent = &mut ledger.spent[place(bucket)];
        *spent = spent.saturating_add(millionths);
        ledger.spent_ever = ledger.spent_ever.saturating_add(millionths);
        Some(Spent { bucket, millionths })
    }

    /// Gives back what was not sent after all.
    pub(super) fn give_back(&self, spent: Spent) {
        let mut ledger = self.ledger.lock();
        ledger.spent_ever = ledger.spent_ever.saturating_sub(spent.millionths);
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
        let calls = self.calls(|| window(bucket));
        let earned = self.earned(calls) + i128::from(self.floor);
        let spent = ledger.spent_until(bucket);
        let left = earned - i128::from(spent);
        if self.advance == 0 || spent > 0 {
            return left;
        }
        let calls_ever = ledger.calls_before.saturating_add(self.calls(|| 0..PLACES));
        let left_ever = self.earned(calls_ever) - i128::from(ledger.spent_ever);
        left.max(left_ever.min(0) + i128::from(self.advance))
    }

    fn earned(&self, calls: u64) -> i128 {
        i128::from(calls) * i128::from(self.per_call)
    }

    fn calls<I: Iterator<Item = usize>>(&self, places: impl Fn() -> I) -> u64 {
        let of = |stripe: &Stripe| places().map(|at| stripe.calls[at].load(Relaxed)).sum::<u64>();
        self.stripes.iter().map(of).sum()
    }

    /// Only under the lock.
    fn turn(&self, ledger: &mut Ledger, now: Moment) {
        let began = *ledger.began.get_or_insert(now);
        let present = self.present.load(Relaxed);
        let number =
            ((now - began).as_nanos() / u128::from(self.span)).try_into().unwrap_or(present);
        if number > present {
            self.stripes.iter().for_each(|stripe| {
                // From one bucket to the next, a call is no more than that one too early.
                let unknown = if number > present + 1 { stripe.take_unknown(present) } else { 0 };
                for bucket in emptied(present, number) {
                    let calls = stripe.calls[place(bucket)].swap(0, Relaxed);
                    ledger.calls_before = ledger.calls_before.saturating_add(calls);
                }
                if unknown > 0 {
                    stripe.put_unknown(number, unknown);
                }
            });
            emptied(present, number).for_each(|bucket| ledger.spent[place(bucket)] = 0);
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

/// The buckets whose places are emptied when it turns from one to another. The next one was the last time; and one more
/// than there are to count into then, for the next time.
fn emptied(from: u64, to: u64) -> impl Iterator<Item = u64> {
    let last = to + 1;
    (from + 2).max(last.saturating_sub(PLACES as u64 - 1))..=last
}

/// The places of the window that ends with this bucket.
fn window(bucket: u64) -> impl Iterator<Item = usize> {
    (bucket.saturating_sub(WINDOW - 1)..=bucket).map(place)
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
