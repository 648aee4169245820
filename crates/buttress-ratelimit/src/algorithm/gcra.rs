use std::time::Duration;

use buttress_core::clock::Moment;

use super::counter::{Counter, OUT_OF_ORDER};
use crate::{Limit, Retry};

/// The generic cell rate algorithm: a bucket that leaks all the time, remembered as the moment at which it is empty.
///
/// One request fills it by one [interval](Limit), and it holds `burst` of them. With a queue it holds as much more as
/// leaks out while one waits; what is over the burst has to wait for that.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Gcra {
    /// Nanoseconds. What is over means the same as nothing.
    empty_at: u64,
}

impl Gcra {
    pub(crate) const fn from_nanos(empty_at: u64) -> Self {
        Self { empty_at }
    }

    pub(crate) const fn as_nanos(self) -> u64 {
        self.empty_at
    }

    /// The same after `cost` more, and how many nanoseconds to wait before going on, if there is room for it.
    #[inline]
    pub(crate) fn take(self, limit: &Limit, cost: u32, now: Moment) -> Result<(Self, u64), Retry> {
        if u64::from(cost) > limit.burst {
            return Err(Retry::Never);
        }
        let level = self.level(now).saturating_add(limit.price(cost));
        if level > limit.reach {
            return Err(Retry::After(Duration::from_nanos(level - limit.reach)));
        }
        let filled = Self { empty_at: now.as_nanos().saturating_add(level) };
        Ok((filled, level.saturating_sub(limit.tolerance)))
    }

    /// How full it is, in nanoseconds.
    #[inline]
    pub(crate) const fn level(self, now: Moment) -> u64 {
        self.empty_at.saturating_sub(now.as_nanos())
    }

    /// The same after `cost` more, bounded by what a debt may be.
    #[inline]
    pub(crate) fn with(self, limit: &Limit, cost: u32, now: Moment) -> Self {
        let level = self.level(now);
        // Where it is deeper already, it stays so: it is never less full for being filled.
        let level = level.saturating_add(limit.price(cost)).min(limit.deepest.max(level));
        Self { empty_at: now.as_nanos().saturating_add(level) }
    }

    /// The same after `cost` less. It leaks in the order in which it was filled: of what was counted until then, so
    /// much is still there as that time is away.
    pub(crate) fn without(self, limit: &Limit, cost: u32, until: Option<u64>, now: Moment) -> Self {
        let left = until.map_or(u64::MAX, |until| until.saturating_sub(now.as_nanos()));
        let level = self.level(now);
        let level = level - limit.price(cost).min(left).min(level);
        Self { empty_at: now.as_nanos().saturating_add(level) }
    }

    /// Whether a clock has jumped back, or the limit was lowered: left as it is, it would lock the key out. Another
    /// thread that looked at the clock later is never that far.
    pub(crate) fn is_far_ahead(self, limit: &Limit, now: Moment) -> bool {
        self.level(now + OUT_OF_ORDER) > limit.deepest
    }

    /// The same as it can be: no fuller than the deepest debt.
    #[inline]
    pub(crate) fn settled(self, limit: &Limit, now: Moment) -> Self {
        Self { empty_at: self.empty_at.min(now.as_nanos().saturating_add(limit.deepest)) }
    }
}

impl Counter for Gcra {
    fn settle(&mut self, limit: &Limit, now: Moment) {
        *self = self.settled(limit, now);
        if self.level(now) == 0 {
            *self = Self::default();
        }
    }

    fn is_empty(&self) -> bool {
        self.empty_at == 0
    }

    #[inline]
    fn room(&self, limit: &Limit, cost: u32, now: Moment) -> Result<u64, Retry> {
        self.take(limit, cost, now).map(|(_, wait)| wait)
    }

    fn add(&mut self, limit: &Limit, cost: u32, now: Moment) -> u32 {
        let before = self.level(now);
        *self = self.with(limit, cost, now);
        limit.worth(self.level(now) - before).min(cost)
    }

    fn remove(&mut self, limit: &Limit, cost: u32, until: Option<u64>, now: Moment) {
        *self = self.without(limit, cost, until, now);
    }

    #[inline]
    fn remaining(&self, limit: &Limit, now: Moment) -> u64 {
        limit.turns_in(limit.tolerance.saturating_sub(self.level(now)))
    }

    #[inline]
    fn until(&self, _: &Limit, now: Moment) -> u64 {
        self.empty_at.max(now.as_nanos())
    }

    fn weight(&self, _: &Limit, now: Moment) -> (u128, u64) {
        (self.level(now).into(), 0)
    }
}
