use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::Relaxed;

/// What happened to keys for which there was no room. On lines of its own: what stands beside it is read for each
/// decision, and a flood of new keys, which is counted here, would take it away from all other threads each time.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Tally {
    pub(super) forgotten: Count,
    pub(super) refused: Count,
    pub(super) uncounted: Count,
}

#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn up(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// How full the table of a policy is, and what that has led to so far.
///
/// See [`Memory`](super::Memory) for an example.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    pub(super) places: usize,
    pub(super) live: usize,
    pub(super) bytes: usize,
    pub(super) forgotten: u64,
    pub(super) refused: u64,
    pub(super) uncounted: u64,
}

/// So many places are looked at: of keys that are spread by chance they tell how many there are in all.
pub(super) const SAMPLE: usize = 65_536;

/// And so many by a probe, which nobody waits for, but which comes often, and stands in the way of what else its thread
/// has to do: a log of a thousand bytes a key would be 64 MB to read each time.
pub(super) const GLANCE: usize = 4_096;

/// How many are live in all parts of a table, if there are so many in those that were looked at.
pub(super) fn in_all(live: usize, looked: usize, all: usize) -> usize {
    if looked >= all {
        return live;
    }
    // Both fit: there is no table of more than 2^64 places.
    let scaled = (live as u128 * all as u128).div_ceil(looked.max(1) as u128);
    usize::try_from(scaled).unwrap_or(usize::MAX)
}

impl Usage {
    pub(super) fn of(tally: &Tally) -> Self {
        let (forgotten, refused) = (tally.forgotten.get(), tally.refused.get());
        Self { forgotten, refused, uncounted: tally.uncounted.get(), ..Self::default() }
    }

    /// How many keys it could hold if they were spread evenly.
    #[must_use]
    pub const fn places(&self) -> usize {
        self.places
    }

    /// How many keys it holds that do not stand as if they had never asked: in a table of more than 65,536 places about
    /// so many, [as said](super::Memory::usage).
    #[must_use]
    pub const fn live(&self) -> usize {
        self.live
    }

    /// How much memory it takes, whatever it holds.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How often a key was forgotten for a newcomer.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How often a newcomer was refused, as there was no room.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// How often something was not counted, as there was no room.
    #[must_use]
    pub const fn uncounted(&self) -> u64 {
        self.uncounted
    }
}
