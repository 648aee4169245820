use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;
use buttress_core::sync::Lock;

use crate::outbox::{News, Outbox};
use crate::record::{Imposed, InForce, Record, Told};
use crate::room::has_room;
use crate::{Charge, Penalty};

/// Who was refused how often, and who is banned: a table that never grows.
#[derive(Debug)]
pub(crate) struct Bans {
    buckets: Box<[Lock<Bucket>]>,
    /// Those of the policies, by their numbers: what is known of a key is judged by its own.
    penalties: Box<[Option<Penalty>]>,
    /// When the last ban ends, in nanoseconds: until somebody is banned, no request looks any further.
    last_end: AtomicU64,
    /// What other processes of a fleet are to be told.
    pub(crate) outbox: Outbox,
}

/// How many keys share a lock.
const WAYS: usize = 8;

/// How far two refusals at the same time may differ in when there is room: each reads the clock for itself.
const MOMENT: Duration = Duration::from_millis(100);

type Bucket = [Option<Entry>; WAYS];

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    policy: u8,
    record: Record,
}

/// What followed from a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Punished {
    pub(crate) ban: InForce,
    /// Whether it was imposed by this refusal, and not before it.
    pub(crate) is_new: bool,
}

/// What became of a ban that was lifted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifted {
    /// Whether there was one here.
    pub(crate) was_banned: bool,
    /// Whether other processes will hear of it.
    pub(crate) is_told: bool,
}

impl Bans {
    /// Whether there is memory for so many.
    pub(crate) fn fit(keys: usize) -> bool {
        keys.div_ceil(WAYS).checked_mul(size_of::<Lock<Bucket>>()).is_some_and(has_room)
    }

    /// How many keys are watched.
    pub(crate) fn most(&self) -> usize {
        self.buckets.len() * WAYS
    }

    /// Room for so many keys, rounded up to eights.
    pub(crate) fn new(keys: usize, penalties: impl IntoIterator<Item = Option<Penalty>>) -> Self {
        let buckets = (0..keys.div_ceil(WAYS)).map(|_| Lock::new([None; WAYS])).collect();
        let penalties = penalties.into_iter().collect();
        Self { buckets, penalties, last_end: AtomicU64::new(0), outbox: Outbox::of(keys) }
    }

