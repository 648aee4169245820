use std::fmt;
use std::num::NonZero;
use std::ops::Index;
use std::sync::LazyLock;
use std::thread;

use super::place::place;

/// A value for every few threads, so that they do not wait for one another: what is counted is the sum of all.
///
/// Each value is on cache lines of its own. A thread keeps its place for life; places are dealt in turn.
///
/// ```
/// use buttress_core::sync::Striped;
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// let calls = Striped::new(8, AtomicU64::default);
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| calls.mine().fetch_add(1, Relaxed));
///     }
/// });
/// assert_eq!(calls.iter().map(|calls| calls.load(Relaxed)).sum::<u64>(), 4);
/// ```
///
/// # Guarantees
///
/// It has a power of two of values: one at least, and no more than was asked for, than sixteen, or than twice what
/// the machine runs at a time, rounded up. Two threads may share one, so a value is shared state like any other.
///
/// # Cost
///
/// 128 bytes for each value, if it is no larger. [`mine`](Self::mine) is a look at a number of the thread's own.
pub struct Striped<T>(Box<[Apart<T>]>);

/// Two cache lines, because processors fetch them in pairs.
#[repr(align(128))]
struct Apart<T>(T);

/// More would make the sum dear, and share less hardly.
const MOST: usize = 16;

impl<T> Striped<T> {
    /// Makes a value for each stripe, of which there are `most` at most.
    pub fn new(most: usize, mut make: impl FnMut() -> T) -> Self {
        let stripes = power_of_two_within(most.min(*WORTH_HAVING));
        Self((0..stripes).map(|_| Apart(make())).collect())
    }

    /// The value of this thread.
    #[inline]
    #[must_use]
    pub fn mine(&self) -> &T {
        &self[self.here()]
    }

    /// Which of them is this thread's.
    #[inline]
    #[must_use]
    pub fn here(&self) -> usize {
        place() & (self.len() - 1)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|apart| &apart.0)
    }

    /// All of them, with their numbers: this thread's first, then once round.
    pub fn around(&self) -> impl Iterator<Item = (usize, &T)> {
        let (before, mine) = self.0.split_at(self.here());
        let mine = (before.len()..).zip(mine);
        mine.chain((0..).zip(before)).map(|(at, apart)| (at, &apart.0))
    }

    /// How many there are: never none.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Index<usize> for Striped<T> {
    type Output = T;

    /// The one with this number, counted round: there is one for every number.
    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.0[at & (self.0.len() - 1)].0
    }
}

impl<T: fmt::Debug> fmt::Debug for Striped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// As many as can be of use: asked once, because the answer is read from files.
static WORTH_HAVING: LazyLock<usize> = LazyLock::new(|| {
    let at_a_time = thread::available_parallelism().map_or(1, NonZero::get);
    at_a_time.saturating_mul(2).min(MOST).next_power_of_two()
});

/// The largest power of two that is not above `most`; one, if there is none.
const fn power_of_two_within(most: usize) -> usize {
    match most.checked_ilog2() {
        Some(exponent) => 1 << exponent,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_power_of_two_and_never_none() {
        let powers = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, usize::MAX].map(power_of_two_within);
        let top = 1 << (usize::BITS - 1);
        assert_eq!(powers, [1, 1, 2, 2, 4, 4, 8, 8, 16, 16, top]);
        for most in 0..40 {
            let striped = Striped::new(most, || ());
            assert!(striped.len().is_power_of_two());
            assert!(striped.len() <= most.clamp(1, *WORTH_HAVING), "{most}");
        }
        assert!((2..=MOST).contains(&*WORTH_HAVING));
    }

    #[test]
    fn a_round_begins_here_and_meets_each_once() {
        let mut number = 0..;
        let striped = Striped::new(MOST, || number.next().unwrap());
        let check = || {
            let here = striped.here();
            let once_round = (0..striped.len()).map(|step| (here + step) % striped.len());
            let round = striped.around().map(|(at, value)| (at, *value));
            assert!(round.eq(once_round.map(|at| (at, at))));
            assert_eq!(striped.mine(), &striped[here]);
        };
        // Enough that some begin elsewhere than at the first.
        for _ in 0..50 {
            thread::scope(|scope| scope.spawn(check).join().unwrap());
        }
        assert_eq!(striped[striped.len() + 1], striped[1], "counted round");
    }

    #[test]
    fn stripes_share_no_line_of_memory() {
        let striped = Striped::new(MOST, || 0_u8);
        let mut before = None;
        for at in striped.iter().map(|value| (&raw const *value).addr()) {
            assert_eq!(at % 128, 0);
            assert_ne!(before.replace(at), Some(at));
        }
    }

    #[test]
    fn threads_get_places_in_turn() {
        let striped = Striped::new(MOST, || ());
        let here = |_| thread::scope(|scope| scope.spawn(|| striped.here()).join().unwrap());
        // Other tests start threads meanwhile, and take places too: so not all need differ.
        let places: std::collections::HashSet<_> = (0..200).map(here).collect();
        assert_eq!(places.len(), striped.len());
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use buttress_testkit::models::{explore, join, number, thread};

    use super::Striped;
    use crate::sync::deal_stripes_by;

    /// The models of others rest on it: with one stripe for all threads they would not see what two do.
    #[test]
    fn threads_of_a_model_have_stripes_of_their_own() {
        deal_stripes_by(number);
        explore(|| {
            let here = || Striped::new(2, || ()).here();
            let there = join([thread::spawn(here)]);
            assert_eq!((here(), there), (0, [1]));
        });
    }
}
