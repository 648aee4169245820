use std::time::Duration;

use buttress_core::key::{KeyFor, Keyer};
use buttress_core::stage::Rewrap;
use buttress_core::{BuildError, Faults, HealthStatus};

use super::{CircuitBreakerBuilder, First, Outsides};
use crate::bounds::Bounds;
use crate::events::Herald;
use crate::inner::{Hot, Inner, World};
use crate::keyed::Keyed;
use crate::machine::{Machine, Policy, Table};
use crate::meters::Meters;
use crate::parts::Lock;
use crate::refusal::Refusals;
use crate::table::check;
use crate::waiting::Waiting;
use crate::{Breaker, BreakerTable, CircuitBreakerLayer, KeyedBreakerLayer, Rule};

/// Checks.
impl<C, T> CircuitBreakerBuilder<C, T> {
    /// What is wrong with the settings so far.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn check(&self) -> Result<(), BuildError> {
        let (mut faults, policy) = (self.faults(), self.whole_policy());
        faults.within("", policy.check());
        self.said.bounds.check(&policy, &mut faults);
        faults.finish(())
    }

    /// For how long the place of a probe is kept.
    #[must_use]
    pub const fn lease_time(&self) -> Duration {
        self.said.policy.lease
    }

    /// What waits longer than this is slow.
    #[must_use]
    pub const fn slow_time(&self) -> Duration {
        self.said.policy.slow
    }

    /// Stands in a wall, where no call takes longer than that, if it is known, and no lease may be shorter: what is
    /// slow is half of the one, if it were never reached otherwise. That holds for settings, too, that it is given
    /// later. No part of the public interface.
    #[doc(hidden)]
    pub const fn in_a_wall(self, longest: Option<Duration>, lease: Duration) -> Self {
        self.bounded(Bounds { longest, lease })
    }

    /// Checks the settings, and gives a layer.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<CircuitBreakerLayer<C, Rewrap, T>, BuildError> {
        self.check()?;
        let policy = self.whole_policy();
        let Outsides { name, clock, dice, metrics, audit } = self.said.outside;
        let inner = Inner {
            machine: Machine::new(policy, clock.now())?,
            refusals: Refusals::new(name.clone(), 1),
            meters: Meters::of_one(&metrics, &name),
            herald: Herald::default(),
            waiting: Waiting::default(),
            history: Lock::default(),
            hot: Lock::new(Hot { health: self.said.health, mode: self.said.policy.mode }),
            bounds: self.said.bounds,
            world: World { name, clock, dice, audit },
        };
        Ok(CircuitBreakerLayer::new(Breaker::new(inner), self.classify, self.timer))
    }

    /// Checks the settings, and gives a layer with a breaker for each key, of as many as there is room for.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, or that [a table](crate::machine::Table) has no room for.
    pub fn build_table<K: KeyFor>(
        self,
        by: K,
        room: usize,
    ) -> Result<KeyedBreakerLayer<K, C, Rewrap, T>, BuildError> {
        let mut faults = self.faults_of_keys();
        let now = self.said.outside.clock.now();
        let table = faults.within("", Table::new(self.whole_policy(), room, now));
        let Some(table) = faults.finish(table)? else {
            return Err(BuildError::of("room", "there is none"));
        };
        let Outsides { name, clock, dice, metrics, audit } = self.said.outside;
        let keyed = Keyed {
            table,
            keyer: Keyer::random(),
            refusals: Refusals::new(name.clone(), KEPT),
            meters: Meters::of_table(&metrics, &name),
            world: World { name, clock, dice, audit },
        };
        let table = BreakerTable::new(keyed);
        Ok(KeyedBreakerLayer::new(table, by, self.classify, self.timer))
    }

    /// The policy alone, and what it is to health while it is open.
    pub(crate) fn into_hot(self) -> (Policy, Hot) {
        let hot = Hot { health: self.said.health, mode: self.said.policy.mode };
        (self.whole_policy(), hot)
    }

    /// The policy for a table that there is already.
    pub(crate) fn policy_of_keys(self) -> Result<Policy, BuildError> {
        let (mut faults, policy) = (self.faults_of_keys(), self.whole_policy());
        faults.within("", check(&policy));
        faults.finish(policy)
    }

    fn faults_of_keys(&self) -> Faults {
        let mut faults = self.faults();
        if self.said.health != HealthStatus::Degraded {
            faults.add("health", "must be degraded for keys: the service goes on for the others");
        }
        faults
    }

    fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        if self.said.outside.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        if matches!(self.said.first, First::Misplaced) {
            faults.add("failures_in", "is for the failures of `after`, and there are none");
        }
        let is_of_slow_calls = self.said.rules.iter().any(Rule::is_of_slow_calls);
        if self.said.watches && !is_of_slow_calls {
            faults.add("count_hanging", "needs a rule of slow calls");
        }
        faults
    }

    /// With its rules.
    pub(super) fn whole_policy(&self) -> Policy {
        let first = match self.said.first {
            First::After(n, None) => Some(Rule::InARow(n)),
            First::After(n, Some(within)) => Some(Rule::failures(n, within)),
            First::None | First::Misplaced => None,
        };
        let policy = self.said.bounds.fit(self.said.policy.clone());
        policy.rules(first.into_iter().chain(self.said.rules.iter().copied()))
    }
}

/// So many refusals of a table are kept, as its keys open at different times.
const KEPT: usize = 64;
