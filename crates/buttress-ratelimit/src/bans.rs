use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;
use buttress_core::sync::Lock;

use crate::Penalty;
use crate::penalty::Record;
use crate::room::has_room;

/// Who was refused how often, and who is banned: a table that never grows.
#[derive(Debug)]
pub(crate) struct Bans {
    buckets: Box<[Lock<Bucket>]>,
    /// When the last ban ends, in nanoseconds: as long as nobody is banned, no request looks any further.
    last_end: AtomicU64,
}

/// How many keys share a lock.
const WAYS: usize = 8;

type Bucket = [Option<Entry>; WAYS];

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    policy: u8,
    record: Record,
}

/// A ban that is in force: what [`RateLimit::bans`](crate::RateLimit::bans) lists.
///
/// ```
/// # use buttress_core::clock::{Clock, ManualClock};
/// # use buttress_ratelimit::{Penalty, Quota, RateLimit, address};
/// # use buttress_core::stage::{Decision, Stage};
/// # let clock = ManualClock::new();
/// let policy = Quota::per_minute(1).by(address()).penalty(Penalty::after(1));
/// let limits = RateLimit::builder().clock(clock.clone()).policy("per-address", policy).build()?;
/// let stage = limits.stage();
/// let mut request = http::Request::new(());
/// for _ in 0..2 {
///     drop(stage.enter(&mut request));
/// }
///
/// let ban = limits.bans()[0].clone();
/// assert_eq!((ban.policy(), ban.left().as_secs()), ("per-address", 300));
/// assert!(limits.lift(ban.policy(), ban.key()));
/// assert!(limits.bans().is_empty());
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ban {
    pub(crate) policy: std::sync::Arc<str>,
    pub(crate) key: Key,
    pub(crate) left: Duration,
}

impl Ban {
    /// The policy that was violated.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Whose it is.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.key
    }

    /// How long it still lasts.
    #[must_use]
    pub const fn left(&self) -> Duration {
        self.left
    }
}

impl Bans {
    /// Whether there is memory for so many.
    pub(crate) fn fit(keys: usize) -> bool {
        keys.div_ceil(WAYS).checked_mul(size_of::<Lock<Bucket>>()).is_some_and(has_room)
    }

    /// Room for so many keys, rounded up to eights.
    pub(crate) fn new(keys: usize) -> Self {
        let buckets = (0..keys.div_ceil(WAYS)).map(|_| Lock::new([None; WAYS])).collect();
        Self { buckets, last_end: AtomicU64::new(0) }
    }

    /// Whether anybody is banned: one look at a number, and none at the clock.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.last_end.load(Ordering::Relaxed) > 0
    }

    /// How long this key is still banned.
    pub(crate) fn banned(&self, policy: u8, key: Key, now: Moment) -> Option<Duration> {
        let last_end = self.last_end.load(Ordering::Relaxed);
        if last_end <= now.as_nanos() {
            // Unless somebody is banned at this moment, nobody need look until somebody is.
            let _ =
                self.last_end.compare_exchange(last_end, 0, Ordering::Relaxed, Ordering::Relaxed);
            return None;
        }
        let mut bucket = self.bucket(key)?.lock();
        let entry = bucket.iter_mut().flatten().find(|entry| entry.is(policy, key))?;
        entry.record.banned(now)
    }

    /// Counts a refusal; how long the ban is that follows from it, if one does.
    pub(crate) fn refused(
        &self,
        policy: u8,
        key: Key,
        penalty: &Penalty,
        now: Moment,
    ) -> Option<Duration> {
        let mut bucket = self.bucket(key)?.lock();
        let place = place(&mut bucket, policy, key, penalty, now)?;
        let entry = place.get_or_insert(Entry { key, policy, record: Record::default() });
        let length = entry.record.refused(penalty, now)?;
        // Under the lock: who has found this ban finds that there is one.
        self.last_end.fetch_max((now + length).as_nanos(), Ordering::Relaxed);
        Some(length)
    }

    /// Forgets what this key was refused; whether it was banned.
    pub(crate) fn lift(&self, policy: u8, key: Key, now: Moment) -> bool {
        let Some(bucket) = self.bucket(key) else { return false };
        let mut bucket = bucket.lock();
        let found =
            bucket.iter_mut().find(|place| place.is_some_and(|entry| entry.is(policy, key)));
        let entry = found.and_then(Option::take);
        entry.is_some_and(|mut entry| entry.record.banned(now).is_some())
    }

    /// Everybody who is banned, with the number of the policy.
    pub(crate) fn all(&self, now: Moment) -> Vec<(u8, Key, Duration)> {
        let mut all = Vec::new();
        for bucket in &self.buckets {
            let bucket = *bucket.lock();
            let banned = bucket.into_iter().flatten().filter_map(|mut entry| {
                entry.record.banned(now).map(|left| (entry.policy, entry.key, left))
            });
            all.extend(banned);
        }
        all
    }

    fn bucket(&self, key: Key) -> Option<&Lock<Bucket>> {
        let count = NonZeroUsize::new(self.buckets.len())?;
        self.buckets.get(key.shard(count))
    }
}

impl Entry {
    fn is(&self, policy: u8, key: Key) -> bool {
        self.policy == policy && self.key == key
    }
}

/// Its own place, an empty one, one that nobody needs, or that of whoever would be free first.
fn place<'a>(
    bucket: &'a mut Bucket,
    policy: u8,
    key: Key,
    penalty: &Penalty,
    now: Moment,
) -> Option<&'a mut Option<Entry>> {
    let rank = |place: &Option<Entry>| match place {
        Some(entry) if entry.is(policy, key) => (0, Moment::FIRST),
        None => (1, Moment::FIRST),
        Some(entry) if entry.record.is_over(penalty, now) => (2, Moment::FIRST),
        Some(entry) => (3, entry.record.ends()),
    };
    bucket.iter_mut().min_by_key(|place| rank(place))
}

#[cfg(test)]
mod tests {
    use buttress_core::Keyer;

    use super::*;

    #[test]
    fn a_flood_of_strangers_frees_nobody_who_is_banned_for_longer() {
        let bans = Bans::new(WAYS);
        let keyer = Keyer::random();
        let penalty = Penalty::after(1);
        let now = Moment::from_nanos(1_000_000_000);
        let known = keyer.key_of(["known"]);
        assert_eq!(bans.refused(0, known, &penalty, now), Some(Duration::from_secs(300)));
        // Refused once each, banned never.
        let strangers = Penalty::after(1_000);
        for stranger in 0..1_000_u32 {
            bans.refused(1, keyer.key_of([stranger.to_be_bytes()]), &strangers, now);
        }
        assert!(bans.banned(0, known, now).is_some());
        assert_eq!(bans.all(now).len(), 1);
    }

    #[test]
    fn a_key_takes_as_many_bytes_as_is_documented() {
        assert!(size_of::<Lock<Bucket>>().div_ceil(WAYS) <= 72);
    }

    #[test]
    fn who_is_free_again_costs_no_look() {
        let bans = Bans::new(64);
        let key = Keyer::random().key_of(["ada"]);
        let now = Moment::from_nanos(1);
        assert!(!bans.any());
        let length = bans.refused(0, key, &Penalty::after(1), now).unwrap();
        assert!(bans.any());
        assert!(bans.banned(0, key, now + length).is_none());
        assert!(!bans.any());
    }
}
