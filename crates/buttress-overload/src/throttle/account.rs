use std::time::Duration;

use buttress_core::clock::{Clock, Moment};

use super::book::{Book, Tally};
use crate::Priority;
use crate::parts::atomic::Ordering::Relaxed;
use crate::parts::atomic::{AtomicU32, AtomicU64};
use crate::parts::{Lock, Striped};

/// What is tallied by many threads, and what follows from it.
///
/// Each thread notes on a slip of its own, and enters it into the one book when it is full. Slips are short where
/// little happens: what is on none of the pages yet is a hundredth of what is. With a page all slips end, so that what
/// stands on them is never taken for younger than it is.
pub(super) struct Account {
    /// Requests in the upper half, accepts in the lower one.
    slips: Striped<AtomicU64>,
    /// How many requests fill a slip.
    full: AtomicU32,
    book: Lock<Book>,
    times: [f64; CLASSES],
    /// How likely a call is turned away, in parts of 2^32.
    odds: [AtomicU32; CLASSES],
    /// Until when that is so: the end of the newest page, in nanoseconds.
    until: AtomicU64,
}

const CLASSES: usize = Priority::ALL.len();
const STRIPES: usize = 16;
const LONGEST: u64 = 64;
const REQUEST: u64 = 1 << 32;
const ACCEPT: u64 = 1;

impl Account {
    pub(super) fn new(window: Duration, times: [f64; CLASSES]) -> Self {
        Self {
            slips: Striped::new(STRIPES, || AtomicU64::new(0)),
            full: AtomicU32::new(1),
            book: Lock::new(Book::new(window)),
            times,
            odds: std::array::from_fn(|_| AtomicU32::new(0)),
            until: AtomicU64::new(0),
        }
    }

    /// How likely a call of this priority is turned away.
    #[inline]
    pub(super) fn odds(&self, priority: Priority, clock: &dyn Clock) -> f64 {
        let odds = || f64::from(self.odds[priority.rank()].load(Relaxed)) / WHOLE;
        if odds() > 0.0 {
            self.look(clock.recent());
        }
        odds()
    }

    /// What was known may be over, though nothing has come since.
    fn look(&self, now: Moment) {
        if now.as_nanos() >= self.until.load(Relaxed) {
            self.enter(0, 0, now);
        }
    }

    /// A request has ended: it was accepted, or it was not.
    #[inline]
    pub(super) fn note(&self, accepted: bool, clock: &dyn Clock) {
        let note = REQUEST + if accepted { ACCEPT } else { 0 };
        let slip = self.slips.mine();
        let noted = slip.fetch_add(note, Relaxed).wrapping_add(note);
        if noted >> 32 >= u64::from(self.full.load(Relaxed)) {
            // Whatever others note meanwhile is on the next one.
            self.enter(slip.swap(0, Relaxed), note, clock.recent());
        }
    }

    /// Enters a slip, of which the last note was made now. Seldom where much happens, and then nobody else is there.
    #[cold]
    fn enter(&self, slip: u64, last: u64, now: Moment) {
        let mut book = self.book.lock();
        let before = tally(slip).minus(tally(last));
        let last = tally(slip).minus(before);
        book.amend(before);
        if book.is_over(now) {
            self.slips.iter().for_each(|slip| book.amend(tally(slip.swap(0, Relaxed))));
        }
        let sum = book.enter(last, now);
        for (odds, times) in self.odds.iter().zip(self.times) {
            odds.store(in_parts(sum.odds(times)), Relaxed);
        }
        let full = sum.requests / (100 * self.slips.len() as u64);
        self.full.store(u32::try_from(full.clamp(1, LONGEST)).unwrap_or(1), Relaxed);
        self.until.store(book.ends(), Relaxed);
        drop(book);
    }
}

const fn tally(slip: u64) -> Tally {
    Tally { requests: slip >> 32, accepts: slip & (REQUEST - 1) }
}

const WHOLE: f64 = 4_294_967_296.0;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn in_parts(odds: f64) -> u32 {
    (odds * WHOLE) as u32
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use buttress_core::clock::ManualClock;

    use super::*;

    #[test]
    fn what_is_not_entered_yet_is_a_hundredth() {
        let clock = ManualClock::new();
        let account = Account::new(Duration::from_secs(30), [2.0; 4]);
        (0..1_000).for_each(|_| account.note(true, &clock));
        assert!(account.odds(Priority::Normal, &clock) < 1e-9);
        (0..3_000).for_each(|_| account.note(false, &clock));
        // 4,000 requests, of which 1,000 were accepted: exactly it would be one half.
        assert!((account.odds(Priority::Normal, &clock) - 0.5).abs() < 0.01);
    }

    #[test]
    fn threads_lose_nothing() {
        let clock = ManualClock::new();
        let account = Account::new(Duration::from_secs(30), [1.0; 4]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|at| account.note(at % 4 == 0, &clock)));
            }
        });
        let odds = account.odds(Priority::Critical, &clock);
        assert!((odds - 0.75).abs() < 0.01, "{odds}");
    }
}
