//! Tokens that were taken of the store in advance, for keys that are asked about all the time.

mod lease;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;
use buttress_core::sync::Lock;

use self::lease::Lease;
use crate::{Charge, Charges, Limits, Standing, Verdict};

/// The leases of this process. Of one key it never holds more than the policy allows, those that are on their way
/// included. It never grows: a key for which there is no room has no lease.
#[derive(Debug)]
pub(super) struct Leases {
    buckets: Box<[Lock<[Lease; WAYS]>]>,
    /// How many tokens of one key, by the number of the policy; 0 if it has no leases.
    most: Box<[u32]>,
}

/// How many share a lock.
const WAYS: usize = 8;
/// For so many keys there is room.
const KEYS: usize = 1_024;

/// One that is older goes back.
pub(super) const OLD: Duration = Duration::from_secs(1);

/// Tokens that go back to the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Unused {
    pub(super) policy: u8,
    pub(super) key: Key,
    pub(super) shard: Option<Key>,
    pub(super) tokens: u32,
}

impl Leases {
    /// For policies with so many tokens a key.
    pub(super) fn new(most: impl IntoIterator<Item = u32>) -> Self {
        let most: Box<[u32]> = most.into_iter().collect();
        let count = if most.iter().all(|most| *most == 0) { 0 } else { KEYS / WAYS };
        let buckets = (0..count).map(|_| Lock::new([Lease::NOBODYS; WAYS])).collect();
        Self { buckets, most }
    }

    /// Takes all charges out of what is here, or none of them. What found no place here any more, as others came while
    /// it was out, is pushed to `homeless`.
    pub(super) fn take(
        &self,
        limits: &Limits,
        charges: &Charges,
        homeless: &mut Charges,
    ) -> Option<Verdict> {
        let mut verdict = Verdict::taken();
        for (at, charge) in charges.as_slice().iter().enumerate() {
            let Some(standing) = self.spend(limits, charge) else {
                for charge in charges.as_slice().iter().take(at) {
                    if !self.put_back(charge) {
                        homeless.push(*charge);
                    }
                }
                return None;
            };
            verdict.push(standing);
        }
        Some(verdict)
    }

    /// Whether all of these may ever be taken out of what is here. If not, tokens in advance would lie idle.
    pub(super) fn could_take(&self, charges: &Charges) -> bool {
        let could =
            |charge: &Charge| self.most(charge) > 0 && charge.cost() > 0 && !charge.is_optional();
        charges.as_slice().iter().all(could)
    }

    fn spend(&self, limits: &Limits, charge: &Charge) -> Option<Standing> {
        // What costs nothing only asks whether there is room, which the store alone knows.
        if charge.cost() == 0 {
            return None;
        }
        self.with(charge, |lease| {
            lease.left = lease.left.checked_sub(charge.cost())?;
            Some(lease.standing(limits, charge))
        })?
    }

    /// Puts back what was taken out of a lease; `false` if it has no place here any more.
    pub(super) fn put_back(&self, charge: &Charge) -> bool {
        let most = self.most(charge);
        let back = self.with(charge, |lease| {
            let left = lease.left.saturating_add(charge.cost());
            let fits = left.saturating_add(lease.coming) <= most;
            if fits {
                lease.left = left;
            }
            fits
        });
        back.unwrap_or(false)
    }

    /// How many tokens to ask for beside a charge that [could](Self::could_take) be taken out of them, as it is not the
    /// first for this key: zero if there is no hurry. They are on their way until [`came`](Self::came) or
    /// [`failed`](Self::failed) says otherwise.
    pub(super) fn wish(&self, charge: &Charge, shard: Option<Key>, now: Moment) -> u32 {
        let most = self.most(charge);
        let Some(mut bucket) = self.bucket(charge.key()) else { return 0 };
        let Some(lease) = Lease::place(&mut bucket, charge, shard, now) else { return 0 };
        if lease.coming > 0 {
            return 0;
        }
        lease.adapt(most, now);
        lease.ask(most)
    }

    /// The same before there are none: when a quarter is left, and nobody has asked yet.
    pub(super) fn wish_early(&self, charge: &Charge, now: Moment) -> u32 {
        let most = self.most(charge);
        let wish = self.with(charge, |lease| {
            let is_early = lease.size >= 8 && lease.left <= lease.size / 4 && lease.coming == 0;
            if !is_early {
                return 0;
            }
            lease.adapt(most, now);
            lease.ask(most)
        });
        wish.unwrap_or(0)
    }

    /// So many came.
    pub(super) fn came(&self, charge: &Charge, tokens: u32, standing: Standing, now: Moment) {
        let _ = self.with(charge, |lease| {
            lease.coming = lease.coming.saturating_sub(tokens);
            lease.left = lease.left.saturating_add(tokens);
            (lease.came, lease.standing) = (now, standing);
        });
    }

    /// They will not come: there was no room for them, or nobody knows. A key of which there is no more has none in
    /// advance for a while.
    pub(super) fn failed(&self, charge: &Charge, tokens: u32) {
        let _ = self.with(charge, |lease| {
            lease.coming = lease.coming.saturating_sub(tokens);
            lease.size = (lease.size / 2).max(1);
        });
    }

    /// Takes out what was not used for too long, or everything at the end.
    pub(super) fn unused(&self, now: Option<Moment>) -> Vec<Unused> {
        let mut unused = Vec::new();
        for bucket in &self.buckets {
            for lease in bucket.lock().iter_mut() {
                let is_old = now.is_none_or(|now| now - lease.came >= OLD);
                if lease.left > 0 && is_old {
                    let tokens = std::mem::take(&mut lease.left);
                    let Lease { policy, key, shard, .. } = *lease;
                    unused.push(Unused { policy, key, shard, tokens });
                }
            }
        }
        unused
    }

    /// Lets go of what is left of a key, as it is forgotten everywhere.
    pub(super) fn forget(&self, charge: &Charge) {
        let _ = self.with(charge, |lease| lease.left = 0);
    }

    fn most(&self, charge: &Charge) -> u32 {
        self.most.get(usize::from(charge.policy())).copied().unwrap_or(0)
    }

    fn with<T>(&self, charge: &Charge, with: impl FnOnce(&mut Lease) -> T) -> Option<T> {
        let mut bucket = self.bucket(charge.key())?;
        bucket.iter_mut().find(|lease| lease.is_of(charge)).map(with)
    }

    fn bucket(&self, key: Key) -> Option<impl std::ops::DerefMut<Target = [Lease; WAYS]>> {
        let count = NonZeroUsize::new(self.buckets.len())?;
        Some(self.buckets.get(key.shard(count))?.lock())
    }
}
