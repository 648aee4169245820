use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use buttress_core::key::KeyParts;
use buttress_core::sync::Lock;
use buttress_core::{BuildError, Faults};

use crate::bans::Bans;
use crate::builder::Named;
use crate::checks::{
    check_conditions, check_count, check_memory, check_names, check_policy, check_terms,
};
use crate::denial::Denial;
use crate::inner::{Inner, Shard};
use crate::keys::Keys;
use crate::live::{Current, Live, check_cost};
use crate::meters::{Meters, PolicyMeters};
use crate::policy::Cost;
use crate::rule::Rule;
use crate::store::{LimitStore, Terms};
use crate::usage::UsageMeters;
use crate::violations::Violations;
use crate::when::Condition;
use crate::{Limit, Quota, RateLimitBuilder, SharedBans};

/// A rate limit that was checked, and that no store knows yet.
pub(crate) struct Plan<S> {
    inner: Inner<S>,
    terms: Vec<Terms>,
    metrics: buttress_core::metrics::Metrics,
    shard: Option<KeyParts>,
}

/// What was read of one policy.
struct Read {
    rule: Rule,
    quota: Quota,
    limit: Limit,
    cost: u32,
    terms: Terms,
}

impl<S: LimitStore> Plan<S> {
    pub(crate) fn of(mut builder: RateLimitBuilder<S>, faults: &mut Faults) -> Self {
        let keys = Keys::of(&builder.store, builder.keyer.take(), faults).scoped("ratelimit");
        let shard = builder.shard_by.as_ref().map(|by| KeyParts::of(&**by));
        check_count(builder.policies.len(), faults);
        check_names(&builder.policies, faults);
        check_conditions("exempt", &builder.exempt, faults);
        check_conditions("deny", &builder.deny, faults);
        builder.forms.check(faults);
        let names: Vec<_> = builder.policies.iter().map(|named| named.name.clone()).collect();
        let mut read = Vec::new();
        // What is beyond the most was refused above, and has no number.
        for (number, named) in (0..u8::MAX).zip(std::mem::take(&mut builder.policies)) {
            if !named.policy.quota.queue.is_zero() && !builder.store.gives_turns() {
                let queue = named.said.place("quota.queue");
                faults.add(format!("{}.{queue}", named.path), "needs a timer: say `.timer(…)`");
            }
            read.extend(Read::of(number, named, (&keys, builder.shadow, shard.as_ref()), faults));
        }
        let terms: Vec<_> = read.iter().map(|read| read.terms.clone()).collect();
        let bans = bans(&read, builder.most_banned, faults);
        if builder.most_waiting.is_some() && !builder.store.gives_turns() {
            faults.add("most_waiting", "nobody waits without a timer: say `.timer(…)`");
        }
        builder.store.check_setup(faults);
        check_terms(&builder.store, (&terms, shard.as_ref()), &names, faults);
        check_memory(&builder, faults);
        let metrics = builder.metrics.clone();
        Self { inner: inner(builder, read, bans, &keys), terms, metrics, shard }
    }

    /// Tells the store.
    pub(crate) fn bind(self) -> Result<Inner<S>, BuildError> {
        let Self { inner, terms, metrics, shard } = self;
        let store = inner.store.clone().bind(&terms, shard.as_ref(), &metrics)?;
        if let Some(bans) = &inner.bans {
            let policies = inner.rules.iter().map(|rule| (rule.name.clone(), rule.penalty));
            let shared = SharedBans::new(bans.clone(), inner.clock.clone(), policies);
            if store.carry_bans(&shared) {
                bans.outbox.carry();
            }
        }
        Ok(Inner { store, ..inner })
    }
}

fn inner<S: LimitStore>(
    builder: RateLimitBuilder<S>,
    read: Vec<Read>,
    bans: Option<Bans>,
    keys: &Keys,
) -> Inner<S> {
    let names: Box<[Arc<str>]> = read.iter().map(|read| read.rule.name.clone()).collect();
    let limits: Vec<_> = read.iter().map(|read| read.limit).collect();
    let quotas = read.iter().map(|read| read.quota).collect();
    let metered = |name: &Arc<str>| PolicyMeters::new(&builder.metrics, name);
    let used = |name: &Arc<str>| UsageMeters::new(&builder.metrics, name);
    let shards = keys.scoped("shards");
    let of_set = builder.store.rule_set().map(|name| shards.scoped(name));
    let shards = of_set.unwrap_or(shards);
    Inner {
        store: builder.store,
        live: Current::new(Live::new(&names, quotas, &limits)),
        replacing: Lock::new(()),
        policy_meters: names.iter().map(metered).collect(),
        usage_meters: names.iter().map(used).collect(),
        names,
        costs: read.iter().map(|read| read.cost).collect(),
        rules: read.into_iter().map(|read| read.rule).collect(),
        exempt: builder.exempt.into(),
        deny: denials(builder.deny),
        missed: AtomicBool::new(false),
        counts_probes: builder.counts_probes,
        shard: builder.shard_by.map(|by| Shard { by, keys: shards }),
        shown_keys: keys.scoped("shown to clients"),
        forms: builder.forms,
        clock: builder.clock,
        bans: bans.map(Arc::new),
        meters: Meters::new(&builder.metrics),
        violations: Violations(builder.audit),
        said: builder.said,
    }
}

fn denials(deny: Vec<Condition>) -> Box<[Denial]> {
    deny.into_iter().enumerate().map(|(at, condition)| Denial::new(at, condition)).collect()
}

/// Room for them, if a policy bans anybody.
fn bans(read: &[Read], most: usize, faults: &mut Faults) -> Option<Bans> {
    if !read.iter().any(|read| read.rule.penalty.is_some()) {
        return None;
    }
    if most == 0 {
        faults.add("most_banned", "must be at least 1, as a policy has a penalty");
        return None;
    }
    if !Bans::fit(most) {
        faults.add("most_banned", "is more memory than there is");
        return None;
    }
    Some(Bans::new(most, read.iter().map(|read| read.rule.penalty)))
}

impl Read {
    fn of(
        number: u8,
        Named { name, path, policy, has_quota, .. }: Named,
        (keys, shadow, shard): (&Keys, bool, Option<&KeyParts>),
        faults: &mut Faults,
    ) -> Option<Self> {
        check_policy(&policy, &path, faults);
        let name: Arc<str> = name.into();
        let quota = policy.quota;
        let cost = match policy.cost {
            Cost::Fixed(cost) | Cost::Reported(cost) => cost,
            // Nobody knows before it is asked.
            Cost::Own(_) => 0,
        };
        let degrade = policy.degrade;
        let rule = Rule::new(number, name.clone(), policy, keys, shadow);
        if let Some(shard) = shard.filter(|shard| !rule.parts.contains(shard)) {
            let parts = &rule.parts;
            faults.add(
                format!("{path}.by"),
                format_args!("is {parts}: limits that are spread by {shard} would be split"),
            );
        }
        let limit = faults.within(&format!("{path}.quota"), quota.check()).filter(|_| has_quota)?;
        check_cost(&limit, cost, &path, faults);
        let terms = Terms::new(name, limit).degrade(degrade).keyed_by(rule.parts.clone());
        let returns = rule.is_open() || rule.is_reported();
        let terms = if returns { terms.returning() } else { terms };
        let terms = if keys.are_sought() { terms.awaiting_keyer() } else { terms };
        Some(Self { rule, quota, limit, cost, terms })
    }
}
