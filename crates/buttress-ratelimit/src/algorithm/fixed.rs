use std::time::Duration;

use buttress_core::clock::Moment;

use super::counter::Counter;
use crate::{Limit, Retry};

/// A window that begins with the first request of a key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct FixedWindow {
    /// Nanoseconds.
    ends: u64,
    used: u32,
}

#[cfg(feature = "redis")]
impl FixedWindow {
    pub(crate) const fn from_parts(ends: u64, used: u32) -> Self {
        Self { ends, used }
    }
}

impl Counter for FixedWindow {
    fn settle(&mut self, limit: &Limit, now: Moment) {
        if self.ends <= now.as_nanos() || self.used == 0 {
            *self = Self::default();
        }
        self.ends = self.ends.min(now.as_nanos().saturating_add(limit.period));
    }

    fn is_empty(&self) -> bool {
        self.used == 0
    }

    fn room(&self, limit: &Limit, cost: u32, now: Moment) -> Result<u64, Retry> {
        if u64::from(cost) > limit.count {
            return Err(Retry::Never);
        }
        if u64::from(self.used) + u64::from(cost) <= limit.count {
            return Ok(0);
        }
        Err(Retry::After(Duration::from_nanos(self.ends.saturating_sub(now.as_nanos()))))
    }

    fn add(&mut self, limit: &Limit, cost: u32, now: Moment) -> u32 {
        if self.is_empty() {
            self.ends = now.as_nanos().saturating_add(limit.period);
        }
        let before = self.used;
        self.used = before.saturating_add(cost);
        self.used - before
    }

    fn remove(&mut self, _: &Limit, cost: u32, until: Option<u64>, _: Moment) {
        if until.is_none_or(|until| until == self.ends) {
            self.used = self.used.saturating_sub(cost);
        }
    }

    fn remaining(&self, limit: &Limit, _: Moment) -> u64 {
        limit.count.saturating_sub(self.used.into())
    }

    fn until(&self, _: &Limit, now: Moment) -> u64 {
        if self.is_empty() { now.as_nanos() } else { self.ends }
    }

    fn weight(&self, _: &Limit, _: Moment) -> (u128, u64) {
        (self.used.into(), self.ends)
    }
}
