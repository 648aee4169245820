use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use buttress_core::Faults;
use buttress_core::engine::Degrade;
use buttress_redis::Redis;
use serde::{Deserialize, Serialize};

use super::RateLimitSettings;
use crate::RateLimitBuilder;
use crate::store::{Engine, LimitStore, RedisStore};

/// Limits in Redis, as settings say it: what differs from a [`RedisStore`] as it is by itself. Where Redis is, and how
/// to speak to it, is said once for all that a service keeps there, by the [settings](buttress_redis::RedisSettings) of
/// the connection.
///
/// ```
/// use buttress_ratelimit::RateLimitSettings;
/// use buttress_redis::{Redis, RedisSettings};
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     redis: Option<RedisSettings>,
///     rate_limit: RateLimitSettings,
/// }
///
/// let settings: Settings = toml::from_str(r#"
///     [redis]
///     url = "redis://cache.internal"
///     prefix = "shop"
///
///     [rate_limit]
///     key_seed = "8f1d6a90c3b24e57a1f0d2c4b6e89375"
///     classes = [{ class = "reads", quota = "20000/second" }]
///
///     [rate_limit.redis]
///     name = "front"
///     within_ms = 50
///     leases = { reads = 100 }
/// "#)?;
/// // Or `Redis::connect(…).await?`, which waits for it, and asks it for the seed.
/// let redis = settings.redis.map(RedisSettings::build).transpose()?;
/// let limits = settings.rate_limit.clone().over(redis).build()?;
/// assert!(format!("{limits:?}").contains("front"));
///
/// // Without a connection the block would have no effect.
/// let error = settings.rate_limit.over(None).build().unwrap_err();
/// assert_eq!(error.faults()[0].path(), "redis");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisStoreSettings {
    /// The name of the set, which is the tag of its keys: by itself `limits`. Two of one name count together.
    pub name: Option<String>,
    /// How many milliseconds a request waits for Redis at most: by itself 100.
    pub within_ms: Option<u64>,
    /// What a policy does while Redis is away that does not say it itself: by itself `local`. Of the classes, `logins`
    /// denies in any case.
    pub degrade: Option<Degrade>,
    /// How many processes there are, until Redis has said it: by itself 1.
    pub processes: Option<u32>,
    /// How many refusals are remembered here: by itself 16,384, and with 0 none.
    pub remembered: Option<usize>,
    /// After how many seconds a permit ends whose process is gone: by itself 30.
    pub held_for_s: Option<u64>,
    /// How many tokens of a key a process may take in advance, by the name of the policy: by itself none.
    pub leases: BTreeMap<String, u32>,
}

impl RedisStoreSettings {
    /// The store. What cannot be as it is said is told, and left as it is by itself, so that it is told once.
    fn store(&self, redis: Redis, faults: &mut Faults) -> RedisStore {
        let mut store = RedisStore::new(redis);
        if let Some(name) = &self.name {
            store = store.named(name.clone());
        }
        match self.within_ms {
            Some(0) => faults.add("redis.within_ms", "must be at least 1"),
            Some(millis) => store = store.within(Duration::from_millis(millis)),
            None => {}
        }
        match self.processes.map(NonZeroU32::new) {
            Some(None) => faults.add("redis.processes", "must be at least 1: this is one"),
            Some(Some(processes)) => store = store.processes(processes),
            None => {}
        }
        match self.held_for_s {
            Some(0) => faults.add("redis.held_for_s", "must be at least 1"),
            Some(seconds) => store = store.held_for(Duration::from_secs(seconds)),
            None => {}
        }
        if let Some(keys) = self.remembered {
            store = store.remembered(keys);
        }
        let leases = self.leases.iter();
        leases.fold(store, |store, (policy, most)| store.leases(policy.clone(), *most))
    }
}

/// Limits of a fleet.
impl RateLimitSettings {
    /// The builder of limits that are counted in Redis, as the block [`redis`](Self::redis) says, or in memory if there
    /// is no connection. In Redis, the engine that [`memory`](Self::memory) describes counts while Redis is away.
    ///
    /// All processes have to make the same keys: by the seed that [`Redis::connect`] fetches, or the limits once Redis
    /// is there, or by [`key_seed`](Self::key_seed).
    pub fn over(self, redis: Option<Redis>) -> RateLimitBuilder<Engine> {
        let block = self.redis.clone();
        let memory = self.memory();
        let mut builder = RateLimitBuilder::read(self);
        let mut faults = std::mem::take(&mut builder.faults);
        let engine: Engine = match (redis, block) {
            (Some(redis), block) => {
                let store = block.unwrap_or_default().store(redis, &mut faults);
                let mut wrong = Faults::new();
                memory.check_setup(&mut wrong);
                let is_right = faults.within("", wrong.finish(())).is_some();
                if is_right { store.local(memory).into() } else { store.into() }
            }
            (None, block) => {
                if block.is_some() {
                    faults.add("redis", "has no effect without a connection: there is none");
                }
                memory.into()
            }
        };
        builder.faults = faults;
        builder.engine(engine)
    }
}
