use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, Health, Keyer};
use buttress_redis::engine::Asking;

use super::{Checked, Heaviest, LimitStore, Memory, Receipt, RedisStore, Terms, Usage};
use crate::{Charge, Charges, Limits, SharedBans, Verdict};

/// Memory or Redis, as the settings say: the engine.
///
/// Clones count together.
///
/// ```
/// use buttress_ratelimit::store::{Engine, LimitStore, Memory, RedisStore};
/// use buttress_ratelimit::{Quota, RateLimit, address};
///
/// fn engine(url: Option<&str>) -> Result<Engine, buttress_core::BuildError> {
///     Ok(match url {
///         Some(url) => RedisStore::new(buttress_redis::Redis::builder(url).build()?).into(),
///         None => Memory::new().into(),
///     })
/// }
///
/// let limits = RateLimit::builder()
///     .policy("per-address", Quota::per_second(20).by(address()))
///     .engine(engine(None)?)
///     .build()?;
/// assert!(format!("{limits:?}").contains("per-address"));
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Engine {
    /// In the memory of this process: no wait, no box.
    Memory(Memory),
    /// In Redis, for a fleet.
    Redis(RedisStore),
}

impl LimitStore for Engine {
    type Wait = Asking<Verdict>;

    fn bind(
        self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        match self {
            Self::Memory(memory) => memory.bind(terms, shard, metrics).map(Self::Memory),
            Self::Redis(redis) => redis.bind(terms, shard, metrics).map(Self::Redis),
        }
    }

    fn check_setup(&self, faults: &mut Faults) {
        match self {
            Self::Memory(memory) => memory.check_setup(faults),
            Self::Redis(redis) => redis.check_setup(faults),
        }
    }

    fn check_terms(&self, terms: &[Terms], shard: Option<&KeyParts>, faults: &mut Faults) {
        match self {
            Self::Memory(memory) => memory.check_terms(terms, shard, faults),
            Self::Redis(redis) => redis.check_terms(terms, shard, faults),
        }
    }

    fn check_limits(&self, limits: &Limits, faults: &mut Faults) {
        match self {
            Self::Memory(memory) => memory.check_limits(limits, faults),
            Self::Redis(redis) => redis.check_limits(limits, faults),
        }
    }

    fn memory(&self) -> Option<&Memory> {
        match self {
            Self::Memory(memory) => memory.memory(),
            Self::Redis(redis) => redis.memory(),
        }
    }

    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self {
            Self::Memory(memory) => at_once(memory.take(limits, charges)),
            Self::Redis(redis) => redis.take(limits, charges),
        }
    }

    fn take_one(&self, limits: &Limits, charge: &Charge) -> Option<Checked> {
        match self {
            Self::Memory(memory) => memory.take_one(limits, charge),
            Self::Redis(redis) => redis.take_one(limits, charge),
        }
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self {
            Self::Memory(memory) => at_once(memory.look(limits, charges)),
            Self::Redis(redis) => redis.look(limits, charges),
        }
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        match self {
            Self::Memory(memory) => memory.count(limits, charges),
            Self::Redis(redis) => redis.count(limits, charges),
        }
    }

    fn count_with(&self, limits: &Limits, charges: &Charges, receipt: Receipt) {
        match self {
            Self::Memory(memory) => memory.count_with(limits, charges, receipt),
            Self::Redis(redis) => redis.count_with(limits, charges, receipt),
        }
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        match self {
            Self::Memory(memory) => memory.give_back(limits, charges),
            Self::Redis(redis) => redis.give_back(limits, charges),
        }
    }

    fn holds(&self, limits: &Limits, charges: &Charges) -> bool {
        match self {
            Self::Memory(memory) => memory.holds(limits, charges),
            Self::Redis(redis) => redis.holds(limits, charges),
        }
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self {
            Self::Memory(memory) => at_once(memory.forget(limits, charges)),
            Self::Redis(redis) => redis.forget(limits, charges),
        }
    }

    fn usage(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        match self {
            Self::Memory(memory) => LimitStore::usage(memory, limits, policy),
            Self::Redis(redis) => redis.usage(limits, policy),
        }
    }

    fn glance(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        match self {
            Self::Memory(memory) => LimitStore::glance(memory, limits, policy),
            Self::Redis(redis) => redis.glance(limits, policy),
        }
    }

    fn heaviest(&self, limits: &Limits, policy: u8, most: usize) -> Option<Vec<Heaviest>> {
        match self {
            Self::Memory(memory) => LimitStore::heaviest(memory, limits, policy, most),
            Self::Redis(redis) => redis.heaviest(limits, policy, most),
        }
    }

    fn rule_set(&self) -> Option<&str> {
        match self {
            Self::Memory(memory) => memory.rule_set(),
            Self::Redis(redis) => redis.rule_set(),
        }
    }

    fn is_shared(&self) -> bool {
        match self {
            Self::Memory(memory) => memory.is_shared(),
            Self::Redis(redis) => redis.is_shared(),
        }
    }

    fn keyer(&self) -> Option<Keyer> {
        match self {
            Self::Memory(memory) => memory.keyer(),
            Self::Redis(redis) => redis.keyer(),
        }
    }

    fn finds_keyer(&self) -> bool {
        match self {
            Self::Memory(memory) => memory.finds_keyer(),
            Self::Redis(redis) => redis.finds_keyer(),
        }
    }

    fn carry_bans(&self, bans: &SharedBans) -> bool {
        match self {
            Self::Memory(memory) => memory.carry_bans(bans),
            Self::Redis(redis) => redis.carry_bans(bans),
        }
    }

    fn health(&self) -> Health {
        match self {
            Self::Memory(memory) => memory.health(),
            Self::Redis(redis) => redis.health(),
        }
    }
}

/// What memory says needs no wait.
fn at_once(step: Step<Verdict, buttress_core::stage::Never>) -> Step<Verdict, Asking<Verdict>> {
    let Step::Now(verdict) = step;
    Step::Now(verdict)
}

impl From<Memory> for Engine {
    fn from(memory: Memory) -> Self {
        Self::Memory(memory)
    }
}

impl From<RedisStore> for Engine {
    fn from(redis: RedisStore) -> Self {
        Self::Redis(redis)
    }
}
