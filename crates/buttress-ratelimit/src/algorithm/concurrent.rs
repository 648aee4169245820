use buttress_core::clock::Moment;

use super::counter::Counter;
use crate::{Limit, Retry};

/// How many are under way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Concurrent {
    /// When the first of them came, in nanoseconds: who came before that was forgotten, and gives nothing back.
    since: u64,
    held: u32,
}

impl Counter for Concurrent {
    const STAYS: bool = true;

    fn settle(&mut self, _: &Limit, now: Moment) {
        // Or else those who come after a clock jumped back would seem to have come before.
        self.since = self.since.min(now.as_nanos());
    }

    fn is_empty(&self) -> bool {
        self.held == 0
    }

    fn room(&self, limit: &Limit, cost: u32, _: Moment) -> Result<u64, Retry> {
        if u64::from(cost) > limit.count {
            return Err(Retry::Never);
        }
        let held = u64::from(self.held) + u64::from(cost);
        if held <= limit.count { Ok(0) } else { Err(Retry::Unknown) }
    }

    fn add(&mut self, _: &Limit, cost: u32, now: Moment) -> u32 {
        if self.is_empty() {
            self.since = now.as_nanos();
        }
        let before = self.held;
        self.held = before.saturating_add(cost);
        self.held - before
    }

    /// It counts until somebody gives it back, so its time is the one at which it came.
    fn remove(&mut self, _: &Limit, cost: u32, until: Option<u64>, _: Moment) {
        if until.is_none_or(|came| came >= self.since) {
            self.held = self.held.saturating_sub(cost);
        }
    }

    fn remaining(&self, limit: &Limit, _: Moment) -> u64 {
        limit.count.saturating_sub(self.held.into())
    }

    fn until(&self, _: &Limit, now: Moment) -> u64 {
        now.as_nanos()
    }

    fn weight(&self, _: &Limit, _: Moment) -> (u128, u64) {
        (self.held.into(), self.since)
    }
}
