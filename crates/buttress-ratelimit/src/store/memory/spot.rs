//! Where a key belongs.

use buttress_core::Key;
use buttress_core::clock::Moment;

use super::bucket::{Bucket, Place};

/// The first bucket of a key, by one half of it.
#[inline]
pub(super) fn first(buckets: &[Bucket], key: Key) -> Option<&Bucket> {
    let [half, _] = key.halves();
    buckets.get(share(half, buckets.len()))
}

/// 32 bits of the key that say nothing about its buckets; never zero, which is nobody's.
#[inline]
pub(super) fn print(key: Key) -> u32 {
    let [_, half] = key.halves();
    u32::try_from(half >> 32).unwrap_or(1).max(1)
}

/// Which of `count` a number belongs to, by its upper bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "it is below `count`")]
fn share(number: u64, count: usize) -> usize {
    ((u128::from(number) * count as u128) >> 64) as usize
}

/// Where a key may be: in its first bucket, or in the second if the first was as good as full when it came.
pub(super) struct Spot<'a> {
    pub(super) first: &'a Bucket,
    pub(super) second: &'a Bucket,
    pub(super) print: u32,
}

/// Room for a newcomer.
pub(super) enum Vacancy<'a> {
    Free(Place<'a>),
    /// None: this key would lose least.
    Full(Place<'a>),
    /// All places are changing hands.
    Unclear,
}

impl<'a> Spot<'a> {
    pub(super) fn of(buckets: &'a [Bucket], key: Key) -> Option<Self> {
        let [_, half] = key.halves();
        let second = buckets.get(share(half << 32, buckets.len()))?;
        Some(Self { first: first(buckets, key)?, second, print: print(key) })
    }

    pub(super) fn find(&self) -> Option<Place<'a>> {
        self.first.find(self.print).or_else(|| self.second.find(self.print))
    }

    /// In the first bucket; in the second if the first has but one place left, and the second has three. Of those that
    /// are free the one that has been for longest, or else keys that ask now and then would take each other's places
    /// while others stay empty.
    pub(super) fn vacancy(&self, now: Moment) -> Vacancy<'a> {
        let is_free = |place: &Place<'_>| place.seen() <= now.as_nanos();
        let [first, second] = [self.first, self.second].map(|bucket| {
            let free = || bucket.places().filter(is_free);
            (free().min_by_key(Place::seen), free().count())
        });
        let place = match (first, second) {
            ((Some(place), 2..), _) | ((Some(place), _), (_, ..3)) => Some(place),
            ((_, _), (place, _)) => place,
        };
        let least = || self.first.places().chain(self.second.places()).min_by_key(Place::seen);
        match place.map(Vacancy::Free).or_else(|| least().map(Vacancy::Full)) {
            Some(vacancy) => vacancy,
            None => Vacancy::Unclear,
        }
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::super::bucket::PLACES;
    use super::*;

    /// Keys that are over whenever they come back: as long as there are places, each keeps its own.
    #[test]
    fn who_asks_now_and_then_keeps_its_place() {
        let buckets = [Bucket::default()];
        let keys = || (1..).take(PLACES).map(|of| Key::from_bytes([of; 16]));
        for (key, now) in keys().chain(keys()).chain(keys()).zip(1..) {
            let (spot, now) = (Spot::of(&buckets, key).unwrap(), Moment::from_nanos(now * 10));
            if spot.find().is_none() {
                let Vacancy::Free(place) = spot.vacancy(now) else { panic!("all are over") };
                assert!(place.give_to(spot.print, now.as_nanos() + 1));
            }
        }
        assert!(keys().all(|key| Spot::of(&buckets, key).unwrap().find().is_some()));
    }
}