    /// Whether anybody was ever banned: one look at a number, and none at the clock.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.last_end.load(Ordering::Relaxed) > 0
    }

    /// The ban of this key, if one is in force.
    pub(crate) fn banned(&self, policy: u8, key: Key, now: Moment) -> Option<InForce> {
        // It stays, whatever the time is now: a clock that was ahead may come back, and then the ban is in force again.
        if self.last_end.load(Ordering::Relaxed) <= now.as_nanos() {
            return None;
        }
        let mut bucket = self.bucket(key)?.lock();
        let entry = bucket.iter_mut().flatten().find(|entry| entry.is(policy, key))?;
        entry.record.banned(now)
    }

    /// Counts a refusal by a quota that has room again after `wait`; the ban that is in force then, if one is.
    pub(crate) fn refused(&self, charge: &Charge, now: Moment, wait: Duration) -> Option<Punished> {
        let (policy, key) = (charge.policy(), charge.key());
        let penalty = self.penalty(policy)?;
        let mut bucket = self.bucket(key)?.lock();
        let entry = fresh(self.place(&mut bucket, policy, key, now)?, policy, key);
        let room_at = entry.record.room_at();
        let imposed = entry.record.refused(penalty, now, wait);
        if let Some(length) = imposed {
            // Under the lock: who has found this ban finds that there is one.
            self.last_end.fetch_max((now + length).as_nanos(), Ordering::Relaxed);
        }
        let ban = entry.record.banned(now)?;
        // Who was under way, and has to wait longer, is news, too: others tell the client when there is room.
        if imposed.is_some() || entry.record.room_at() > room_at + MOMENT {
            // What others are not told of stays a ban of this process.
            let _ = self.tell(charge, None);
        }
        Some(Punished { ban, is_new: imposed.is_some() })
    }

    /// What other processes are told of this key.
    pub(crate) fn told(&self, policy: u8, key: Key) -> Option<Told> {
        let bucket = self.bucket(key)?.lock();
        bucket.iter().flatten().find(|entry| entry.is(policy, key))?.record.told()
    }

    /// Hears of a ban.
    pub(crate) fn hear(&self, policy: u8, key: Key, imposed: Imposed, now: Moment) {
        let Some(penalty) = self.penalty(policy) else { return };
        let Some(mut bucket) = self.bucket(key).map(Lock::lock) else { return };
        let Some(place) = self.place(&mut bucket, policy, key, now) else { return };
        let entry = fresh(place, policy, key);
        entry.record.hear(penalty, imposed);
        if let Some(ban) = entry.record.banned(now) {
            self.last_end.fetch_max((now + ban.left).as_nanos(), Ordering::Relaxed);
        }
    }

    /// Hears that a ban was lifted. One that has begun since then stays.
    pub(crate) fn hear_lifted(&self, policy: u8, key: Key, at: Moment) {
        let Some(mut bucket) = self.bucket(key).map(Lock::lock) else { return };
        for place in bucket.iter_mut() {
            if place.is_some_and(|entry| entry.is(policy, key) && entry.record.began_until(at)) {
                *place = None;
            }
        }
    }

    /// Forgets what this key was refused. Other processes are told in any case: they may know more.
    pub(crate) fn lift(&self, charge: &Charge, now: Moment) -> Lifted {
        let (policy, key) = (charge.policy(), charge.key());
        let is_told = self.tell(charge, Some(now));
        let entry = self.bucket(key).and_then(|bucket| {
            let mut bucket = bucket.lock();
            let is = |place: &&mut Option<Entry>| place.is_some_and(|entry| entry.is(policy, key));
            bucket.iter_mut().find(is).and_then(Option::take)
        });
        let was_banned = entry.is_some_and(|mut entry| entry.record.banned(now).is_some());
        Lifted { was_banned, is_told }
    }

    /// Everybody who is banned, with the number of the policy.
    pub(crate) fn all(&self, now: Moment) -> Vec<(u8, Key, Duration)> {
        let mut all = Vec::new();
        for bucket in &self.buckets {
            let bucket = *bucket.lock();
            let banned = bucket.into_iter().flatten().filter_map(|mut entry| {
                entry.record.banned(now).map(|ban| (entry.policy, entry.key, ban.left))
            });
            all.extend(banned);
        }
        all
    }

    /// Tells others what has happened to a key, if they know whose it is; whether they hear of it.
    fn tell(&self, charge: &Charge, lifted: Option<Moment>) -> bool {
        let news = News { policy: charge.policy(), key: charge.key(), lifted };
        !charge.is_keyed_here() && self.outbox.put(news)
    }

    fn bucket(&self, key: Key) -> Option<&Lock<Bucket>> {
        let count = NonZeroUsize::new(self.buckets.len())?;
        self.buckets.get(key.shard(count))
    }

    fn penalty(&self, policy: u8) -> Option<&Penalty> {
        self.penalties.get(usize::from(policy))?.as_ref()
    }

    /// Its own place, an empty one, one that nobody needs, or that of whoever would be free first.
    fn place<'a>(
        &self,
        bucket: &'a mut Bucket,
        policy: u8,
        key: Key,
        now: Moment,
    ) -> Option<&'a mut Option<Entry>> {
        let is_over = |entry: &Entry| {
            self.penalty(entry.policy).is_none_or(|penalty| entry.record.is_over(penalty, now))
        };
        let rank = |place: &Option<Entry>| match place {
            Some(entry) if entry.is(policy, key) => (0, Moment::FIRST),
            None => (1, Moment::FIRST),
            Some(entry) if is_over(entry) => (2, Moment::FIRST),
            Some(entry) => (3, entry.record.ends()),
        };
        bucket.iter_mut().min_by_key(|place| rank(place))
    }
}

impl Entry {
    fn is(&self, policy: u8, key: Key) -> bool {
        self.policy == policy && self.key == key
    }
}

/// Whose place it is from now on.
fn fresh(place: &mut Option<Entry>, policy: u8, key: Key) -> &mut Entry {
    if place.is_some_and(|entry| !entry.is(policy, key)) {
        *place = None;
    }
    place.get_or_insert(Entry { key, policy, record: Record::default() })
}

#[cfg(test)]
mod tests;
