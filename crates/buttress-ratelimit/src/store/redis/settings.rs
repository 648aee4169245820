use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use buttress_core::Faults;
use buttress_core::clock::{Clock, TokioClock};
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::sync::Lock;
use buttress_redis::engine::Fallback;
use buttress_redis::{Redis, Tag};

use super::fleet::{Fleet, Member};
use super::instead::Instead;
use super::leases::Leases;
use super::permits::Permits;
use super::refusals::Refusals;
use super::script::letter;
use super::state::State;
use crate::meters::FALLBACK;
use crate::store::{LimitStore, Memory, Terms};
use crate::{Algorithm, Limit};

/// How a store was set up, and what is made of it once it knows its policies.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) redis: Redis,
    pub(super) name: Cow<'static, str>,
    pub(super) within: Duration,
    pub(super) processes: NonZeroU32,
    pub(super) remembered: usize,
    pub(super) held_for: Duration,
    pub(super) leases: Vec<(String, u32)>,
    /// Nothing, if each that is bound has one of its own.
    pub(super) memory: Option<Memory>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Settings {
    pub(super) fn new(redis: Redis) -> Self {
        Self {
            redis,
            name: Cow::Borrowed("limits"),
            within: Duration::from_millis(100),
            processes: NonZeroU32::MIN,
            remembered: 16_384,
            held_for: Duration::from_secs(30),
            leases: Vec::new(),
            memory: None,
            clock: Arc::new(TokioClock::new()),
        }
    }

    /// Said again of a policy, it is the later one that holds.
    pub(super) fn lease(&mut self, policy: String, at_most: u32) {
        self.leases.retain(|(other, _)| *other != policy);
        self.leases.push((policy, at_most));
    }

    /// What is wrong whatever the policies are.
    pub(super) fn check_setup(&self, faults: &mut Faults) {
        self.check_alone(faults);
        let mut memory = Faults::new();
        if let Some(local) = &self.memory {
            local.check_setup(&mut memory);
        }
        faults.within("redis", memory.finish(()));
    }

    pub(super) fn check_alone(&self, faults: &mut Faults) {
        if self.name.is_empty() || self.name.contains(['{', '}']) {
            faults.add("redis.name", "must be a word without `{` and `}`");
        }
        if self.within.is_zero() {
            faults.add("redis.within", "must be greater than zero");
        }
        if self.held_for < Duration::from_secs(1) {
            faults.add(
                "redis.held_for",
                "must be a second at least: permits are renewed three times in it",
            );
        }
        if !Refusals::fit(self.remembered) {
            faults.add("redis.remembered", "is more memory than there is");
        }
    }

    /// What is wrong as the policies are these.
    pub(super) fn check_terms(
        &self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        faults: &mut Faults,
    ) {
        self.check_leases(terms, faults);
        let Some(shard) = shard else { return };
        for terms in terms.iter().filter(|terms| !terms.parts().contains(shard)) {
            let path = format!("policies.{}.by", terms.name());
            faults.add(&path, format_args!("must contain what the limits are spread by: {shard}"));
        }
    }

    fn check_leases(&self, terms: &[Terms], faults: &mut Faults) {
        let limit = |policy: &str| terms.iter().find(|terms| terms.name() == policy);
        self.check_leases_of(faults, |policy| limit(policy).map(Terms::limit));
    }

    /// Whether they go with these limits.
    pub(super) fn check_leases_of<'a>(
        &self,
        faults: &mut Faults,
        limit: impl Fn(&str) -> Option<&'a Limit>,
    ) {
        for (policy, at_most) in &self.leases {
            let path = format!("redis.leases.{policy}");
            let Some(limit) = limit(policy) else {
                faults.add(&path, "there is no policy of this name");
                continue;
            };
            if limit.algorithm() != Algorithm::Gcra {
                faults.add(&path, format_args!("`{}` has no tokens to lease", limit.algorithm()));
            } else if !limit.queue().is_zero() {
                faults.add(&path, "what waits for its turn cannot have it in advance");
            } else if *at_most == 0 || u64::from(*at_most) > limit.burst() {
                faults.add(&path, format_args!("must be 1 to the burst, {}", limit.burst()));
            }
        }
    }

    pub(super) fn state(&self, terms: &[Terms], memory: Memory, metrics: &Metrics) -> State {
        let degrade = || terms.iter().map(Terms::degrades_to);
        let fallback = Fallback::new(self.redis.clone(), "limits", Instead::gravest(degrade()));
        let name = word(self.name.clone());
        let fallback = fallback.gauge(metrics.bind(&FALLBACK, [name]));
        let awaits_seed = terms.iter().any(Terms::awaits_keyer);
        let fallback = if awaits_seed { fallback.needs_seed() } else { fallback };
        let lease = |terms: &Terms| {
            let lease = self.leases.iter().find(|(policy, _)| policy == terms.name());
            lease.map_or(0, |(_, at_most)| *at_most)
        };
        let ending =
            |terms: &Terms| format!("{}:{}", letter(terms.limit().algorithm()), terms.name());
        State {
            redis: self.redis.clone(),
            fallback: fallback.within(self.within).metrics(metrics),
            tag: Tag::from(name),
            endings: terms.iter().map(ending).collect(),
            held_for: self.held_for,
            instead: Instead::new(degrade(), memory),
            refusals: Refusals::new(self.remembered),
            returns: terms.iter().map(Terms::returns).collect(),
            leases: Leases::new(terms.iter().map(lease)),
            permits: Permits::new(),
            fleet: Fleet::of(self.processes.get()),
            member: Member::join(self.redis.process(), name),
            clock: self.clock.clone(),
            awaits_seed,
            limits: ArcSwapOption::empty(),
            is_left: AtomicBool::new(false),
            runtime: OnceLock::new(),
            bans: OnceLock::new(),
        }
    }
}

/// A tag is a word of the program, which is copied for each call. A name that is not becomes one: once, however often a
/// set of this name is made.
fn word(name: Cow<'static, str>) -> &'static str {
    static NAMES: Lock<BTreeSet<&'static str>> = Lock::new(BTreeSet::new());
    let name = match name {
        Cow::Borrowed(word) => return word,
        Cow::Owned(name) => name,
    };
    let mut names = NAMES.lock();
    if let Some(word) = names.get(name.as_str()) {
        return word;
    }
    let word: &'static str = Box::leak(name.into_boxed_str());
    names.insert(word);
    word
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_memory_once() {
        let name = |text: &str| Cow::Owned(text.to_owned());
        let (one, again) = (word(name("shop-7")), word(name("shop-7")));
        assert!(std::ptr::eq(one, again));
        assert_eq!((one, word(name("shop-8"))), ("shop-7", "shop-8"));
        let own = "of the program";
        assert!(std::ptr::eq(own, word(Cow::Borrowed(own))));
    }
}
