//! How a store over Redis is.

use buttress_core::clock::Clock;
use buttress_core::{Health, Probe, ProbeFuture};

use super::fallback::Shared;
use super::{Degrade, Fallback};

impl Fallback {
    /// What [`check`](Probe::check) says, at once: nobody is asked.
    pub fn health(&self) -> Health {
        let Shared { redis, needs_seed, clock, condition, degrade, .. } = &*self.shared;
        let is_asked = redis.is_connected() && (!needs_seed || redis.known_seed().is_some());
        match degrade {
            _ if is_asked && !condition.is_failing(clock.now()) => Health::up(),
            Degrade::Allow => Health::degraded("allows what it cannot ask Redis"),
            Degrade::Local => Health::degraded("asks its own memory instead of Redis"),
            Degrade::Deny => Health::down("denies what it cannot ask Redis"),
        }
    }
}

/// Degraded, or down if it denies, while there is no connection and for a second after the last failure.
impl Probe for Fallback {
    fn name(&self) -> &'static str {
        self.shared.store
    }

    /// Only if it denies: else the service goes on.
    fn critical(&self) -> bool {
        self.shared.degrade == Degrade::Deny
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(std::future::ready(self.health()))
    }
}
