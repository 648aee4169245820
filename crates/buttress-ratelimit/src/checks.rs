//! What is wrong with a set of policies, whatever the store.

use buttress_core::Faults;
use buttress_core::key::KeyParts;

use crate::builder::Named;
use crate::config::MemorySettings;
use crate::policy::Cost;
use crate::store::{LimitStore, Terms};
use crate::when::Condition;
use crate::{Algorithm, MOST_POLICIES, Policy, RateLimitBuilder};

/// A longer name would fill headers and metrics.
const LONGEST_NAME: usize = 64;

pub(crate) fn check_count(policies: usize, faults: &mut Faults) {
    if policies == 0 {
        faults.add("policies", "there is none: nothing would be limited");
    }
    if policies > MOST_POLICIES {
        faults.add(
            "policies",
            format_args!("are {policies}, and {MOST_POLICIES} at most can be decided together"),
        );
    }
}

/// What settings say of a memory in which nothing is counted would be accepted and have no effect.
pub(crate) fn check_memory<S: LimitStore>(builder: &RateLimitBuilder<S>, faults: &mut Faults) {
    let Some(said) = builder.said.as_ref().filter(|said| said.memory != MemorySettings::default())
    else {
        return;
    };
    let (asked, mut wrong) = (said.memory(), Faults::new());
    asked.check_setup(&mut wrong);
    // One that cannot be made is told of elsewhere.
    let is_right = wrong.finish(()).is_ok();
    if is_right && !builder.store.memory().is_some_and(|memory| memory.is_made_as(&asked)) {
        let reason = "is not where limits are counted: the engine that was said is another one, \
                      and `settings.memory()` the one that is meant here";
        faults.add("memory", reason);
    }
}

/// What the store says of the policies. Of those whose quota makes no limit it has not heard, and takes it that there
/// are none: what they lack is told already. So is, at its place in the file, that a shard would split one.
pub(crate) fn check_terms(
    store: &impl LimitStore,
    (terms, shard): (&[Terms], Option<&KeyParts>),
    names: &[String],
    faults: &mut Faults,
) {
    let mut said = Faults::new();
    store.check_terms(terms, shard, &mut said);
    let Err(said) = said.finish(()) else { return };
    let is_heard_of = |name: &String| terms.iter().any(|terms| terms.name() == *name);
    for fault in said.faults() {
        let is_of = |name: &&String| fault.path().ends_with(&format!(".{name}"));
        let is_split = terms.iter().any(|terms| {
            let is_whole = shard.is_none_or(|shard| terms.parts().contains(shard));
            !is_whole && fault.path() == format!("policies.{}.by", terms.name())
        });
        if !is_split && names.iter().find(is_of).is_none_or(is_heard_of) {
            faults.add(fault.path(), fault.reason());
        }
    }
}

/// They stand in headers, in metrics and in the keys of a store.
pub(crate) fn check_names(policies: &[Named], faults: &mut Faults) {
    for (at, Named { name, path, .. }) in policies.iter().enumerate() {
        if !check_name(name, &format!("{path}.name"), faults) {
            continue;
        }
        if policies[..at].iter().any(|other| other.name == *name) {
            faults.add(format!("{path}.name"), "there are two policies of this name");
        }
    }
}

/// Whether it is one.
pub(crate) fn check_name(name: &str, path: &str, faults: &mut Faults) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(is_plain);
    if !is_name {
        let reason =
            format!("is no name: it must be 1 to {LONGEST_NAME} letters, digits and `-_.`");
        faults.add(path, reason);
    }
    is_name
}

/// What is wrong with it, whatever its quota is.
pub(crate) fn check_policy(policy: &Policy, path: &str, faults: &mut Faults) {
    check_conditions(&format!("{path}.when"), &policy.when, faults);
    check_conditions(&format!("{path}.unless"), &policy.unless, faults);
    if policy.when.iter().any(Condition::is_empty) {
        faults.add(format!("{path}.when"), "is true of no request: nothing would be limited");
    }
    if let Some(penalty) = &policy.penalty {
        penalty.check(faults, &format!("{path}.penalty"));
    }
    let is_reported = matches!(policy.cost, Cost::Reported(_));
    if is_reported && policy.quota.algorithm == Algorithm::Concurrent {
        let reason = "is nothing for permits: all of them come back with the answer";
        faults.add(format!("{path}.cost_reported"), reason);
    }
    if matches!(policy.cost, Cost::Fixed(0)) {
        let reason = "must be at least 1: what costs nothing is not limited";
        faults.add(format!("{path}.cost"), reason);
    }
}

pub(crate) fn check_conditions(path: &str, conditions: &[Condition], faults: &mut Faults) {
    for (at, condition) in conditions.iter().enumerate() {
        condition.check(faults, &format!("{path}[{at}]"));
    }
}
