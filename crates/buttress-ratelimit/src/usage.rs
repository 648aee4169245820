//! What an operator asks about keys.

use std::sync::atomic::{AtomicU64, Ordering};

use buttress_core::clock::Moment;
use buttress_core::metrics::{Counter, Gauge, Metrics};

use crate::meters::{CROWDED, KEYS, PLACES};
use crate::store::{Heaviest, LimitStore, Memory, Usage};
use crate::{NoSuchLimit, RateLimit, Subject, Verdict};

/// In the memory of this process: on a time that the caller says.
impl RateLimit {
    /// Charges one request of this key, at this time.
    ///
    /// ```
    /// use buttress_core::clock::Moment;
    /// use buttress_ratelimit::{Quota, RateLimit, principal};
    /// use std::time::Duration;
    ///
    /// let limits = RateLimit::builder().policy("jobs", Quota::per_minute(1).by(principal())).build()?;
    /// let ada = limits.writer("jobs").unwrap().principal("ada").key();
    /// let start = Moment::from_nanos(1_000_000);
    /// assert!(limits.check_at("jobs", ada, start)?.is_taken());
    /// assert!(!limits.check_at("jobs", ada, start + Duration::from_secs(59))?.is_taken());
    /// assert!(limits.check_at("jobs", ada, start + Duration::from_secs(60))?.is_taken());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name, or if its shard is not said.
    pub fn check_at(
        &self,
        policy: &str,
        key: impl Into<Subject>,
        now: Moment,
    ) -> Result<Verdict, NoSuchLimit> {
        let charges = self.charges(policy, key.into(), 1)?;
        let memory: &Memory = &self.inner.store;
        Ok(memory.take_at(&self.live().limits, &charges, now))
    }
}

impl<S: LimitStore> RateLimit<S> {
    /// The `most` keys of a policy that have least left, the heaviest first: of those that have taken more than half of
    /// what they may. It holds up nobody.
    ///
    /// Nothing where the store cannot tell: one that a fleet shares is not asked for all it has.
    ///
    /// ```
    /// use buttress_ratelimit::{Quota, RateLimit, principal};
    ///
    /// let limits = RateLimit::builder().policy("jobs", Quota::per_hour(3).by(principal())).build()?;
    /// let key = |name| limits.writer("jobs").unwrap().principal(name).key();
    /// for name in ["ada", "bob", "ada"] {
    ///     let _ = limits.check("jobs", key(name))?;
    /// }
    /// let heaviest = limits.heaviest("jobs", 1)?.unwrap();
    /// assert_eq!((heaviest[0].key(), heaviest[0].standing().remaining()), (key("ada"), 1));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name.
    pub fn heaviest(
        &self,
        policy: &str,
        most: usize,
    ) -> Result<Option<Vec<Heaviest>>, NoSuchLimit> {
        let at = self.number(policy)?;
        Ok(self.inner.store.heaviest(&self.live().limits, at, most))
    }

    /// How full the table of a policy is, [about](Memory::usage) if it is a large one; metrics hear of it, too.
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name.
    pub fn usage(&self, policy: &str) -> Result<Option<Usage>, NoSuchLimit> {
        let at = self.number(policy)?;
        let usage = self.inner.store.usage(&self.live().limits, at);
        if let Some((usage, meters)) = usage.zip(self.inner.usage_meters.get(usize::from(at))) {
            meters.tell(&usage);
        }
        Ok(usage)
    }

    /// Tells metrics about how full all tables are, and who is banned.
    pub(crate) fn measure(&self) {
        drop(self.bans());
        let live = self.live();
        for (at, meters) in (0..=u8::MAX).zip(&self.inner.usage_meters) {
            if let Some(usage) = self.inner.store.glance(&live.limits, at) {
                meters.tell(&usage);
            }
        }
    }
}

/// How full the table of one policy is, as metrics hear of it.
#[derive(Debug)]
pub(crate) struct UsageMeters {
    keys: Gauge,
    places: Gauge,
    crowded: [(Counter, AtomicU64); 3],
}

impl UsageMeters {
    pub(crate) fn new(metrics: &Metrics, policy: &str) -> Self {
        let what = ["forgotten", "refused", "uncounted"];
        Self {
            keys: metrics.bind(&KEYS, [policy]),
            places: metrics.bind(&PLACES, [policy]),
            crowded: what.map(|what| (metrics.bind(&CROWDED, [policy, what]), AtomicU64::new(0))),
        }
    }

    fn tell(&self, usage: &Usage) {
        self.keys.set(level(usage.live()));
        self.places.set(level(usage.places()));
        let totals = [usage.forgotten(), usage.refused(), usage.uncounted()];
        for ((counter, told), total) in self.crowded.iter().zip(totals) {
            // Of several who look at once, one tells of each.
            let before = told.fetch_max(total, Ordering::Relaxed);
            counter.increment(total.saturating_sub(before));
        }
    }
}

fn level(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
