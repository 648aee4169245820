//! When something has to be told that nobody is there to tell.

use crate::clock::Moment;
use crate::sync::parts::atomic::{AtomicU64, Ordering};

/// The moment from which on somebody who comes by has something to do; the end of time, if there is nothing.
///
/// What is to be done is noted elsewhere, before the moment is set here: who [takes](Self::take) the moment
/// sees all of it, and what is noted later brings a moment of its own.
pub(crate) struct Due(AtomicU64);

impl Due {
    pub(crate) fn never() -> Self {
        Self(AtomicU64::new(Moment::LAST.as_nanos()))
    }

    /// Whether there will be something to do. One look at a number, as every request asks.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.is_over(Moment::from_nanos(Moment::LAST.as_nanos() - 1))
    }

    /// Whether there is something to do. The same.
    #[inline]
    pub(crate) fn is_over(&self, now: Moment) -> bool {
        self.0.load(Ordering::Relaxed) <= now.as_nanos()
    }

    /// Has it done at `moment`, or earlier.
    pub(crate) fn set(&self, moment: Moment) {
        self.0.fetch_min(moment.as_nanos(), Ordering::Release);
    }

    /// Whether the caller is who has to do it: one alone is.
    pub(crate) fn take(&self, now: Moment) -> bool {
        let due = self.0.load(Ordering::Relaxed);
        let never = Moment::LAST.as_nanos();
        // It is no longer the same if somebody else has taken it, or made it earlier: then the next one does it.
        due <= now.as_nanos()
            && self.0.compare_exchange(due, never, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_moment_counts_and_is_taken_once() {
        let (due, at) = (Due::never(), Moment::from_nanos);
        assert!(!due.is_set() && !due.is_over(at(u64::MAX - 1)) && !due.take(at(9)));
        due.set(at(7));
        due.set(at(8));
        assert!(due.is_set() && !due.is_over(at(6)) && !due.take(at(6)));
        assert!(due.is_over(at(7)) && due.take(at(7)));
        assert!(!due.take(at(7)) && !due.is_set());
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::sync::Arc;

    use buttress_testkit::models::{explore, join, thread};

    use super::*;

    /// Whatever is noted before a moment is set is found by who takes it, or is due once more.
    #[test]
    fn nothing_is_noted_and_then_forgotten() {
        explore(|| {
            let shared = Arc::new((Due::never(), AtomicU64::new(0)));
            let note = |at| {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.1.fetch_add(1, Ordering::Relaxed);
                    shared.0.set(Moment::from_nanos(at));
                })
            };
            // What it finds not to be there it does not look for again, as one finds no line to tell.
            let done = |(due, noted): &(Due, AtomicU64)| {
                let is_mine = due.take(Moment::from_nanos(9));
                if is_mine && noted.load(Ordering::Relaxed) > 0 {
                    return noted.swap(0, Ordering::Relaxed);
                }
                0
            };
            let threads = [note(1), note(2)];
            let first = done(&shared);
            join(threads);
            assert_eq!(first + done(&shared), 2);
        });
    }
}
