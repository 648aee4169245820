use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::AtomicUsize;

use buttress_core::clock::Timer;
use buttress_core::engine::Degrade;
use buttress_core::key::{KeyFor, KeyParts, KeyWriter, Keyer};
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults};

use super::gate::Gate;
use super::meters::Meters;
use super::{ByFn, ByKey, ThrottleLayer};
use crate::checks::check_name;
use crate::keys::Keys;
use crate::store::{IntoStore, LimitStore, Memory, Queued, Replaced, Terms};
use crate::{Algorithm, Limit, Limits, Quota};

/// Collects the settings of a [`ThrottleLayer`].
///
/// ```
/// use std::time::Duration;
///
/// use buttress_ratelimit::Quota;
/// use buttress_ratelimit::throttle::ThrottleBuilder;
/// use buttress_core::key::endpoint;
///
/// let quota = Quota::per_second(0).queue(Duration::from_secs(2));
/// let error = ThrottleBuilder::http(quota, endpoint()).most_waiting(0).build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["quota.count", "quota.queue", "most_waiting"]);
/// assert_eq!(error.faults()[1].reason(), "nobody can wait without a timer");
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct ThrottleBuilder<W, L = Memory> {
    way: W,
    quota: Quota,
    store: L,
    name: Cow<'static, str>,
    keyed_by: KeyParts,
    keyer: Option<Keyer>,
    degrade: Degrade,
    most_waiting: usize,
    metrics: Metrics,
}

/// More than this would wait longer than anyone does.
const MOST_WAITING: usize = 1_024;

impl<K: KeyFor + 'static> ThrottleBuilder<ByKey<K>> {
    /// Throttles requests of HTTP, by this key: a refusal is a response. Each key has the whole quota.
    pub fn http(quota: Quota, by: K) -> Self {
        let parts = KeyParts::of(&by);
        Self { keyed_by: parts, ..Self::new(quota, ByKey(by)) }
    }
}

impl<R, F> ThrottleBuilder<ByFn<R, F>>
where
    F: Fn(&R, &mut KeyWriter) + Send + Sync + 'static,
{
    /// Throttles any requests, by what the closure writes: a refusal is an error. If it writes nothing, all share the
    /// quota.
    pub fn any(quota: Quota, by: F) -> Self {
        Self::new(quota, ByFn { write: by, request: PhantomData })
    }
}

impl<W> ThrottleBuilder<W> {
    fn new(quota: Quota, way: W) -> Self {
        Self {
            way,
            quota,
            store: Memory::new(),
            name: Cow::Borrowed("throttle"),
            keyed_by: KeyParts::default(),
            keyer: None,
            degrade: Degrade::Local,
            most_waiting: MOST_WAITING,
            metrics: Metrics::none(),
        }
    }
}

impl<W, L: LimitStore> ThrottleBuilder<W, L> {
    /// Counts in this store. The default is the memory of this process. A [timer](Self::timer) that was said before
    /// stays.
    pub fn engine<E: IntoStore>(self, store: E) -> ThrottleBuilder<W, L::By<E::Store>>
    where
        L: Replaced,
    {
        self.map_store(|before| before.replaced_by(store.into_store()))
    }

    /// Lets requests wait for their turn, as long as the [queue](Quota::queue) of the quota says.
    pub fn timer<T: Timer + Clone>(self, timer: T) -> ThrottleBuilder<W, Queued<L, T>> {
        self.map_store(|store| Queued::new(store, timer))
    }

    /// Names it, for the metrics and for a store that a fleet shares: 1 to 64 letters, digits and `-_.`, as the
    /// policies of limits are named. The default is `throttle`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Makes keys with this one. A fleet shares its seed: the default is that of the store, and in memory a random one.
    pub fn keyer(mut self, keyer: Keyer) -> Self {
        self.keyer = Some(keyer);
        self
    }

    /// Sets what to do while the store cannot be asked. The default is to go on with the memory of this process.
    pub fn degrade(mut self, degrade: Degrade) -> Self {
        self.degrade = degrade;
        self
    }

    /// Sets how many requests may wait at once, of all keys. The default is 1,024; what comes then is refused. Over a
    /// store that has to be asked, who waits for its answer counts, too.
    pub fn most_waiting(mut self, most: usize) -> Self {
        self.most_waiting = most;
        self
    }

    /// Counts what becomes of requests. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, and with what the store cannot keep.
    pub fn build(self) -> Result<ThrottleLayer<W, L>, BuildError> {
        let limit = self.quota.check();
        let keys = self.check(limit.clone())?;
        let limit = limit?;
        let terms = self.terms(limit);
        let terms = if keys.are_sought() { terms.awaiting_keyer() } else { terms };
        Ok(ThrottleLayer::new(Gate {
            way: self.way,
            keys: keys.scoped(&self.name),
            store: self.store.bind(&[terms], None, &self.metrics)?,
            limits: Limits::from_iter([limit]),
            waiting: AtomicUsize::new(0),
            most_waiting: self.most_waiting,
            meters: Meters::new(&self.metrics, &self.name),
        }))
    }

    fn check(&self, limit: Result<Limit, BuildError>) -> Result<Keys, BuildError> {
        let mut faults = Faults::new();
        if let Some(limit) = faults.within("quota", limit) {
            self.store.check_terms(&[self.terms(limit)], None, &mut faults);
        }
        if self.quota.algorithm == Algorithm::Concurrent {
            faults.add("quota", "a throttle limits how often, not how many at the same time");
        }
        if !self.quota.queue.is_zero() && !self.store.gives_turns() {
            faults.add("quota.queue", "nobody can wait without a timer");
        }
        if self.most_waiting == 0 {
            faults.add("most_waiting", "must be at least 1");
        }
        check_name(&self.name, "name", &mut faults);
        self.store.check_setup(&mut faults);
        let keys = Keys::of(&self.store, self.keyer, &mut faults);
        faults.finish(keys)
    }

    fn terms(&self, limit: Limit) -> Terms {
        let terms = Terms::new(&*self.name, limit).degrade(self.degrade);
        terms.keyed_by(self.keyed_by.clone())
    }

    fn map_store<E>(self, change: impl FnOnce(L) -> E) -> ThrottleBuilder<W, E> {
        let Self { way, quota, store, name, keyed_by, keyer, degrade, most_waiting, metrics } =
            self;
        let store = change(store);
        ThrottleBuilder { way, quota, store, name, keyed_by, keyer, degrade, most_waiting, metrics }
    }
}

impl<W: fmt::Debug, L: fmt::Debug> fmt::Debug for ThrottleBuilder<W, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleBuilder")
            .field("way", &self.way)
            .field("quota", &self.quota)
            .field("store", &self.store)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
