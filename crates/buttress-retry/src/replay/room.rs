use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes may be kept for repeats: of one call, and of all that are under way.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    per_call: usize,
    overall: usize,
    taken: Arc<AtomicUsize>,
}

impl Room {
    pub(crate) fn new(per_call: usize, overall: usize) -> Self {
        Self { per_call, overall, taken: Arc::new(AtomicUsize::new(0)) }
    }

    /// Whether a body of this length, at least, has to be tried at all.
    pub(super) fn may_hold(&self, length: u64) -> bool {
        usize::try_from(length).is_ok_and(|length| length <= self.per_call)
    }

    /// How many bytes are kept now.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Takes room for a call that has so much already, if there is as much.
    pub(super) fn take(&self, more: usize, already: usize) -> bool {
        if already.saturating_add(more) > self.per_call {
            return false;
        }
        let add = |taken: usize| taken.checked_add(more).filter(|taken| *taken <= self.overall);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_one_and_for_all() {
        let room = Room::new(10, 15);
        assert!(room.take(10, 0) && !room.take(1, 10), "no more for one");
        assert!(!room.take(6, 0) && room.take(5, 0), "no more for all");
        room.give_back(10);
        assert_eq!(room.taken(), 5);
        assert!(room.may_hold(10) && !room.may_hold(11));
    }
}
