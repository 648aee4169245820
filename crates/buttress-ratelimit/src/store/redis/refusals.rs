//! What was refused, until its time: so that a flood does not reach Redis.

use std::num::NonZeroUsize;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;
use buttress_core::sync::Lock;

use crate::room::has_room;
use crate::{Charge, Retry, Standing};

/// Charges that were refused. As long as nothing is given back, whoever asks for as much or more is refused until
/// then: so nobody needs to be asked. It never grows; where there is no room, the one that ends first gives way.
#[derive(Debug)]
pub(super) struct Refusals {
    buckets: Box<[Lock<Bucket>]>,
}

/// How many share a bucket, and its lock.
const WAYS: usize = 8;

#[derive(Debug)]
struct Bucket {
    entries: [Entry; WAYS],
    /// When something was given back last: what was asked before is not remembered after.
    cleared: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    policy: u8,
    cost: u32,
    /// Until then it is certain.
    until: Moment,
    /// Then it is over for certain: later by as much as asking took.
    over: Moment,
    resets: Moment,
    remaining: u32,
}

/// A refusal as it was remembered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Remembered {
    pub(super) retry: Duration,
    pub(super) remaining: u32,
    pub(super) resets_in: Duration,
}

/// When a refusal was asked for, and when it came; and for how long it may be believed, at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) asked: Moment,
    pub(super) now: Moment,
    pub(super) at_most: Duration,
}

/// For how long that is where another process may give back at any time what this one was refused for.
pub(super) const BRIEFLY: Duration = Duration::from_secs(1);

impl Refusals {
    /// Whether there is memory for so many.
    pub(super) fn fit(keys: usize) -> bool {
        keys.div_ceil(WAYS).checked_mul(size_of::<Lock<Bucket>>()).is_some_and(has_room)
    }

    /// Room for so many, rounded up to eights.
    pub(super) fn new(keys: usize) -> Self {
        let nobody = Entry {
            key: Key::from_bytes([0; 16]),
            policy: 0,
            cost: 0,
            until: Moment::FIRST,
            over: Moment::FIRST,
            resets: Moment::FIRST,
            remaining: 0,
        };
        let bucket = || Lock::new(Bucket { entries: [nobody; WAYS], cleared: Moment::FIRST });
        Self { buckets: (0..keys.div_ceil(WAYS)).map(|_| bucket()).collect() }
    }

    /// Remembers that a charge was refused. It was decided at some time between asking and hearing, so it is certain as
    /// long as if it had been decided at once, and over as if it had just been decided.
    pub(super) fn note(&self, charge: &Charge, retry: Retry, standing: Standing, heard: Heard) {
        let Retry::After(time) = retry else { return };
        let Some(mut bucket) = self.bucket(charge.key()) else { return };
        let Heard { asked, now, at_most } = heard;
        if asked <= bucket.cleared && bucket.cleared > Moment::FIRST {
            return;
        }
        bucket.put(Entry {
            key: charge.key(),
            policy: charge.policy(),
            cost: charge.cost(),
            until: asked + time.min(at_most),
            over: now + time,
            resets: now + standing.resets_in(),
            remaining: standing.remaining(),
        });
    }

    /// Whether a charge is refused for certain.
    pub(super) fn look(&self, charge: &Charge, now: Moment) -> Option<Remembered> {
        let bucket = self.bucket(charge.key())?;
        let entry = bucket.entries.iter().find(|entry| entry.is_of(charge))?;
        let is_certain = charge.cost() >= entry.cost && now < entry.until;
        is_certain.then(|| Remembered {
            retry: entry.over - now,
            remaining: entry.remaining,
            resets_in: entry.resets - now,
        })
    }

    /// Forgets what was refused, as something is given back. What was asked until now does not come back, either.
    pub(super) fn clear(&self, charge: &Charge, now: Moment) {
        let Some(mut bucket) = self.bucket(charge.key()) else { return };
        bucket.cleared = bucket.cleared.max(now);
        if let Some(entry) = bucket.entries.iter_mut().find(|entry| entry.is_of(charge)) {
            entry.until = Moment::FIRST;
        }
    }

    /// The same for all of them, as the limits are others now.
    pub(super) fn clear_all(&self, now: Moment) {
        for bucket in &self.buckets {
            let mut bucket = bucket.lock();
            bucket.cleared = bucket.cleared.max(now);
            bucket.entries.iter_mut().for_each(|entry| entry.until = Moment::FIRST);
        }
    }

