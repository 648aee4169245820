use buttress_core::Key;
use buttress_core::stage::Never;

use super::{Counted, CounterStore, MemoryCounters, RedisCounters, Window};
use crate::engine::{Answered, Asking, Step};

/// Memory or Redis, as the settings say: the engine.
///
/// Clones count together. See the [module](super) for an example.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Counters {
    /// In the memory of this process: no wait, no box.
    Memory(MemoryCounters),
    /// In Redis, for a fleet.
    Redis(RedisCounters),
}

impl CounterStore for Counters {
    type Wait = Asking<Counted>;

    fn count(&self, key: Key, by: u64, window: Window) -> Step<Answered<Counted>, Self::Wait> {
        match self {
            Self::Memory(memory) => Step::Now(Answered::Store(memory.count(key, by, window))),
            Self::Redis(redis) => redis.count(key, by, window),
        }
    }
}

impl CounterStore for MemoryCounters {
    type Wait = Never;

    fn count(&self, key: Key, by: u64, window: Window) -> Step<Answered<Counted>, Never> {
        Step::Now(Answered::Store(Self::count(self, key, by, window)))
    }
}

impl From<MemoryCounters> for Counters {
    fn from(memory: MemoryCounters) -> Self {
        Self::Memory(memory)
    }
}

impl From<RedisCounters> for Counters {
    fn from(redis: RedisCounters) -> Self {
        Self::Redis(redis)
    }
}
