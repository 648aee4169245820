//! The suite for stores sees one that admits a single one too many, of whichever algorithm.

use std::collections::HashSet;
use std::sync::Arc;

use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::stage::Never;
use buttress_core::sync::Lock;
use buttress_core::{BuildError, Key};
use buttress_ratelimit::store::{LimitStore, Memory, Terms};
use buttress_ratelimit::{
    Algorithm, Charges, Limit, Limits, Source, Standing, Verdict, conformance,
};

/// A memory that admits each key once more than it may, of the limits that are meant.
#[derive(Clone, Debug)]
struct Generous {
    memory: Memory,
    to: fn(&Limit) -> bool,
    given: Arc<Lock<HashSet<(u8, Key)>>>,
}

impl Generous {
    fn new(to: fn(&Limit) -> bool) -> Self {
        Self { memory: Memory::new(), to, given: Arc::default() }
    }
}

impl LimitStore for Generous {
    type Wait = Never;

    fn bind(
        self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        Ok(Self { memory: self.memory.bind(terms, shard, metrics)?, ..self })
    }

    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        let Step::Now(verdict) = self.memory.take(limits, charges);
        let [charge] = charges.as_slice() else { return Step::Now(verdict) };
        let limit = limits.of(charge);
        let fits = u64::from(charge.cost()) <= limit.burst();
        let is_given = !verdict.is_taken() && (self.to)(limit) && fits;
        if is_given && self.given.lock().insert((charge.policy(), charge.key())) {
            let mut lie = Verdict::taken();
            lie.push(Standing::new(0, verdict.standings()[0].resets_in(), Source::Store));
            return Step::Now(lie);
        }
        Step::Now(verdict)
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        self.memory.look(limits, charges)
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        self.memory.count(limits, charges);
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        self.memory.give_back(limits, charges);
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        self.memory.forget(limits, charges)
    }
}

/// What the suite says of a store that is generous to these.
fn blamed(to: fn(&Limit) -> bool) -> Option<String> {
    let suite = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(conformance::limits(async || Generous::new(to)));
    };
    let panic = std::thread::spawn(suite).join().err()?;
    let text = panic.downcast_ref::<String>().map(String::as_str);
    Some(text.or(panic.downcast_ref().copied()).unwrap_or_default().to_owned())
}

fn is_bucket(limit: &Limit) -> bool {
    limit.algorithm() == Algorithm::Gcra && limit.queue().is_zero()
}

#[test]
fn one_too_many_is_seen_of_every_algorithm() {
    for (what, to) in [
        ("bucket", is_bucket as fn(&Limit) -> bool),
        ("window", |limit| limit.algorithm() == Algorithm::FixedWindow),
        ("sliding", |limit| limit.algorithm() == Algorithm::SlidingCounter),
        ("log", |limit| limit.algorithm() == Algorithm::SlidingLog),
        ("permits", |limit| limit.algorithm() == Algorithm::Concurrent),
        ("queue", |limit| !limit.queue().is_zero()),
    ] {
        let blame = blamed(to).unwrap_or_else(|| panic!("one more of {what} is not seen"));
        let is_of_it = blame.contains("no more than") || blame.contains("one too many");
        assert!(is_of_it, "{what}: {blame}");
    }
    assert_eq!(blamed(|_| false), None, "who is not generous passes");
}