    fn bucket(&self, key: Key) -> Option<impl std::ops::DerefMut<Target = Bucket>> {
        let count = NonZeroUsize::new(self.buckets.len())?;
        Some(self.buckets.get(key.shard(count))?.lock())
    }
}

impl Bucket {
    fn put(&mut self, entry: Entry) {
        let known = self.entries.iter().position(|other| other.is_like(&entry));
        let first_to_end = || {
            let ends = self.entries.iter().enumerate().min_by_key(|(_, entry)| entry.until);
            ends.map_or(0, |(place, _)| place)
        };
        let place = known.unwrap_or_else(first_to_end);
        if let Some(place) = self.entries.get_mut(place) {
            *place = entry;
        }
    }
}

impl Entry {
    fn is_of(&self, charge: &Charge) -> bool {
        self.key == charge.key() && self.policy == charge.policy()
    }

    fn is_like(&self, other: &Self) -> bool {
        self.key == other.key && self.policy == other.policy
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Source;

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    fn charge(of: u8, cost: u32) -> Charge {
        Charge::new(of / 16, Key::from_bytes([of; 16]), cost)
    }

    fn note(refusals: &Refusals, charge: Charge, millis: u64, asked: u64, now: u64) {
        let standing = Standing::new(1, Duration::from_millis(2 * millis), Source::Store);
        let heard = Heard { asked: at(asked), now: at(now), at_most: Duration::MAX };
        refusals.note(&charge, Retry::After(Duration::from_millis(millis)), standing, heard);
    }

    #[test]
    fn certain_from_when_it_was_asked_and_over_from_when_it_was_heard() {
        let refusals = Refusals::new(8);
        note(&refusals, charge(1, 3), 100, 50, 60);
        let seen = refusals.look(&charge(1, 3), at(149)).unwrap();
        assert_eq!((seen.retry, seen.remaining), (Duration::from_millis(11), 1));
        assert_eq!(seen.resets_in, Duration::from_millis(111));
        assert_eq!(refusals.look(&charge(1, 3), at(150)), None, "it might be admitted now");
        assert!(refusals.look(&charge(1, 4), at(70)).is_some(), "more is refused as well");
        assert_eq!(refusals.look(&charge(1, 2), at(70)), None, "less might not be");
        assert_eq!(refusals.look(&charge(2, 3), at(70)), None, "nor another key");
    }

    #[test]
    fn what_was_asked_before_something_came_back_is_not_remembered_after() {
        let refusals = Refusals::new(8);
        note(&refusals, charge(1, 1), 100, 50, 60);
        refusals.clear(&charge(1, 1), at(70));
        assert_eq!(refusals.look(&charge(1, 1), at(71)), None);
        note(&refusals, charge(1, 1), 100, 65, 75);
        assert_eq!(refusals.look(&charge(1, 1), at(76)), None, "asked before, heard after");
        note(&refusals, charge(1, 1), 100, 71, 77);
        assert!(refusals.look(&charge(1, 1), at(78)).is_some());
    }

    #[test]
    fn what_has_no_time_is_not_remembered_and_without_room_nothing_is() {
        let refusals = Refusals::new(8);
        let heard = Heard { asked: at(1), now: at(2), at_most: Duration::MAX };
        let standing = Standing::default();
        refusals.note(&charge(1, 1), Retry::Unknown, standing, heard);
        refusals.note(&charge(1, 1), Retry::Never, standing, heard);
        assert_eq!(refusals.look(&charge(1, 1), at(2)), None);
        let none = Refusals::new(0);
        note(&none, charge(1, 1), 100, 1, 2);
        none.clear(&charge(1, 1), at(3));
        assert_eq!(none.look(&charge(1, 1), at(2)), None);
    }

    proptest! {
        /// However many there are, nobody is refused who was not, and those that end last are kept.
        #[test]
        fn it_never_invents(notes in prop::collection::vec((any::<u8>(), 1_u64..100), 0..60)) {
            let refusals = Refusals::new(8);
            let mut model = std::collections::HashMap::new();
            for (of, millis) in notes {
                note(&refusals, charge(of, 1), millis, 10, 11);
                model.insert(of, millis);
            }
            for of in 0..=u8::MAX {
                let seen = refusals.look(&charge(of, 1), at(20)).map(|seen| seen.retry);
                let over = model.get(&of).map(|millis| Duration::from_millis(millis + 11));
                let expected = over.map(|over| over.saturating_sub(Duration::from_millis(20)));
                prop_assert!(seen.is_none() || seen == expected);
            }
        }
    }
}
