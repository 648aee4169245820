use std::time::Duration;

use buttress_core::Faults;

use crate::machine::Policy;

/// What a wall around a breaker demands of its settings, of the first and of all that come later.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    /// No call takes longer.
    pub(crate) longest: Option<Duration>,
    /// No probe may lose its place before.
    pub(crate) lease: Duration,
}

impl Bounds {
    /// With what is slow within reach: what hangs until its time is over would be slow to nobody otherwise, and as
    /// little news of the dependency as a call that its caller has given up.
    pub(crate) fn fit(self, policy: Policy) -> Policy {
        match self.longest {
            Some(longest) if policy.slow >= longest && !longest.is_zero() => {
                policy.slow(longest / 2)
            }
            _ => policy,
        }
    }

    pub(crate) fn check(self, policy: &Policy, faults: &mut Faults) {
        let (lease, longest) = (policy.lease, self.lease);
        if lease < longest {
            let reason = "no shorter than an attempt may take with its wait for a permit";
            faults.add("lease", format_args!("is {lease:?}: {reason}, {longest:?}"));
        }
    }
}
