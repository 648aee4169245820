//! Limits that a fleet shares, in Redis or Valkey: [`RedisStore`].
//!
//! ```
//! use buttress_core::Keyer;
//! use buttress_core::engine::Degrade;
//! use buttress_ratelimit::store::RedisStore;
//! use buttress_ratelimit::{Quota, RateLimit, address, api_key};
//! use buttress_redis::Redis;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = buttress_testkit::redis::Server::start().await;
//! # let url = server.url();
//! let redis = Redis::connect(url).await?;
//! // Each process makes the same keys, as all have the same seed.
//! let keyer = Keyer::from(redis.seed("keys").await?);
//! let process = || {
//!     RateLimit::builder()
//!         .policy("per-address", Quota::per_second(20).burst(60).by(address()))
//!         .policy("per-key", Quota::per_minute(2).by(api_key()).degrade(Degrade::Deny))
//!         .keyer(keyer)
//!         .engine(RedisStore::new(redis.clone()))
//!         .build()
//! };
//! let (one, other) = (process()?, process()?);
//!
//! // Whoever is let through by one has less left with the other.
//! let key = one.writer("per-key").unwrap().api_key("k-17").key();
//! assert!(one.check("per-key", key)?.await.is_taken());
//! assert!(other.check("per-key", key)?.await.is_taken());
//! assert!(!one.check("per-key", key)?.await.is_taken());
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - **One script decides about all policies of a request**, on the server's time, in whole numbers, to the nanosecond as
//!   memory does: all charges are taken, or none is. A refusal writes nothing. All algorithms are those of memory: random
//!   schedules of all operations are decided alike by both.
//! - **Nothing is asked twice.** What may have run and was not answered in time is decided [as the policy
//!   says](#without-redis), and may have been counted all the same: rather one request too few than one too many.
//! - **Nothing stays for ever.** A record ends when its key stands as if it had never asked, to the millisecond. It says the
//!   version of its form, as does its name, so two releases run side by side; one of another version is no answer, and is left
//!   as it is. A clock that was set back locks nobody out for longer than a burst, a queue and a period.
//! - **A flood stays here.** Who was refused is refused by this process, without Redis, until the time that Redis said, if
//!   they ask for as much or more. What this process gives back or forgets is asked again; what another one gives back
//!   is seen when the time is over. The table is of [fixed size](RedisStore::remembered).
//! - **Restarts lose nothing.** What a process knows, it knows from Redis.
//! - **Permits** of what is counted at the same time are held by name. Each process renews its own; those of one that died end
//!   by [themselves](RedisStore::held_for). Who waits for a verdict and goes away holds nothing.
//!
//! # What may be admitted beyond a quota
//!
//! | because | at most |
//! |---|---|
//! | [leases](RedisStore::leases) | as many tokens of a key as all processes may hold: processes × tokens, at any time |
//! | Redis fails over, or loses its data | one more quota for each key and each time: a replica takes over without what it had not heard of |
//! | Redis is away for longer than [permits last](RedisStore::held_for) | as many permits as were held then |
//! | Redis is away, and a policy is `Local` | one more quota for the time that it is away, of all processes that had heard of each other; one request for each process if that is more |
//! | Redis is away, and a policy is `Allow` | everything |
//!
//! What `maxmemory` evicts is lost, too: let `maxmemory-policy` be `noeviction`, which refuses instead.
//!
//! # Without Redis
//!
//! A request waits [no longer than it is told](RedisStore::within). While there is no connection it does not wait at all. Then each policy
//! does as its [`Degrade`](buttress_core::engine::Degrade) says, and still all are taken or none:
//!
//! - `Allow` lets through, and counts nothing.
//! - `Deny` refuses, for a second, as nobody knows when Redis is back.
//! - `Local` counts in the memory of this process, which then has its share: the limit divided by the number of processes,
//!   rounded down, and one at least. Each process says every two seconds that it is there, and hears how many there are. One
//!   more is believed at once, and fewer after seven seconds, as a server that lost its data has to hear of all again. While
//!   a process has heard nothing, there are [as many as you say](RedisStore::processes).
//!
//! Every request asks again, so nothing has to be switched back. The log has a line when it begins and one when it is over,
//! `buttress_degraded_answers_total` counts, and health is degraded, or down if a policy denies.
//!
//! # Leases
//!
//! Redis decides as many requests about one key as one core can. Beyond that, a process may [take tokens in
//! advance](RedisStore::leases), and decide by itself as long as it has some. How many it takes follows how fast they are used: a lease that
//! lasts less than 20 ms is doubled, up to the bound, and one that lasts longer than 80 ms is halved. A key that is not hot has
//! none. Those that were not used within a second go back, as do all of them when the last handle is dropped.
//!
//! Of each key a process holds no more than the bound, those on their way included. They were counted when they were
//! taken, so in any span of time no more is admitted than the quota allows, and as much as all processes held when it began. A
//! request is decided so only if all of its charges can be. A standing says what is left here, and what was left there.
//!
//! # In a cluster
//!
//! All records of a rule set have [its name](RedisStore::named) as their tag, so they stand on one server.
//! [`shard_by`](crate::RateLimitBuilder::shard_by) spreads them by a key instead, which each policy's key has to contain: then all that is decided together
//! is in one place.
//!
//! # Cancellation
//!
//! Dropping the wait stops the waiting. What was sent may be counted: permits go back, and tokens in advance that come too
//! late are not used.
//!
//! # Cost
//!
//! A round trip, the allocation of [the wait](buttress_redis::engine::Asking), those of a [call](buttress_redis::Call), and one for the name of each permit. What is
//! remembered, leased, or decided while Redis is known to be gone is decided at once, and allocates nothing. Giving back,
//! counting afterwards and filling a lease anew are a task each, which nobody waits for. There is one task for each store, which wakes four times a second. No lock is held across an await.
//!
//! # Errors
//!
//! Binding fails with all that is wrong: a name with braces, a budget of nothing, leases for what is no policy, has no
//! tokens, or of more than a burst; a policy that would be spread. Afterwards nothing fails: what Redis cannot answer is
//! decided without it.

