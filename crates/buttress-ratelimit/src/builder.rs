mod named;
mod waiting;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::key::{KeyFor, Keyer};
use buttress_core::metrics::Metrics;
use buttress_core::{Audit, BuildError, Faults};

pub(crate) use self::named::Named;
use crate::config::Said;
use crate::headers::Forms;
use crate::plan::Plan;
use crate::store::{IntoStore, LimitStore, Memory, Replaced};
use crate::when::Condition;
use crate::{HeaderForm, Policy, RateLimit, RateLimitSettings};

/// Collects what a [`RateLimit`] is made of.
///
/// ```
/// use buttress_core::stage::{Decision, Stage};
/// use buttress_ratelimit::{Quota, RateLimit, everyone, path, path_prefix};
///
/// let limits = RateLimit::builder()
///     .policy("all", Quota::per_hour(1).by(everyone()))
///     .exempt(path_prefix("/docs"))
///     .deny(path("/docs/draft"))
///     .build()?;
/// let stage = limits.stage();
/// let status = |path: &str| match stage.enter(&mut http::Request::get(path).body(()).unwrap()) {
///     Decision::Refuse(problem, _) => problem.status().as_u16(),
///     _ => 200,
/// };
/// assert_eq!(["/docs/a", "/docs/b", "/docs/draft"].map(status), [200, 200, 403]);
/// assert_eq!(["/", "/"].map(status), [200, 429]);
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct RateLimitBuilder<S = Memory> {
    pub(crate) store: S,
    pub(crate) policies: Vec<Named>,
    pub(crate) exempt: Vec<Condition>,
    pub(crate) deny: Vec<Condition>,
    pub(crate) shadow: bool,
    pub(crate) counts_probes: bool,
    pub(crate) forms: Forms,
    pub(crate) keyer: Option<Keyer>,
    pub(crate) shard_by: Option<Arc<dyn KeyFor>>,
    pub(crate) most_banned: usize,
    /// What settings say of it, until there is a timer.
    pub(crate) most_waiting: Option<usize>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) audit: Audit,
    /// What was wrong with the settings that it comes from.
    pub(crate) faults: Faults,
    /// These settings.
    pub(crate) said: Option<Box<RateLimitSettings>>,
}

/// How many keys are watched for penalties, if nothing else is said.
const MOST_BANNED: usize = 16_384;

impl<S> RateLimitBuilder<S> {
    /// Adds a policy: eight are the most, as all of them are decided together. Its name is seen by clients, in metrics
    /// and in stores.
    pub fn policy(mut self, name: impl Into<String>, policy: Policy) -> Self {
        let name = name.into();
        let path = format!("policies.{name}");
        self.policies.push(Named { name, path, policy, said: Said::Code, has_quota: true });
        self
    }

    /// Never counts these requests.
    pub fn exempt(mut self, condition: Condition) -> Self {
        self.exempt.push(condition);
        self
    }

    /// Refuses these requests with 403 and `FORBIDDEN`, whatever else is said, exempt or not. Where it cannot be known
    /// whether a condition holds, it [does](crate::when#what-cannot-be-known).
    pub fn deny(mut self, condition: Condition) -> Self {
        self.deny.push(condition);
        self
    }

    /// Refuses nobody: all policies are tried out. Those of the deny list are refused all the same.
    pub fn shadow(mut self) -> Self {
        self.shadow = true;
        self
    }

    /// Counts probes, too. Otherwise what is [marked](buttress_core::RequestContext::is_probe) as one passes.
    pub fn count_probes(mut self) -> Self {
        self.counts_probes = true;
        self
    }

    /// Sets the headers that tell a client about its quotas. None is a choice, too: `Retry-After` stays.
    pub fn headers(mut self, forms: impl IntoIterator<Item = HeaderForm>) -> Self {
        self.forms.wanted = forms.into_iter().collect();
        self
    }

    /// Sends them with the answers of requests that pass, too, and not only with refusals: as it is once what comes back
    /// with the answer is back.
    pub fn headers_on_success(mut self) -> Self {
        self.forms.on_success = true;
        self
    }

