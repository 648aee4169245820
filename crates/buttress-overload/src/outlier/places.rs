use std::sync::OnceLock;

use super::endpoint::Endpoint;
use crate::parts::atomic::AtomicUsize;
use crate::parts::atomic::Ordering::{Acquire, Release};

/// The endpoints of a set by their numbers. It grows, and what is there never moves: so nobody who looks waits for who
/// adds.
pub(super) struct Places {
    first: Box<[Endpoint]>,
    /// Each of these blocks has twice as many places as the one before.
    more: [OnceLock<Box<[Endpoint]>>; BLOCKS],
    /// How many have been in use.
    len: AtomicUsize,
}

/// More would be no set that anybody goes round.
pub(super) const MOST_ENDPOINTS: usize = 1 << 16;
/// How many there are in the first block that is added.
const BLOCK: usize = 8;
const BLOCKS: usize = (MOST_ENDPOINTS / BLOCK).ilog2() as usize + 1;

impl Places {
    pub(super) fn new(endpoints: usize) -> Self {
        Self {
            first: (0..endpoints).map(|_| Endpoint::used()).collect(),
            more: [const { OnceLock::new() }; BLOCKS],
            len: AtomicUsize::new(endpoints),
        }
    }

    /// How many there are, with those that nobody has any more.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len.load(Acquire)
    }

    #[inline]
    pub(super) fn at(&self, at: usize) -> Option<&Endpoint> {
        self.first.get(at).or_else(|| self.added(at))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        (0..self.len()).filter_map(|at| self.at(at))
    }

    /// Makes room up to this one, under the lock of the roster.
    pub(super) fn grow_to(&self, at: usize) {
        if at < self.len() {
            return;
        }
        let (block, _) = Self::block(at - self.first.len());
        let make = || (0..BLOCK << block).map(|_| Endpoint::vacant()).collect();
        if let Some(block) = self.more.get(block) {
            block.get_or_init(make);
            self.len.store(at + 1, Release);
        }
    }

    #[cold]
    fn added(&self, at: usize) -> Option<&Endpoint> {
        let (block, at) = Self::block(at - self.first.len());
        self.more.get(block)?.get()?.get(at)
    }

    /// In which block it is, and where there.
    fn block(after_first: usize) -> (usize, usize) {
        let block = (after_first / BLOCK + 1).ilog2();
        (block as usize, after_first - BLOCK * ((1 << block) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_place_of_its_own_that_stays() {
        let places = Places::new(3);
        let known: Vec<_> = (0..500)
            .map(|at| {
                places.grow_to(at);
                std::ptr::from_ref(places.at(at).unwrap())
            })
            .collect();
        assert_eq!(places.len(), 500);
        let now: Vec<_> = places.iter().map(std::ptr::from_ref).collect();
        assert_eq!(now, known);
        let mut apart = known;
        apart.sort_unstable();
        apart.dedup();
        assert_eq!(apart.len(), 500);
        for at in [520, MOST_ENDPOINTS, usize::MAX] {
            assert!(places.at(at).is_none(), "{at}");
        }
    }

    #[test]
    fn there_is_room_for_as_many_as_there_may_be() {
        let places = Places::new(1);
        places.grow_to(MOST_ENDPOINTS - 1);
        assert!(places.at(MOST_ENDPOINTS - 1).is_some());
        assert_eq!(Places::block(0), (0, 0));
        assert_eq!(Places::block(7), (0, 7));
        assert_eq!(Places::block(8), (1, 0));
        assert_eq!(Places::block(23), (1, 15));
        assert_eq!(Places::block(24), (2, 0));
    }
}