mod ask;
mod fleet;
mod instead;
mod keeper;
mod leases;
mod permits;
mod reading;
mod refusals;
mod script;
mod settings;
mod state;
#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::Clock;
use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, Health};
use buttress_redis::Redis;
use buttress_redis::engine::{Answered, Asking};

use self::script::Operation;
use self::settings::Settings;
use self::state::State;
use super::{LimitStore, Memory, Terms};
use crate::{Charges, Limits, Retry, Verdict};

/// Limits in Redis or Valkey, which a fleet shares. Clones are the same; see the [module](self) for what it promises.
///
/// ```
/// use buttress_ratelimit::store::RedisStore;
/// use buttress_ratelimit::{Quota, RateLimit, address};
/// use buttress_redis::Redis;
/// use std::time::Duration;
///
/// // Nothing is waited for: a service may start while Redis is down.
/// let redis = Redis::builder("redis://cache.internal").build()?;
/// let store = RedisStore::new(redis).named("shop").within(Duration::from_millis(50)).leases("per-adress", 100);
///
/// let limits = RateLimit::builder().policy("per-address", Quota::per_second(2_000).by(address()));
/// let error = limits.engine(store).build().unwrap_err();
/// assert!(error.to_string().contains("redis.leases.per-adress: there is no policy of this name"));
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct RedisStore {
    settings: Arc<Settings>,
    /// Nothing until it knows its policies.
    handle: Option<Arc<Handle>>,
}

/// What clones hold: with the last of them, the process leaves the fleet.
pub(super) struct Handle {
    state: Arc<State>,
}

