use buttress_core::{BuildError, Faults};

use super::cut::over;
use super::slot::MOST_TIMES;
use crate::Rule;
use crate::policy::Policy;

/// Looks whether the breakers of a table can go by it.
///
/// # Errors
///
/// Fails with all that is wrong with it, and all that a table has no room for.
pub(crate) fn check(policy: &Policy) -> Result<(), BuildError> {
    let mut faults = Faults::new();
    faults.within("", policy.check());
    room(policy, &mut faults);
    faults.finish(())
}

fn room(policy: &Policy, faults: &mut Faults) {
    let (mut failures, mut throttled, first) = (0, 0, over(policy));
    for (at, rule) in policy.rules.iter().enumerate() {
        match rule {
            Rule::Failures { n, .. } | Rule::Throttled { n, .. } if *n > MOST_TIMES => {
                let reason = format!("must be {MOST_TIMES} at most for keys, not {n}");
                faults.add(format!("rules[{at}].n"), reason);
            }
            _ if rule.over().is_some() && rule.over() != first => {
                faults.add(format!("rules[{at}].over"), "must be the same for all rates of keys");
            }
            _ => {}
        }
        failures += usize::from(matches!(rule, Rule::Failures { .. }));
        throttled += usize::from(matches!(rule, Rule::Throttled { .. }));
    }
    if failures > 1 || throttled > 1 {
        faults.add(
            "rules",
            "must not be two of failures in a time, or of throttled answers, for keys",
        );
    }
    if policy.exact_counts {
        faults.add("exact_counts", "must not be asked for with keys");
    }
}