    /// Tells in the structured `RateLimit` whose quota it is: `pk=:…:`, a hash that is in no store, and the same for
    /// the same key. `RateLimit-Policy` has none, as it says what is the same for all.
    pub fn partition_keys(mut self) -> Self {
        self.forms.partition_keys = true;
        self
    }

    /// Sets what makes keys. A fleet shares the seed, or each process would count for itself: the default is what the
    /// [store knows](LimitStore::keyer), or is going to know. In memory it is random.
    pub fn keyer(mut self, keyer: Keyer) -> Self {
        self.keyer = Some(keyer);
        self
    }

    /// Spreads the counters by this key: all that one request is charged is at one place of a cluster, and another key
    /// is at another.
    ///
    /// Each policy must go by these parts, and may go by more: else its counters would be in several places. A store in
    /// memory has one place for all.
    pub fn shard_by(mut self, key: impl KeyFor + 'static) -> Self {
        self.shard_by = Some(Arc::new(key));
        self
    }

    /// Sets how many keys are watched for [penalties](crate::Penalty), at 80 bytes each. The default is 16,384. When
    /// there is no room, the key that would be free first gives way.
    pub fn most_banned(mut self, keys: usize) -> Self {
        self.most_banned = keys;
        self
    }

    /// Sets the clock of penalties. That of counters is the store's own.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets where metrics go: lent or given. The default is nowhere.
    pub fn metrics(mut self, metrics: impl Borrow<Metrics>) -> Self {
        self.metrics = metrics.borrow().clone();
        self
    }

    /// Sets who hears of violations, and of what operators change. The default is `tracing`.
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    /// Sets where limits are counted. The default is the memory of this process. A [timer](Self::timer) that was said
    /// before stays. A handle to Redis will do, too, and means a `RedisStore` with its defaults. All who share it make
    /// the same keys: by its seed, which the store [asks for](crate::store::redis#keys), or by a [keyer](Self::keyer).
    pub fn engine<T: IntoStore>(self, store: T) -> RateLimitBuilder<S::By<T::Store>>
    where
        S: Replaced,
    {
        self.map(|before| before.replaced_by(store.into_store()))
    }

    fn map<T>(self, store: impl FnOnce(S) -> T) -> RateLimitBuilder<T> {
        RateLimitBuilder {
            store: store(self.store),
            policies: self.policies,
            exempt: self.exempt,
            deny: self.deny,
            shadow: self.shadow,
            counts_probes: self.counts_probes,
            forms: self.forms,
            keyer: self.keyer,
            shard_by: self.shard_by,
            most_banned: self.most_banned,
            most_waiting: self.most_waiting,
            clock: self.clock,
            metrics: self.metrics,
            audit: self.audit,
            faults: self.faults,
            said: self.said,
        }
    }
}

impl<S: LimitStore> RateLimitBuilder<S> {
    /// Checks everything, once, so that no request has to.
    ///
    /// # Errors
    ///
    /// Fails with all that is wrong: of numbers, names, conditions, keys, and of what the store cannot keep.
    pub fn build(mut self) -> Result<RateLimit<S>, BuildError> {
        let mut faults = std::mem::take(&mut self.faults);
        let planned = Plan::of(self, &mut faults);
        faults
            .finish(planned)
            .and_then(Plan::bind)
            .map(|inner| RateLimit { inner: Arc::new(inner) })
    }
}

impl Default for RateLimitBuilder {
    fn default() -> Self {
        Self {
            store: Memory::default(),
            policies: Vec::new(),
            exempt: Vec::new(),
            deny: Vec::new(),
            shadow: false,
            counts_probes: false,
            forms: Forms::default(),
            keyer: None,
            shard_by: None,
            most_banned: MOST_BANNED,
            most_waiting: None,
            clock: Arc::new(SystemClock),
            metrics: Metrics::none(),
            audit: Audit::default(),
            faults: Faults::new(),
            said: None,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for RateLimitBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitBuilder")
            .field(
                "policies",
                &self.policies.iter().map(|named| (&named.name, &named.policy)).collect::<Vec<_>>(),
            )
            .field("exempt", &self.exempt)
            .field("deny", &self.deny)
            .field("shadow", &self.shadow)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
