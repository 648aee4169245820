use std::time::Duration;

use buttress_core::clock::Moment;

use super::latency::Latency;
use super::meters::Meters;
use crate::budget::{Budget, Cost, Taken};

/// What the calls of a layer have in common that are hedged.
pub(crate) struct Hedging {
    pub(super) delay: Duration,
    pub(super) latency: Option<Latency>,
    pub(super) cap: Budget,
    pub(super) meters: Meters,
}

/// What a hedge costs, until it is sent.
pub(crate) struct Fare(Taken, Taken);

impl Hedging {
    /// A call begins that may be hedged.
    #[inline]
    pub(crate) fn began(&self, now: impl FnOnce() -> Moment) {
        self.cap.deposit(now);
    }

    /// One has to wait, and was counted just before.
    #[inline]
    pub(crate) fn look(&self, now: Moment) {
        self.cap.look(now);
    }

    /// How long the first one is left alone.
    pub(crate) fn delay(&self, now: Moment) -> Duration {
        let known = self.latency.as_ref().and_then(|latency| latency.known(now));
        known.unwrap_or(self.delay)
    }

    /// Pays for a hedge of a call that has waited.
    pub(crate) fn pay(&self, budget: &Budget, now: Moment) -> Option<Fare> {
        let Some(cap) = self.cap.take(Cost::Hedge, None, now) else {
            self.meters.capped.increment(1);
            return None;
        };
        let Some(paid) = budget.take(Cost::Hedge, None, now) else {
            self.meters.no_budget.increment(1);
            return None;
        };
        Some(Fare(cap, paid))
    }

    /// The first has answered well, whether or not there was a second.
    pub(super) fn lost(&self, is_sent: bool, began: Moment, now: Moment) {
        self.learn(began, now);
        if is_sent {
            self.meters.lost.increment(1);
        }
    }

    /// The second has answered well, before the first.
    pub(super) fn won(&self, began: Moment, now: Moment) {
        self.learn(began, now);
        self.meters.won.increment(1);
    }

    /// Neither has answered well.
    pub(super) fn both_bad(&self) {
        self.meters.both_bad.increment(1);
    }

    /// A call was answered well, by whichever attempt, that began to be waited for then.
    ///
    /// If it was the hedge, the first would have taken longer still: so that is what is noted, and not how long the
    /// hedge took. Else each hedge would bring the percentile down, and with it the time until the next hedge.
    fn learn(&self, began: Moment, now: Moment) {
        if let Some(latency) = &self.latency {
            latency.record(now - began, now);
        }
    }
}

impl Fare {
    /// The hedge is on its way.
    pub(super) fn spend(self) {
        self.0.spend();
        self.1.spend();
    }
}
