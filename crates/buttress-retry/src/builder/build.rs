use buttress_core::clock::Timer;
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults};

use super::RetryBuilder;
use crate::inner::Inner;
use crate::meters::Meters;
use crate::replay::{LEAST_KEPT, Room};
use crate::{Backoff, Hedge, RetryLayer, RetryPolicy};

/// More attempts than this help nobody.
const MOST_TRIES: u32 = 100;

/// Checks.
impl<C, T> RetryBuilder<C, T> {
    /// What is wrong with the settings so far.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        if !(1..=MOST_TRIES).contains(&self.rules.tries) {
            faults
                .add("tries", format!("must be from 1 to {MOST_TRIES}, not {}", self.rules.tries));
        }
        if self.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        faults.within("backoff", self.rules.backoff.check());
        faults.within("follow", self.rules.follow.check());
        faults.within("budget", self.budget.check());
        if let Some(hedge) = &self.hedge {
            faults.within("hedge", hedge.check());
        }
        if self.keep.overall < self.keep.per_call {
            faults.add(
                "keep_bodies",
                format!(
                    "are {} bytes overall, and {} a call",
                    self.keep.overall, self.keep.per_call
                ),
            );
        }
        if (1..LEAST_KEPT).contains(&self.keep.per_call) {
            faults.add(
                "keep_bodies.per_call",
                format!(
                    "keeps nothing with less than {LEAST_KEPT} bytes, and is switched off by 0"
                ),
            );
        }
        faults.finish(())
    }

    /// How many attempts there are at most.
    #[must_use]
    pub const fn tries(&self) -> u32 {
        self.rules.tries
    }

    /// The pauses.
    pub const fn pauses(&self) -> Backoff {
        self.rules.backoff
    }

    /// The second attempt beside a slow one, if there may be one.
    #[must_use]
    pub const fn hedged(&self) -> Option<&Hedge> {
        self.hedge.as_ref()
    }

    /// Whether repeats are limited by a budget.
    #[must_use]
    pub fn has_budget(&self) -> bool {
        !self.budget.is_unlimited()
    }
}

impl<C, T: Timer> RetryBuilder<C, T> {
    /// Checks the settings, and gives a layer.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<RetryLayer<C, T>, BuildError> {
        self.check()?;
        let (inner, classify) = self.inner();
        Ok(RetryLayer::new(inner, classify))
    }

    /// Checks the settings, and gives what [runs](RetryPolicy::run) any async call.
    ///
    /// It does not ask what is said of requests and their answers: of methods, statuses and codes, of bodies and
    /// headers, in [`retry_if`](Self::retry_if), [`never_if`](Self::never_if) and [`classify`](Self::classify). What is
    /// worth it says the judge of [`run_if`](RetryPolicy::run_if).
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build_policy(self) -> Result<RetryPolicy<T>, BuildError> {
        self.check()?;
        Ok(RetryPolicy::new(self.inner().0))
    }

    fn inner(self) -> (Inner<T>, C) {
        let metrics = self.metrics.clone().unwrap_or_else(Metrics::none);
        let meters = Meters::new(&metrics, &self.name, self.metrics.is_some());
        let hedge = self.hedge.map(|hedge| hedge.build(&metrics, &self.name));
        let inner = Inner {
            name: self.name,
            rules: self.rules,
            when: self.when,
            budget: self.budget,
            hedge,
            dice: self.dice,
            clock: self.clock,
            timer: self.timer,
            room: Room::new(self.keep.per_call, self.keep.overall),
            repeats: self.repeats,
            wire: self.wire,
            meters,
            has_spans: self.has_spans,
        };
        (inner, self.classify)
    }
}
