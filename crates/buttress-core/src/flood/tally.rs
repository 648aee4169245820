//! Counting in windows of time, without a lock: what decides that there is too much of something.

use std::time::Duration;

use crate::clock::{Moment, nanos};
use crate::sync::parts::atomic::{AtomicU64, Ordering};

/// The number of the window of this length in which `now` is. The numbers wrap around after four thousand
/// million windows.
pub(crate) fn window(now: Moment, length: Duration) -> u32 {
    let length = nanos(length).max(1);
    // The upper half is what wraps around.
    unpack(now.as_nanos() / length).1
}

/// When the window of this length ends in which `now` is.
pub(crate) fn end(now: Moment, length: Duration) -> Moment {
    let length = nanos(length).max(1);
    Moment::from_nanos((now.as_nanos() / length + 1).saturating_mul(length))
}

/// How many there were in the present window: one word, of which the upper half is the window's number.
#[derive(Debug, Default)]
pub(crate) struct Tally(AtomicU64);

/// What a [`Tally`] says of one event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Counted {
    /// How many came before it in its window.
    pub(crate) before: u32,
    /// If it is the first: how many there were in the last window that had any.
    pub(crate) last: u32,
}

/// What was there to be taken of a [`Tally`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Taken {
    /// Not too many.
    Nothing,
    /// Too many, of a window that is not over.
    Later,
    /// So many, which nobody else is told of.
    All(u32),
}

impl Tally {
    /// Counts one event. One that comes late, from a window that is over, counts in the present one.
    pub(crate) fn count(&self, window: u32) -> Counted {
        let turn = |packed| {
            let (at, count) = unpack(packed);
            let next =
                if is_over(at, window) { (window, 1) } else { (at, count.saturating_add(1)) };
            Some(pack(next))
        };
        let packed = match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, turn) {
            Ok(packed) | Err(packed) => packed,
        };
        let (at, count) = unpack(packed);
        if is_over(at, window) {
            Counted { before: 0, last: count }
        } else {
            Counted { before: count, last: 0 }
        }
    }

    /// Takes the count of a window that is over, if there were more than `most`.
    pub(crate) fn take(&self, window: u32, most: u32) -> Taken {
        let turn = |packed| {
            let (at, count) = unpack(packed);
            (count > most && is_over(at, window)).then(|| pack((window, 0)))
        };
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, turn) {
            Ok(packed) => Taken::All(unpack(packed).1),
            Err(packed) if unpack(packed).1 > most => Taken::Later,
            Err(_) => Taken::Nothing,
        }
    }

    /// How many there were in the last window that had any.
    pub(crate) fn last(&self) -> u32 {
        unpack(self.0.load(Ordering::Relaxed)).1
    }
}

/// Whether `window` is later than `at`, on a circle.
fn is_over(at: u32, window: u32) -> bool {
    (1..=u32::MAX / 2).contains(&window.wrapping_sub(at))
}

fn pack((window, count): (u32, u32)) -> u64 {
    u64::from(window) << 32 | u64::from(count)
}

fn unpack(packed: u64) -> (u32, u32) {
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    (half(packed >> 32), half(packed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_window_is_counted_for_itself() {
        let tally = Tally::default();
        assert_eq!(tally.count(7), Counted { before: 0, last: 0 });
        assert_eq!(tally.count(7), Counted { before: 1, last: 0 });
        assert_eq!(tally.count(8), Counted { before: 0, last: 2 });
        assert_eq!(tally.count(7), Counted { before: 1, last: 0 }, "late");
        assert_eq!(tally.count(9), Counted { before: 0, last: 2 });
    }

    #[test]
    fn too_many_are_taken_once_their_window_is_over() {
        let tally = Tally::default();
        assert_eq!(tally.take(7, 0), Taken::Nothing);
        for _ in 0..3 {
            tally.count(7);
        }
        assert_eq!(tally.take(7, 2), Taken::Later);
        assert_eq!(tally.take(8, 3), Taken::Nothing);
        assert_eq!(tally.take(8, 2), Taken::All(3));
        assert_eq!(tally.take(9, 2), Taken::Nothing);
        assert_eq!(tally.count(8), Counted { before: 0, last: 0 }, "told already");
    }

    proptest! {
        /// Whichever way the clock jumps, each event is counted once: in its window, or in a later one.
        #[test]
        fn no_event_is_lost(start: u32, jumps in prop::collection::vec(-5_i32..20, 1..100)) {
            let tally = Tally(AtomicU64::new(pack((start, 0))));
            let (mut window, mut at, mut before) = (start, start, 0);
            for jump in jumps {
                window = window.wrapping_add_signed(jump);
                let expected = if is_over(at, window) {
                    at = window;
                    Counted { before: 0, last: std::mem::take(&mut before) }
                } else {
                    Counted { before, last: 0 }
                };
                prop_assert_eq!(tally.count(window), expected);
                before += 1;
            }
        }
    }

    #[test]
    fn the_circle_closes() {
        let tally = Tally::default();
        for window in [u32::MAX / 2, u32::MAX - 1, u32::MAX, 0, 1] {
            assert_eq!(tally.count(window).before, 0, "{window}");
        }
    }

    #[test]
    fn a_window_has_a_number() {
        let at = |nanos| window(Moment::from_nanos(nanos), Duration::from_nanos(10));
        assert_eq!([at(0), at(9), at(10), at(99)], [0, 0, 1, 9]);
        assert_eq!(window(Moment::LAST, Duration::ZERO), u32::MAX);
        let until = |nanos| end(Moment::from_nanos(nanos), Duration::from_nanos(10)).as_nanos();
        assert_eq!([until(0), until(9), until(10), until(u64::MAX - 1)], [10, 10, 20, u64::MAX]);
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::sync::Arc;

    use buttress_testkit::models::{explore, thread};

    use super::*;

    /// However threads and windows race, each window's count is told once, to who ends it.
    #[test]
    fn each_event_is_counted_once() {
        explore(|| {
            let tally = Arc::new(Tally::default());
            let count = |windows: [u32; 2]| {
                let tally = tally.clone();
                thread::spawn(move || windows.map(|window| tally.count(window)))
            };
            let threads = [count([0, 1]), count([0, 1])];
            let mut counted = vec![tally.count(1)];
            for thread in threads {
                counted.extend(thread.join().unwrap());
            }
            counted.push(tally.count(2));
            assert_eq!(counted.iter().map(|counted| counted.last).sum::<u32>(), 5);
            assert!(counted.iter().filter(|counted| counted.before == 0).count() <= 3);
        });
    }
}
