use std::fmt;
use std::sync::{Arc, OnceLock};

use buttress_core::Faults;
use buttress_core::key::Keyer;

use crate::store::LimitStore;

/// What keys are made with: known when limits are built, or from the moment on at which their store knows it.
pub(crate) struct Keys {
    first: Keyer,
    /// Nothing where the first one stays, as it nearly always does: then this is all that a request looks at.
    later: Option<Box<Later>>,
}

struct Later {
    seek: Seek,
    /// The names of its scopes, the outermost first.
    scopes: Vec<Box<str>>,
    found: OnceLock<Keyer>,
}

/// What the store knows by now.
type Seek = Arc<dyn Fn() -> Option<Keyer> + Send + Sync>;

impl Keys {
    /// What was said, else what the store knows or is going to know, else a random one. For what a fleet shares that
    /// will not do: each process would count for itself, which looks like limits that do not hold.
    pub(crate) fn of(store: &impl LimitStore, said: Option<Keyer>, faults: &mut Faults) -> Self {
        if let Some(known) = said.or_else(|| store.keyer()) {
            return Self { first: known, later: None };
        }
        let mut later = None;
        if store.finds_keyer() {
            let store = store.clone();
            let seek = Arc::new(move || store.keyer());
            later = Some(Box::new(Later { seek, scopes: Vec::new(), found: OnceLock::new() }));
        } else if store.is_shared() {
            faults.add(
                "key_seed",
                "is not known, and no other process would make the same keys: ask for it with \
                 `redis.seed(\"keys\").await?`, say `.keyer(…)`, or put one seed into all settings",
            );
        }
        Self { first: Keyer::random(), later }
    }

    /// As [`Keyer::scoped`].
    pub(crate) fn scoped(&self, name: &str) -> Self {
        let later = self.later.as_ref().map(|later| {
            let scopes = later.scopes.iter().cloned().chain([name.into()]).collect();
            Box::new(Later { seek: later.seek.clone(), scopes, found: OnceLock::new() })
        });
        Self { first: self.first.scoped(name), later }
    }

    /// Whether the store has to find them.
    pub(crate) const fn are_sought(&self) -> bool {
        self.later.is_some()
    }

    /// What makes a key now, and whether no other process makes the same ones. Once others do, they always do: of two
    /// that are asked for one after the other, the second is no older than the first.
    #[inline]
    pub(crate) fn now(&self) -> (&Keyer, bool) {
        match &self.later {
            None => (&self.first, false),
            Some(later) => later.found().map_or((&self.first, true), |found| (found, false)),
        }
    }
}

impl Later {
    fn found(&self) -> Option<&Keyer> {
        if let Some(found) = self.found.get() {
            return Some(found);
        }
        let whole = (self.seek)()?;
        let scoped = || self.scopes.iter().fold(whole, |keyer, name| keyer.scoped(name));
        Some(self.found.get_or_init(scoped))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("are_sought", &self.are_sought()).finish_non_exhaustive()
    }
}
