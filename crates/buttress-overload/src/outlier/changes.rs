use std::fmt;
use std::task::Waker;

use buttress_core::sync::Lock;

use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{Acquire, Release};
use crate::waking::wake;

/// How often it has changed which endpoints are used, and who waits for the next time.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Written under the lock, so that whoever joins has missed none.
    count: AtomicU64,
    waiting: Lock<Waiting>,
}

/// Places are used again, so there are as many as have waited at once.
#[derive(Debug, Default)]
struct Waiting {
    places: Vec<Option<Waker>>,
    spare: Vec<usize>,
}

/// Those who wait, to be woken outside of any lock: a waker is foreign code. Dropping it wakes them, each by itself, so
/// that they are also if somebody panics.
#[must_use = "they are woken when it is dropped"]
pub(super) struct Woken(Vec<Waker>);

/// The place of one who waits. It has to be [given back](Self::leave).
#[derive(Debug, Default)]
pub(super) struct Place(Option<usize>);

impl Changes {
    pub(super) fn count(&self) -> u64 {
        self.count.load(Acquire)
    }

    /// It has changed: what has is to be seen by then.
    pub(super) fn tell(&self) -> Woken {
        let mut waiting = self.waiting.lock();
        self.count.store(self.count() + 1, Release);
        Woken(waiting.places.iter_mut().filter_map(Option::take).collect())
    }
}

impl Place {
    /// Waits for the next change after those that were seen. Says no if that has been already.
    pub(super) fn wait(&mut self, changes: &Changes, seen: u64, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut waiting = changes.waiting.lock();
        if changes.count() != seen {
            return false;
        }
        let at = *self.0.get_or_insert_with(|| waiting.take_place());
        let old = waiting.places[at].replace(waker);
        drop(waiting);
        // The last one of a task drops that.
        drop(old);
        true
    }

    /// Does not wait any more.
    pub(super) fn leave(&mut self, changes: &Changes) {
        let Some(at) = self.0.take() else { return };
        let mut waiting = changes.waiting.lock();
        let waker = waiting.places[at].take();
        waiting.spare.push(at);
        drop(waiting);
        drop(waker);
    }
}

impl Waiting {
    fn take_place(&mut self) -> usize {
        self.spare.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        })
    }
}

impl Drop for Woken {
    fn drop(&mut self) {
        self.0.drain(..).for_each(wake);
    }
}

impl fmt::Debug for Woken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Woken").field(&self.0.len()).finish()
    }
}
