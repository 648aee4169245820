//! The handle, and how it is set up.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::Clock;
use buttress_redis::Redis;

use super::keeper;
use super::settings::Settings;
use super::state::State;
use crate::store::Memory;

/// Limits in Redis or Valkey, which a fleet shares. Clones are the same; see the [module](crate::store::redis) for what
/// it promises.
///
/// ```
/// use buttress_ratelimit::key::{KeySeed, Keyer};
/// use buttress_ratelimit::store::RedisStore;
/// use buttress_ratelimit::{Quota, RateLimit, address};
/// use buttress_redis::Redis;
/// use std::time::Duration;
///
/// // Nothing is waited for: a service may start while Redis is down.
/// let redis = Redis::builder("redis://cache.internal").build()?;
/// let store = RedisStore::new(redis).named("shop").within(Duration::from_millis(50)).leases("per-adress", 100);
///
/// // From the settings: the same in all processes.
/// let keyer = Keyer::from("8f1d6a90c3b24e57a1f0d2c4b6e89375".parse::<KeySeed>()?);
/// let limits = RateLimit::builder()
///     .policy("per-address", Quota::per_second(2_000).by(address()))
///     .keyer(keyer);
/// let error = limits.engine(store).build().unwrap_err();
/// assert!(error.to_string().contains("redis.leases.per-adress: there is no policy of this name"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisStore {
    pub(super) settings: Arc<Settings>,
    /// Nothing until it knows its policies.
    pub(super) handle: Option<Arc<Handle>>,
}

/// What clones hold: with the last of them, the process leaves the fleet.
pub(super) struct Handle {
    pub(super) state: Arc<State>,
}

impl RedisStore {
    /// Counts there.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self { settings: Arc::new(Settings::new(redis)), handle: None }
    }

    /// Names the rule set: two of the same name count together. The default is `limits`. It is the tag of all keys, so
    /// in a cluster it says where they are, unless they are [spread](crate::RateLimitBuilder::shard_by): then it is a
    /// part of what the tags are made of.
    ///
    /// A `String` stays in memory once a set of that name is made, as names of sets do not come and go.
    #[must_use]
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        self.changed(|settings| settings.name = name)
    }

    /// Gives each request no more time than this; then it is decided without Redis. The default is 100 milliseconds.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        self.changed(|settings| settings.within = time)
    }

    /// Takes it that there are so many processes, until Redis has said how many there are. The default is one.
    ///
    /// ```
    /// use buttress_ratelimit::store::RedisStore;
    /// use std::num::NonZeroU32;
    ///
    /// let redis = buttress_redis::Redis::builder("redis://cache.internal").build()?;
    /// let store = RedisStore::new(redis).processes(NonZeroU32::new(4).unwrap());
    /// assert_eq!(store.knows_processes(), 4);
    /// assert!(!store.is_asked(), "there is no connection yet");
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
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
    ///
    /// ```
    /// use buttress_ratelimit::store::RedisStore;
    /// use buttress_ratelimit::key::Keyer;
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    /// use std::time::Duration;
    ///
    /// let redis = buttress_redis::Redis::builder("redis://cache.internal").build()?;
    /// let store = RedisStore::new(redis).held_for(Duration::from_millis(10)).within(Duration::ZERO).named("a{b}");
    /// let limits = RateLimit::builder().policy("jobs", Quota::at_once(8).by(everyone())).keyer(Keyer::random());
    /// let error = limits.engine(store).build().unwrap_err();
    /// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
    /// assert_eq!(paths, ["redis.name", "redis.within", "redis.held_for"]);
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn held_for(self, time: Duration) -> Self {
        self.changed(|settings| settings.held_for = time)
    }

    /// Lets this process take tokens of a policy in advance, up to so many of each key that is asked about all the
    /// time: see [Leases](crate::store::redis#leases). By default it takes none.
    ///
    /// All processes together may admit as much more as they hold. For a quota of 100,000 a second and 4 processes, 250
    /// tokens are one per cent.
    #[must_use]
    pub fn leases(self, policy: impl Into<String>, at_most: u32) -> Self {
        self.changed(|settings| settings.lease(policy.into(), at_most))
    }

    /// Counts here while Redis is away, for policies that are [`Local`](buttress_core::engine::Degrade::Local) then. By
    /// default each rule set has a memory of its own.
    ///
    /// ```
    /// use buttress_ratelimit::key::Keyer;
    /// use buttress_ratelimit::store::{Memory, RedisStore};
    /// use buttress_ratelimit::{Quota, RateLimit, Source, everyone};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Nobody listens there.
    /// let redis = buttress_redis::Redis::builder("redis://127.0.0.1:1").build()?;
    /// let store = RedisStore::new(redis).local(Memory::with_capacity(1_000));
    /// let limits = RateLimit::builder().policy("all", Quota::per_hour(2).by(everyone())).keyer(Keyer::random());
    /// let limits = limits.engine(store).build()?;
    /// let verdict = limits.check("all", limits.writer("all").unwrap().key())?.await;
    /// assert_eq!((verdict.standings()[0].source(), verdict.standings()[0].remaining()), (Source::Local, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn local(self, memory: Memory) -> Self {
        self.changed(|settings| settings.memory = Some(memory))
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

    /// Whether Redis is asked now: if there is no connection to it, or it has not said yet what the fleet makes its
    /// [keys](crate::store::redis#keys) with, it is not.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        let has_keys = self.handle.as_ref().is_none_or(|handle| handle.state.has_keys());
        has_keys && self.settings.redis.is_connected()
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

impl RedisStore {
    /// The state, once there is somebody who keeps it: from the first request on.
    pub(super) fn begun(&self) -> Option<&Arc<State>> {
        let handle = self.handle.as_ref()?;
        if handle.state.runtime.get().is_none()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
            && handle.state.runtime.set(runtime.clone()).is_ok()
        {
            keeper::begin(handle, &runtime);
        }
        Some(&handle.state)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.state.leave();
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { name, within, leases, redis, .. } = &*self.settings;
        f.debug_struct("RedisStore")
            .field("name", name)
            .field("within", within)
            .field("leases", leases)
            .field("redis", redis)
            .finish_non_exhaustive()
    }
}
