//! What was refused, until its time: so that a flood does not reach Redis.

use std::num::NonZeroUsize;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;
use buttress_core::sync::Lock;

use crate::room::has_room;
use crate::{Algorithm, Charge, Limit, Retry, Standing};

/// Charges that were refused. As long as nothing is given back, whoever asks for as much is refused until then, so
/// nobody needs to be asked; who asks for more, where it is known how much later there is room for that. It never
/// grows; where there is no room, the one that ends first gives way.
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
    pub(super) fn note(
        &self,
        limit: &Limit,
        charge: &Charge,
        (retry, standing): (Retry, Standing),
        heard: Heard,
    ) {
        let Retry::After(time) = retry else { return };
        let Some(mut bucket) = self.bucket(charge.key()) else { return };
        let Heard { asked, now, at_most } = heard;
        if asked <= bucket.cleared && bucket.cleared > Moment::FIRST {
            return;
        }
        let entry = Entry {
            key: charge.key(),
            policy: charge.policy(),
            cost: charge.cost(),
            until: asked + time.min(at_most),
            over: now + time,
            resets: now + standing.resets_in(),
            remaining: standing.remaining(),
        };
        bucket.put(limit, entry);
    }

    /// Whether a charge is refused for certain, and when there is room for it.
    pub(super) fn look(&self, limit: &Limit, charge: &Charge, now: Moment) -> Option<Remembered> {
        let bucket = self.bucket(charge.key())?;
        let certain =
            bucket.entries.iter().filter(|entry| entry.is_of(charge) && now < entry.until);
        let mut known = certain.filter_map(|entry| {
            let retry = (entry.over - now).saturating_add(later(limit, entry.cost, charge.cost())?);
            let (remaining, resets_in) = (entry.remaining, entry.resets - now);
            Some(Remembered { retry, remaining, resets_in })
        });
        known.next()
    }

    /// Forgets what was refused, as something is given back. What was asked until now does not come back, either.
    pub(super) fn clear(&self, charge: &Charge, now: Moment) {
        let Some(mut bucket) = self.bucket(charge.key()) else { return };
        bucket.cleared = bucket.cleared.max(now);
        let known = bucket.entries.iter_mut().filter(|entry| entry.is_of(charge));
        known.for_each(|entry| entry.until = Moment::FIRST);
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

/// How much later than for what was refused there is room for `cost`; nothing where nobody knows.
fn later(limit: &Limit, refused: u32, cost: u32) -> Option<Duration> {
    let more = cost.checked_sub(refused)?;
    match limit.algorithm() {
        Algorithm::Gcra => Some(Duration::from_nanos(limit.price(more))),
        // With the end of the window, however much it is.
        Algorithm::FixedWindow => Some(Duration::ZERO),
        _ => (more == 0).then_some(Duration::ZERO),
    }
}

impl Bucket {
    /// Of a key there is one for each cost where one says nothing of another, and else the one that came last.
    fn put(&mut self, limit: &Limit, entry: Entry) {
        let is_told = |other: &Entry| other.cost == entry.cost || later(limit, 0, 1).is_some();
        let is_same = |other: &Entry| other.is_like(&entry) && is_told(other);
        let known = self.entries.iter().position(is_same);
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
#[cfg(not(buttress_loom))]
mod tests;
