use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, Guard};

use crate::policy::Policy;
use crate::tally::Tally;

/// What a machine goes by now. Most policies are never replaced: until one is, whoever looks here borrows the first, and
/// writes to nothing that other threads read.
pub(crate) struct Current {
    first: Rules,
    later: OnceLock<ArcSwap<Rules>>,
}

/// A policy, and what counts for its rules.
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) tally: Tally,
}

/// What counted when somebody looked.
pub(crate) enum Seen<'a> {
    First(&'a Rules),
    Later(Guard<Arc<Rules>>),
}

impl Current {
    /// By a policy that was checked.
    pub(crate) fn new(policy: Policy) -> Self {
        Self { first: Rules::new(policy), later: OnceLock::new() }
    }

    #[inline]
    pub(crate) fn load(&self) -> Seen<'_> {
        match self.later.get() {
            None => Seen::First(&self.first),
            Some(later) => Seen::Later(later.load()),
        }
    }

    /// For everybody who looks from now on.
    pub(crate) fn replace(&self, policy: Policy) {
        let rules = Arc::new(Rules::new(policy));
        self.later.get_or_init(|| ArcSwap::new(rules.clone())).store(rules);
    }
}

impl Rules {
    fn new(policy: Policy) -> Self {
        let tally = Tally::new(&policy);
        Self { policy, tally }
    }
}

impl Deref for Seen<'_> {
    type Target = Rules;

    #[inline]
    fn deref(&self) -> &Rules {
        match self {
            Self::First(rules) => rules,
            Self::Later(rules) => rules,
        }
    }
}
