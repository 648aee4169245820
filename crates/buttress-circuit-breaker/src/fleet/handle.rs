use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::audit::{Action, Actor, Audit, Event, Outcome};
use buttress_core::{BuildError, Health, Probe, ProbeFuture};
use tokio::runtime::Handle;

use super::joined::Joined;
use super::shared::{Core, Seat};
use super::votes::{Order, Votes};
use super::{EVERY, FleetBuilder};
use crate::{Breaker, Force};

/// An operator ordered something for a breaker in all processes.
const FORCED: Action = Action::new("breaker.fleet_forced");
/// More breakers than that are no list that anybody keeps.
const MOST: usize = 256;

/// The processes whose breakers open together. Clones are the same.
///
/// See the [module](super) for an example.
pub struct Fleet<V: Votes> {
    pub(super) core: Arc<Core<V>>,
    pub(super) audit: Audit,
}

#[cfg(feature = "redis")]
impl Fleet<super::RedisVotes> {
    /// Begins with a fleet that votes there, under the name `breakers`; see [`RedisVotes`](super::RedisVotes) for
    /// another.
    pub fn over(redis: buttress_redis::Redis) -> FleetBuilder<super::RedisVotes> {
        Self::with(super::RedisVotes::new(redis))
    }
}

impl<V: Votes> Fleet<V> {
    /// Begins with a fleet that votes there.
    pub fn with(votes: V) -> FleetBuilder<V> {
        FleetBuilder::new(votes)
    }

    /// Lets `breaker` open with those of the same name in other processes, for as long as the [`Joined`] lives.
    ///
    /// What is known of the fleet holds for it at once: a breaker that joins while the others are held open is held
    /// open, and one that is open itself stays so. One that is closed closes nobody else's.
    ///
    /// # Errors
    ///
    /// Fails if there is no tokio runtime, one of this name has joined here already, or 256 others have.
    pub fn join(&self, breaker: &Breaker) -> Result<Joined, BuildError> {
        let runtime = Handle::try_current().map_err(|_| refused("there is no tokio runtime"))?;
        let seat = Arc::new(self.core.seat(breaker.clone()));
        self.take_place(&seat)?;
        self.core.contact.begin(self.core.clock.now());
        let joined = Joined::new(&self.core, seat, runtime);
        self.watch()?;
        Ok(joined)
    }

    fn take_place(&self, seat: &Arc<Seat>) -> Result<(), BuildError> {
        let mut seats = self.core.seats.lock();
        let name = seat.breaker.name();
        if seats.iter().any(|other| other.breaker.name() == name) {
            return Err(refused(format_args!("`{name}` has joined already")));
        }
        if seats.len() >= MOST {
            return Err(refused(format_args!("{MOST} breakers have joined: no room for `{name}`")));
        }
        seats.push(seat.clone());
        Ok(())
    }

    /// Begins to ask, with the first breaker.
    fn watch(&self) -> Result<(), BuildError> {
        if self.core.watch.get().is_some() {
            return Ok(());
        }
        let core = Arc::downgrade(&self.core);
        let question = move || {
            let core = core.clone();
            async move {
                if let Some(core) = core.upgrade() {
                    core.round().await;
                }
                Ok(())
            }
        };
        let watch = self.core.votes.watch(EVERY, question).map_err(refused)?;
        // Whoever was faster has the same; this one ends.
        let _ = self.core.watch.set(watch);
        Ok(())
    }

    /// Orders all processes to do so with the breaker of this name, those that start later included: until the next
    /// order, or until somebody says something else to [a breaker of one process](Breaker::force).
    ///
    /// It may be called from where no breaker has joined, as by a tool of an operator, which waits first until its store
    /// is connected: an order waits for nothing. It is [told](FleetBuilder::audit), also if it fails.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be asked. Where it may have been heard nevertheless, it may have been done: ask again,
    /// as an order that is given twice is the same order.
    pub async fn force(&self, breaker: &str, force: Force) -> Result<Order, V::Error> {
        let ordered = self.core.votes.force(breaker, force).await;
        let outcome = if ordered.is_ok() { Outcome::Succeeded } else { Outcome::Failed };
        let event = Event::new(FORCED, outcome).target(breaker).reason(word(force));
        self.audit.record(&event.actor(Actor::System("breaker fleet")));
        ordered
    }

    /// How old that is which is known of the others; nothing before the first breaker joins.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.core.contact.age(self.core.clock.now())
    }

    /// What [`check`](Probe::check) says, at once: nobody is asked.
    pub fn health(&self) -> Health {
        let joined = self.core.seats.lock().len();
        let health = match self.age() {
            Some(_) if joined > 0 && self.core.contact.is_lost(self.core.clock.now()) => {
                Health::degraded("knows only itself")
            }
            _ => Health::up(),
        };
        health.with_detail("breakers", joined.to_string())
    }
}

/// Degraded while the others are not heard of: each process decides alone then.
impl<V: Votes> Probe for Fleet<V> {
    fn name(&self) -> &str {
        &self.core.name
    }

    /// The service goes on without it.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(std::future::ready(self.health()))
    }
}

impl<V: Votes> Clone for Fleet<V> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), audit: self.audit.clone() }
    }
}

impl<V: Votes> fmt::Debug for Fleet<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("name", &self.core.name)
            .field("quorum", &self.core.quorum)
            .field("votes", &self.core.votes)
            .finish_non_exhaustive()
    }
}

/// Why a breaker cannot join.
fn refused(reason: impl fmt::Display) -> BuildError {
    BuildError::of("fleet", reason)
}

const fn word(force: Force) -> &'static str {
    match force {
        Force::Open => "open",
        Force::Closed => "closed",
        Force::Off => "off",
        Force::MetricsOnly => "metrics only",
        Force::Release => "release",
    }
}
