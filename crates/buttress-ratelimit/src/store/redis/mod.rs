//! Limits that a fleet shares, in Redis or Valkey.

mod ask;
mod instead;
mod keeper;
mod leases;
mod permits;
mod reading;
mod refusals;
mod script;
mod state;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use buttress_core::clock::{Clock, TokioClock};
use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, Health};
use buttress_redis::engine::{Answered, Asking, Fallback};
use buttress_redis::{Redis, Tag};

use self::instead::Instead;
use self::keeper::Fleet;
use self::leases::Leases;
use self::permits::Permits;
use self::refusals::Refusals;
use self::script::{Operation, letter};
use self::state::State;
use super::{LimitStore, Memory, Terms};
use crate::{Algorithm, Charges, Limits, Retry, Verdict};

/// Limits in Redis or Valkey, which a fleet shares. Clones are the same.
#[derive(Clone)]
pub struct RedisStore {
    settings: Arc<Settings>,
    /// Nothing until it knows its policies.
    handle: Option<Arc<Handle>>,
}

#[derive(Clone)]
struct Settings {
    redis: Redis,
    tag: &'static str,
    within: Duration,
    processes: u32,
    remembered: usize,
    held_for: Duration,
    leases: Vec<(String, u32)>,
    memory: Memory,
    clock: Arc<dyn Clock>,
}

/// What clones hold: with the last of them, the process leaves the fleet.
pub(super) struct Handle {
    state: Arc<State>,
}

impl RedisStore {
    /// Counts there.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let settings = Settings {
            redis,
            tag: "limits",
            within: Duration::from_millis(100),
            processes: 1,
            remembered: 16_384,
            held_for: Duration::from_secs(30),
            leases: Vec::new(),
            memory: Memory::new(),
            clock: Arc::new(TokioClock::new()),
        };
        Self { settings: Arc::new(settings), handle: None }
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
    pub fn processes(self, processes: u32) -> Self {
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

    /// Lets this process take tokens of a policy in advance, up to so many of each key that is asked about all the time.
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
        let memory = faults.within("redis", memory);
        let Some(memory) = memory else { return Err(faults.finish(()).unwrap_err()) };
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

impl Settings {
    fn check(&self, terms: &[Terms], shard: Option<&KeyParts>, faults: &mut Faults) {
        if self.tag.is_empty() || self.tag.contains(['{', '}']) {
            faults.add("redis.name", "must be a word without `{` and `}`");
        }
        if self.within.is_zero() {
            faults.add("redis.within", "must be longer than nothing");
        }
        if self.held_for < Duration::from_secs(1) {
            faults.add(
                "redis.held_for",
                "must be a second at least: permits are renewed three times in it",
            );
        }
        for (policy, at_most) in &self.leases {
            let path = format!("redis.leases.{policy}");
            let Some(terms) = terms.iter().find(|terms| terms.name() == policy) else {
                faults.add(&path, "there is no policy of this name");
                continue;
            };
            let limit = terms.limit();
            if limit.algorithm() != Algorithm::Gcra {
                faults.add(&path, format_args!("`{}` has no tokens to lease", limit.algorithm()));
            } else if !limit.queue().is_zero() {
                faults.add(&path, "what waits for its turn cannot have it in advance");
            } else if *at_most == 0 || u64::from(*at_most) > limit.burst() {
                faults.add(&path, format_args!("must be 1 to the burst, {}", limit.burst()));
            }
        }
        let Some(shard) = shard else { return };
        for terms in terms.iter().filter(|terms| !terms.parts().contains(shard)) {
            let path = format!("policies.{}.by", terms.name());
            faults.add(&path, format_args!("must contain what the limits are spread by: {shard}"));
        }
    }

    fn state(&self, terms: &[Terms], memory: Memory, metrics: &Metrics) -> State {
        let degrade = || terms.iter().map(Terms::degrades_to);
        let fallback = Fallback::new(self.redis.clone(), "limits", Instead::gravest(degrade()));
        let lease = |terms: &Terms| {
            let lease = self.leases.iter().find(|(policy, _)| policy == terms.name());
            lease.map_or(0, |(_, at_most)| *at_most)
        };
        let ending =
            |terms: &Terms| format!("{}:{}", letter(terms.limit().algorithm()), terms.name());
        State {
            redis: self.redis.clone(),
            fallback: fallback.within(self.within).metrics(metrics),
            tag: Tag::from(self.tag),
            endings: terms.iter().map(ending).collect(),
            held_for: self.held_for,
            instead: Instead::new(degrade(), memory),
            refusals: Refusals::new(self.remembered),
            leases: Leases::new(terms.iter().map(lease)),
            permits: Permits::new(),
            fleet: Fleet::of(self.processes),
            clock: self.clock.clone(),
            limits: ArcSwapOption::empty(),
            runtime: OnceLock::new(),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.state.leave();
    }
}

/// What each charge stands for, whoever decided it: [`Instead`] says that in the verdict itself.
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
