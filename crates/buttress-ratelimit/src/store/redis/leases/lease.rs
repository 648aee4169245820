use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;

use super::WAYS;
use crate::{Charge, Limits, Source, Standing};

/// A lease that lasts less than this is too small, and one that lasts four times as long is too large.
const LASTS: Duration = Duration::from_millis(20);

/// What this process has of one key in advance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) key: Key,
    pub(super) shard: Option<Key>,
    pub(super) policy: u8,
    /// How many are here.
    pub(super) left: u32,
    /// How many may be on their way.
    pub(super) coming: u32,
    /// How many there should be.
    pub(super) size: u32,
    /// When there were none last.
    pub(super) dry: Moment,
    /// When the last ones came.
    pub(super) came: Moment,
    /// How the key stood then.
    pub(super) standing: Standing,
}

impl Lease {
    pub(super) const NOBODYS: Self = Self {
        key: Key::from_bytes([0; 16]),
        shard: None,
        policy: 0,
        left: 0,
        coming: 0,
        size: 0,
        dry: Moment::FIRST,
        came: Moment::FIRST,
        standing: Standing::from_nanos(0, 0, Source::Leased),
    };

    pub(super) fn is_of(&self, charge: &Charge) -> bool {
        self.size > 0 && self.key == charge.key() && self.policy == charge.policy()
    }

    /// The place of a key: one that it has, or one that is nobody's, or of whom it is longest ago and who has nothing.
    pub(super) fn place<'a>(
        bucket: &'a mut [Self; WAYS],
        charge: &Charge,
        shard: Option<Key>,
        now: Moment,
    ) -> Option<&'a mut Self> {
        if let Some(place) = bucket.iter().position(|lease| lease.is_of(charge)) {
            return bucket.get_mut(place);
        }
        let empty = bucket.iter_mut().filter(|lease| lease.left == 0 && lease.coming == 0);
        let lease = empty.min_by_key(|lease| (lease.size > 0, lease.dry))?;
        let (key, policy) = (charge.key(), charge.policy());
        *lease = Self { key, shard, policy, size: 1, dry: now, ..Self::NOBODYS };
        // Once is not often: so the first one has nothing in advance.
        None
    }

    /// Goes by how long the last ones lasted.
    pub(super) fn adapt(&mut self, most: u32, now: Moment) {
        let lasted = now - self.dry;
        if lasted < LASTS {
            self.size = self.size.saturating_mul(2);
        } else if lasted > 4 * LASTS {
            self.size /= 2;
        }
        self.size = self.size.clamp(1, most.max(1));
        self.dry = now;
    }

    /// As many as there is room for.
    pub(super) fn ask(&mut self, most: u32) -> u32 {
        let wish = self.size.saturating_sub(1).min(most.saturating_sub(self.left));
        self.coming = wish;
        wish
    }

    /// What is here, and what the store had when it was asked last.
    pub(super) fn standing(&self, limits: &Limits, charge: &Charge) -> Standing {
        let burst = limits.of(charge).burst();
        let remaining = u64::from(self.standing.remaining()) + u64::from(self.left);
        Standing::new(remaining.min(burst), self.standing.resets_in(), Source::Leased)
    }
}
