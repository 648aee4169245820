use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, Guard};
use buttress_core::{BuildError, Faults};

use crate::headers::Table;
use crate::store::LimitStore;
use crate::{Limit, Limits, Quota};

/// What counts now. Most quotas are never replaced: until some are, whoever looks here borrows the first ones, and
/// writes to nothing that other threads read.
pub(crate) struct Current {
    first: Arc<Live>,
    later: OnceLock<ArcSwap<Live>>,
}

/// What counted when somebody looked.
pub(crate) enum Seen<'a> {
    First(&'a Arc<Live>),
    Later(Guard<Arc<Live>>),
}

impl Current {
    pub(crate) fn new(first: Live) -> Self {
        Self { first: Arc::new(first), later: OnceLock::new() }
    }

    /// It is looked at and not cloned: a count of references is what many threads would wait for.
    #[inline]
    pub(crate) fn load(&self) -> Seen<'_> {
        match self.later.get() {
            None => Seen::First(&self.first),
            Some(later) => Seen::Later(later.load()),
        }
    }

    /// For everybody who looks from now on.
    pub(crate) fn replace(&self, live: Live) {
        let live = Arc::new(live);
        self.later.get_or_init(|| ArcSwap::new(live.clone())).store(live);
    }
}

impl Deref for Seen<'_> {
    type Target = Arc<Live>;

    #[inline]
    fn deref(&self) -> &Arc<Live> {
        match self {
            Self::First(live) => live,
            Self::Later(live) => live,
        }
    }
}

/// What may be replaced while requests come: numbers, and what headers say of them.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) limits: Limits,
    pub(crate) quotas: Box<[Quota]>,
    pub(crate) table: Table,
}

impl Live {
    /// Of quotas that were checked.
    pub(crate) fn new(names: &[Arc<str>], quotas: Vec<Quota>, limits: &[Limit]) -> Self {
        let table = Table::new(names.iter().zip(limits.iter().copied()));
        Self { limits: limits.iter().copied().collect(), quotas: quotas.into(), table }
    }

    /// The same with other quotas: all of them, or none.
    pub(crate) fn with<'a>(
        &self,
        names: &[Arc<str>],
        costs: &[u32],
        changed: impl IntoIterator<Item = (&'a str, Quota)>,
        store: &impl LimitStore,
    ) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        let mut quotas = self.quotas.to_vec();
        let mut seen = vec![false; quotas.len()];
        for (name, quota) in changed {
            let path = format!("policies.{name}");
            let Some(at) = names.iter().position(|known| **known == *name) else {
                faults.add(path, "there is no policy of this name");
                continue;
            };
            if std::mem::replace(&mut seen[at], true) {
                faults.add(path, "is there twice");
                continue;
            }
            self.check(at, quota, costs, &path, &mut faults);
            quotas[at] = quota;
        }
        // What is wrong was noted above; nothing is built of it.
        let before = self.limits.all().iter();
        let limits = quotas.iter().zip(before).map(|(new, old)| new.check().unwrap_or(*old));
        let limits = limits.collect::<Vec<_>>();
        store.check_limits(&limits.iter().copied().collect(), &mut faults);
        faults.finish(()).map(|()| Self::new(names, quotas, &limits))
    }

    fn check(&self, at: usize, quota: Quota, costs: &[u32], path: &str, faults: &mut Faults) {
        if let Some(limit) = faults.within(&format!("{path}.quota"), quota.check()) {
            check_cost(&limit, costs[at], path, faults);
        }
        let before = self.quotas[at];
        if quota.algorithm != before.algorithm {
            let (new, old) = (quota.algorithm, before.algorithm);
            faults.add(
                format!("{path}.quota.algorithm"),
                format_args!("cannot become `{new}`: its counters are those of `{old}`"),
            );
        }
        if quota.queue.is_zero() != before.queue.is_zero() {
            faults
                .add(format!("{path}.quota.queue"), "can be longer or shorter, but not come or go");
        }
    }
}

/// What never fits is a mistake, and not a limit.
pub(crate) fn check_cost(limit: &Limit, cost: u32, path: &str, faults: &mut Faults) {
    let most = limit.burst();
    if u64::from(cost) > most {
        faults.add(
            format!("{path}.cost"),
            format_args!("is {cost}, and there is never more than {most} at once"),
        );
    }
}