impl RedisStore {
    /// Counts there.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self { settings: Arc::new(Settings::new(redis)), handle: None }
    }

    /// Names the rule set: two of the same name count together. The default is `limits`. It is the tag of all keys, so in a
    /// cluster it says where they are, unless they are spread.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        self.changed(|settings| settings.tag = name)
    }

    /// Gives each request no more time than this; then it is decided without Redis. The default is 100 milliseconds.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        self.changed(|settings| settings.within = time)
    }

    /// Takes it that there are so many processes, until Redis has said how many there are. The default is one.
    #[must_use]
    pub fn processes(self, processes: NonZeroU32) -> Self {
        self.changed(|settings| settings.processes = processes)
    }

    /// Has room to remember so many refusals. The default is 16,384, and zero switches it off.
    #[must_use]
    pub fn remembered(self, keys: usize) -> Self {
        self.changed(|settings| settings.remembered = keys)
    }

    /// Lets a permit of what is counted at the same time end after this, if its process is gone: one that lives renews
    /// it. The default is 30 seconds.
    #[must_use]
    pub fn held_for(self, time: Duration) -> Self {
        self.changed(|settings| settings.held_for = time)
    }

    /// Lets this process take tokens of a policy in advance, up to so many of each key that is asked about all the time:
    /// see [Leases](self#leases). By default it takes none.
    ///
    /// All processes together may admit as much more as they hold. For a quota of 100,000 a second and 4 processes, 250
    /// tokens are one per cent.
    #[must_use]
    pub fn leases(self, policy: impl Into<String>, at_most: u32) -> Self {
        self.changed(|settings| settings.leases.push((policy.into(), at_most)))
    }

    /// Counts here while Redis is away, for policies that are [`Local`](buttress_core::engine::Degrade::Local) then.
    #[must_use]
    pub fn local(self, memory: Memory) -> Self {
        self.changed(|settings| settings.memory = memory)
    }

    /// Goes by this time for what it remembers. What the limits go by is always the server's.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        self.changed(|settings| settings.clock = Arc::new(clock))
    }

    /// How many processes share these limits, as far as this one has heard.
    #[must_use]
    pub fn knows_processes(&self) -> u32 {
        let known = self.handle.as_ref().map(|handle| handle.state.fleet.processes());
        known.unwrap_or(self.settings.processes.get())
    }

    /// Whether Redis is asked now: if there is no connection to it, it is not.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.settings.redis.is_connected()
    }

    fn changed(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

/// With everything else as it is by default.
impl From<Redis> for RedisStore {
    fn from(redis: Redis) -> Self {
        Self::new(redis)
    }
}

impl LimitStore for RedisStore {
    type Wait = Asking<Verdict>;

    fn bind(
        self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        self.settings.check(terms, shard, &mut faults);
        let memory = self.settings.memory.clone().bind(terms, shard, &Metrics::default());
        let Some(memory) = faults.within("redis", memory) else { return faults.finish(self) };
        let state = Arc::new(self.settings.state(terms, memory, metrics));
        faults.finish(Self { handle: Some(Arc::new(Handle { state })), ..self })
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
            state.count(limits, charges);
        }
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        if let Some(state) = self.begun() {
            state.give_back(limits, charges);
        }
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self.begun() {
            Some(state) => state.forget(limits, charges),
            None => Step::Now(UNBOUND),
        }
    }

    fn health(&self) -> Health {
        self.handle.as_ref().map_or_else(Health::up, |handle| handle.state.fallback.health())
    }
}

/// Nothing is known of the policies.
const UNBOUND: Verdict = Verdict::refused(0, Retry::Never);

impl RedisStore {
    /// The state, once there is somebody who keeps it: from the first request on.
    fn begun(&self) -> Option<&Arc<State>> {
        let handle = self.handle.as_ref()?;
        if handle.state.runtime.get().is_none()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
            && handle.state.runtime.set(runtime.clone()).is_ok()
        {
            runtime.spawn(keeper::keep(Arc::downgrade(handle)));
        }
        Some(&handle.state)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.state.leave();
    }
}

/// What each charge stands for, whoever decided it: `Instead` says that in the verdict itself.
impl From<Answered<Self>> for Verdict {
    fn from(answered: Answered<Self>) -> Self {
        match answered {
            Answered::Store(verdict) | Answered::Local(verdict) => verdict,
            Answered::Allow => Self::taken(),
            Answered::Deny => UNBOUND,
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { tag, within, leases, redis, .. } = &*self.settings;
        f.debug_struct("RedisStore")
            .field("name", tag)
            .field("within", within)
            .field("leases", leases)
            .field("redis", redis)
            .finish_non_exhaustive()
    }
}
