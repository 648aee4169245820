//! Which keys are worth a look: the table of [`Gcra`](crate::algorithm::gcra::Gcra) has fingerprints only.

use std::cmp::Reverse;

use buttress_core::Key;

use crate::Standing;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::Relaxed;

/// A key that has taken much: see [`Memory::heaviest`](super::Memory::heaviest).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heaviest {
    key: Key,
    standing: Standing,
}

impl Heaviest {
    pub(super) const fn new(key: Key, standing: Standing) -> Self {
        Self { key, standing }
    }

    /// Whose it is.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.key
    }

    /// How it stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// Those that have least left, each once, the heaviest first.
    pub(super) fn of(mut found: Vec<Self>, most: usize) -> Vec<Self> {
        found.sort_unstable_by_key(|Self { key, standing }| {
            (standing.remaining(), Reverse(standing.resets_in()), key.to_bytes())
        });
        found.dedup_by_key(|heavy| heavy.key);
        found.truncate(most);
        found
    }
}

/// How many share a group. Of these, the one that will be rid of its debt first gives way.
const WAYS: usize = 4;

/// How many groups there are at most: what is asked for are tens of keys, not thousands.
const MOST: usize = 256;

/// And at least, as tens of keys are asked for of a small table, too.
const LEAST: usize = 16;

/// Keys that have taken more than half of what they may take at once, as far as there is room.
///
/// They are noted beside the decision, and only when that was worth it: a key that is there already is hardly ever
/// written again. What is torn by threads that write the same place is some key that nobody has; so who reads looks
/// each of them up in the table.
pub(super) struct Heavy(Box<[[Noted; WAYS]]>);

#[derive(Default)]
struct Noted {
    halves: [AtomicU64; 2],
    /// When it stands as if it had never asked, about.
    empty_at: AtomicU64,
}

impl Heavy {
    /// How many bytes a group has.
    pub(super) const GROUP: usize = size_of::<[Noted; WAYS]>();

    /// How many bytes there are beside the smallest table.
    pub(super) const LEAST: usize = LEAST * Self::GROUP;

    /// How many buckets a group stands beside, while there are few.
    pub(super) const BUCKETS: usize = 16;

    /// For a table with so many buckets.
    pub(super) fn beside(buckets: usize) -> Self {
        let groups = (buckets / Self::BUCKETS).clamp(LEAST, MOST);
        Self((0..groups).map(|_| Default::default()).collect())
    }

    /// Notes a key whose debt is over then, if that is worth a write: `step` later than what was noted.
    pub(super) fn note(&self, key: Key, empty_at: u64, step: u64) {
        let halves = key.halves();
        let Some(group) = self.group(halves) else { return };
        let known = |noted: &&Noted| {
            noted.halves.iter().zip(halves).all(|(noted, half)| noted.load(Relaxed) == half)
        };
        let noted = match group.iter().find(known) {
            Some(noted) if empty_at <= noted.empty_at.load(Relaxed).saturating_add(step) => return,
            Some(noted) => noted,
            None => {
                let lightest = group.iter().min_by_key(|noted| noted.empty_at.load(Relaxed));
                let Some(lightest) = lightest else { return };
                if lightest.empty_at.load(Relaxed) >= empty_at {
                    return;
                }
                lightest
            }
        };
        noted.empty_at.store(empty_at, Relaxed);
        noted.halves.iter().zip(halves).for_each(|(noted, half)| noted.store(half, Relaxed));
    }

    /// All keys that were noted, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        let noted = self.0.iter().flatten().filter(|noted| noted.empty_at.load(Relaxed) > 0);
        noted.map(|noted| {
            let mut bytes = [0; 16];
            for (bytes, half) in bytes.chunks_exact_mut(8).zip(&noted.halves) {
                bytes.copy_from_slice(&half.load(Relaxed).to_le_bytes());
            }
            Key::from_bytes(bytes)
        })
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    fn group(&self, [_, half]: [u64; 2]) -> Option<&[Noted; WAYS]> {
        // By other bits than those that choose the second bucket.
        let at = usize::try_from(half >> 8 & 0xff).unwrap_or_default();
        self.0.get(at.checked_rem(self.0.len())?)
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::*;

    #[test]
    fn a_small_table_holds_tens_of_keys() {
        let heavy = Heavy::beside(6);
        let keys: Vec<_> = (1..=40).map(|of| Key::from_bytes([of; 16])).collect();
        for key in &keys {
            heavy.note(*key, 1_000, 10);
        }
        assert_eq!(heavy.keys().filter(|key| keys.contains(key)).count(), keys.len());
    }
}
