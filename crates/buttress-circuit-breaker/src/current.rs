use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, Guard};

use crate::policy::Policy;
use crate::tally::Tally;

/// What a machine, or a table, goes by now. Most policies are never replaced: until one is, whoever looks here borrows
/// the first, and writes to nothing that other threads read.
pub(crate) struct Current<R> {
    first: R,
    later: OnceLock<ArcSwap<R>>,
    /// Models do not see what a swap orders. This stands for it.
    #[cfg(all(test, buttress_loom))]
    order: crate::parts::atomic::AtomicU64,
}

/// A policy, and what counts for its rules.
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) tally: Tally,
}

/// What counted when somebody looked.
pub(crate) enum Seen<'a, R> {
    First(&'a R),
    Later(Guard<Arc<R>>),
}

impl<R> Current<R> {
    /// By what was checked.
    pub(crate) fn new(first: R) -> Self {
        Self {
            first,
            later: OnceLock::new(),
            #[cfg(all(test, buttress_loom))]
            order: crate::parts::atomic::AtomicU64::new(0),
        }
    }

    #[inline]
    pub(crate) fn load(&self) -> Seen<'_, R> {
        let seen = match self.later.get() {
            None => Seen::First(&self.first),
            Some(later) => Seen::Later(later.load()),
        };
        #[cfg(all(test, buttress_loom))]
        self.order.fetch_add(1, crate::parts::atomic::Ordering::AcqRel);
        seen
    }

    /// For everybody who looks from now on.
    pub(crate) fn replace(&self, rules: R) {
        let rules = Arc::new(rules);
        #[cfg(all(test, buttress_loom))]
        self.order.fetch_add(1, crate::parts::atomic::Ordering::AcqRel);
        self.later.get_or_init(|| ArcSwap::new(rules.clone())).store(rules);
    }
}

impl Rules {
    pub(crate) fn new(policy: Policy) -> Self {
        let tally = Tally::new(&policy);
        Self { policy, tally }
    }
}

impl<R> Deref for Seen<'_, R> {
    type Target = R;

    #[inline]
    fn deref(&self) -> &R {
        match self {
            Self::First(rules) => rules,
            Self::Later(rules) => rules,
        }
    }
}
