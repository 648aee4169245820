use std::time::Duration;

use buttress_core::clock::Moment;

use super::counter::Counter;
use crate::{Limit, Retry};

/// Two windows side by side. The older one counts by how much of it is still in view.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct SlidingCounter {
    /// When the newer one began, in nanoseconds.
    began: u64,
    newer: u32,
    older: u32,
}

impl SlidingCounter {
    #[cfg(feature = "redis")]
    pub(crate) const fn from_parts(began: u64, newer: u32, older: u32) -> Self {
        Self { began, newer, older }
    }

    /// How much of the older window is still in view.
    fn in_view(&self, limit: &Limit, now: Moment) -> u64 {
        limit.period.saturating_sub(now.as_nanos().saturating_sub(self.began))
    }

    /// How much is counted now, times the period.
    fn used(&self, limit: &Limit, now: Moment) -> u128 {
        let seen = u128::from(self.older) * u128::from(self.in_view(limit, now));
        seen + u128::from(self.newer) * u128::from(limit.period)
    }

    /// How much may be counted in all, times the period: in whole numbers, so that nothing is rounded.
    fn room_in_all(limit: &Limit) -> u128 {
        u128::from(limit.count) * u128::from(limit.period)
    }
}

impl Counter for SlidingCounter {
    fn settle(&mut self, limit: &Limit, now: Moment) {
        self.began = self.began.min(now.as_nanos());
        let elapsed = now.as_nanos() - self.began;
        if elapsed >= limit.period {
            let older = if elapsed - limit.period < limit.period { self.newer } else { 0 };
            *self = Self { began: self.began.saturating_add(limit.period), newer: 0, older };
        }
        if self.is_empty() {
            *self = Self::default();
        }
    }

    fn is_empty(&self) -> bool {
        self.newer == 0 && self.older == 0
    }

    fn room(&self, limit: &Limit, cost: u32, now: Moment) -> Result<u64, Retry> {
        if u64::from(cost) > limit.count {
            return Err(Retry::Never);
        }
        let period = u128::from(limit.period);
        let in_view = self.in_view(limit, now);
        let asked = u128::from(self.newer) + u128::from(cost);
        // Where the view has to be when there is room: this much left of a window that counts `weighs`.
        let (weighs, free, wait) = if asked <= u128::from(limit.count) {
            (self.older, Self::room_in_all(limit) - asked * period, in_view)
        } else {
            // Not in this window. In the next one, what is the newer one now has become the older one.
            let free = Self::room_in_all(limit) - u128::from(cost) * period;
            (self.newer, free, in_view.saturating_add(limit.period))
        };
        let may_view = free.checked_div(weighs.into()).unwrap_or(period).min(period);
        let may_view = u64::try_from(may_view).unwrap_or(limit.period);
        match wait.saturating_sub(may_view) {
            0 => Ok(0),
            wait => Err(Retry::After(Duration::from_nanos(wait))),
        }
    }

    fn add(&mut self, _: &Limit, cost: u32, now: Moment) -> u32 {
        if self.is_empty() {
            self.began = now.as_nanos();
        }
        let before = self.newer;
        self.newer = before.saturating_add(cost);
        self.newer - before
    }

    fn remove(&mut self, limit: &Limit, cost: u32, until: Option<u64>, _: Moment) {
        let ends = self.began.saturating_add(limit.period);
        let newer = until.is_none_or(|until| until == ends.saturating_add(limit.period));
        if newer {
            self.newer = self.newer.saturating_sub(cost);
        } else if until == Some(ends) {
            self.older = self.older.saturating_sub(cost);
        }
    }

    fn remaining(&self, limit: &Limit, now: Moment) -> u64 {
        let free = Self::room_in_all(limit).saturating_sub(self.used(limit, now));
        let free = free.checked_div(limit.period.into());
        free.and_then(|free| u64::try_from(free).ok()).unwrap_or_default()
    }

    fn until(&self, limit: &Limit, now: Moment) -> u64 {
        let windows = match (self.newer, self.older) {
            (0, 0) => return now.as_nanos(),
            (0, _) => 1,
            _ => 2,
        };
        self.began.saturating_add(limit.period.saturating_mul(windows))
    }

    fn weight(&self, limit: &Limit, now: Moment) -> (u128, u64) {
        (self.used(limit, now), self.newer.into())
    }
}
