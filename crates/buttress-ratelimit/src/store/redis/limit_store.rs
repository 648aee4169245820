//! The store, as limits ask it.

use std::sync::Arc;

use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, Health, Keyer};
use buttress_redis::engine::Asking;

use super::RedisStore;
use super::redis_store::Handle;
use super::script::Operation;
use crate::store::{LimitStore, Memory, Receipt, Terms};
use crate::{Charges, Limits, Retry, SharedBans, Verdict};

impl LimitStore for RedisStore {
    type Wait = Asking<Verdict>;

    fn bind(
        self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        self.settings.check_alone(&mut faults);
        self.settings.check_terms(terms, shard, &mut faults);
        let memory = self.settings.memory.clone().unwrap_or_default();
        let memory = memory.bind(terms, shard, &Metrics::default());
        let memory = faults.within("redis", memory);
        // Nothing is made of settings that are wrong.
        let this = faults.finish(self)?;
        let state = memory.map(|memory| Arc::new(this.settings.state(terms, memory, metrics)));
        Ok(Self { handle: state.map(|state| Arc::new(Handle { state })), ..this })
    }

    fn check_setup(&self, faults: &mut Faults) {
        self.settings.check_setup(faults);
    }

    fn check_terms(&self, terms: &[Terms], shard: Option<&KeyParts>, faults: &mut Faults) {
        self.settings.check_terms(terms, shard, faults);
        let mut memory = Faults::new();
        if let Some(local) = &self.settings.memory {
            local.check_terms(terms, shard, &mut memory);
        }
        faults.within("redis", memory.finish(()));
    }

    fn check_limits(&self, limits: &Limits, faults: &mut Faults) {
        let Some(Handle { state }) = self.handle.as_deref() else { return };
        self.settings.check_leases_of(faults, |policy| limits.all().get(state.number(policy)?));
    }

    fn memory(&self) -> Option<&Memory> {
        self.settings.memory.as_ref()
    }

    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self.begun() {
            Some(state) => state.take(limits, charges),
            None => Step::Now(UNBOUND),
        }
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self.begun() {
            Some(state) => state.ask(Operation::Look, limits, charges, state.clock.now()),
            None => Step::Now(UNBOUND),
        }
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        if let Some(state) = self.begun() {
            state.count(limits, charges, None);
        }
    }

    fn count_with(&self, limits: &Limits, charges: &Charges, receipt: Receipt) {
        if let Some(state) = self.begun() {
            state.count(limits, charges, Some(receipt));
        }
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        if let Some(state) = self.begun() {
            state.give_back(limits, charges);
        }
    }

    fn holds(&self, limits: &Limits, charges: &Charges) -> bool {
        self.handle.as_ref().is_none_or(|handle| handle.state.holds(limits, charges))
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self.begun() {
            Some(state) => state.forget(limits, charges),
            None => Step::Now(UNBOUND),
        }
    }

    fn rule_set(&self) -> Option<&str> {
        Some(&self.settings.name)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn keyer(&self) -> Option<Keyer> {
        self.settings.redis.known_seed().map(Keyer::from)
    }

    fn finds_keyer(&self) -> bool {
        !self.settings.redis.is_seed_refused()
    }

    fn carry_bans(&self, bans: &SharedBans) -> bool {
        self.handle.as_ref().is_some_and(|handle| handle.state.bans.set(bans.clone()).is_ok())
    }

    fn health(&self) -> Health {
        // So a process that was only probed hears of bans, too.
        let _ = self.begun();
        self.handle.as_ref().map_or_else(Health::up, |handle| handle.state.fallback.health())
    }
}

/// Nothing is known of the policies.
const UNBOUND: Verdict = Verdict::refused(0, Retry::Never);
