use std::fmt;
use std::sync::Arc;

use buttress_core::stage::{Stage, StageLayer};
use buttress_core::{BuildError, Fault, Faults, Health, Key, Probe, ProbeFuture};

use crate::bans::Lifted;
use crate::inner::{Inner, Part};
use crate::policy::Place;
use crate::store::{LimitStore, Memory};
use crate::violations::By;
use crate::{Ban, Charge, LimitStage, NoSuchLimit, Quota, RateLimitBuilder};

/// Limits, checked and ready. Clones count together.
///
/// Made by [`RateLimit::builder`]. From it come the layer, the two stages around authentication, and what an operator
/// asks without a request: see the [crate](crate) for the whole picture.
///
/// ```
/// use buttress_core::engine::Step;
/// use buttress_ratelimit::{Quota, RateLimit, principal};
///
/// let limits = RateLimit::builder().policy("writes", Quota::per_minute(2).by(principal())).build()?;
///
/// // The same key as that of a request of hers.
/// let ada = limits.writer("writes").unwrap().principal("ada").key();
/// for left in [1, 0] {
///     let Step::Now(verdict) = limits.check("writes", ada)?;
///     assert_eq!(verdict.standings()[0].remaining(), left);
/// }
/// let Step::Now(verdict) = limits.peek("writes", ada)?;
/// assert!(verdict.refusal().is_some());
///
/// let Step::Now(_) = limits.reset("writes", ada)?;
/// let Step::Now(verdict) = limits.check("writes", ada)?;
/// assert!(verdict.is_taken());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct RateLimit<S: LimitStore = Memory> {
    pub(crate) inner: Arc<Inner<S>>,
}

impl RateLimit {
    /// Starts from the defaults: in memory, without a policy.
    pub fn builder() -> RateLimitBuilder {
        RateLimitBuilder::default()
    }
}

/// In front of a service.
impl<S: LimitStore> RateLimit<S> {
    /// A tower layer of all policies.
    ///
    /// It is right where nobody has to log in, or behind where that is done. Otherwise take
    /// [`before_auth`](Self::before_auth) and [`after_auth`](Self::after_auth).
    pub fn layer(&self) -> StageLayer<LimitStage<S>> {
        self.stage().layer()
    }

    /// A stage of all policies, to be put together with others.
    pub fn stage(&self) -> LimitStage<S> {
        LimitStage::new(self.inner.clone(), Part::All)
    }

    /// A stage of the policies that do not need to know who is calling: outside of authentication. It is a tower layer
    /// as well.
    pub fn before_auth(&self) -> LimitStage<S> {
        LimitStage::new(self.inner.clone(), Part::Only(Place::BeforeAuth))
    }

    /// A stage of the policies that do: inside of authentication. Their keys say principal, tenant or session, or the
    /// policy says [`after_auth`](crate::Policy::after_auth). It is a tower layer as well.
    pub fn after_auth(&self) -> LimitStage<S> {
        LimitStage::new(self.inner.clone(), Part::Only(Place::AfterAuth))
    }
}

/// Penalties.
impl<S: LimitStore> RateLimit<S> {
    /// The bans, in no order. In a fleet these are the bans of all processes, except those of the last half second.
    #[must_use]
    pub fn bans(&self) -> Vec<Ban> {
        let Some(bans) = &self.inner.bans else { return Vec::new() };
        let all = bans.all(self.inner.clock.now());
        self.inner.note_banned(all.len());
        let named = all.into_iter().filter_map(|(policy, key, left)| {
            let policy = self.inner.names.get(usize::from(policy))?.clone();
            Some(Ban { policy, key, left })
        });
        named.collect()
    }

    /// Lifts a ban, and forgets the refusals behind it; whether there was one here. In a fleet it is lifted by all
    /// processes: by the others half a second later, and whether or not it was known here.
    ///
    /// The audit is told that the system did it; an [operator](Self::operator) says who.
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name.
    pub fn lift(&self, policy: &str, key: Key) -> Result<bool, NoSuchLimit> {
        self.lift_by(policy, key, By::SYSTEM)
    }

    pub(crate) fn lift_by(&self, policy: &str, key: Key, by: By<'_>) -> Result<bool, NoSuchLimit> {
        let number = self.number(policy)?;
        let has_penalty = self.inner.rule(number).is_some_and(|rule| rule.penalty.is_some());
        let Some(bans) = self.inner.bans.as_ref().filter(|_| has_penalty) else {
            return Ok(false);
        };
        let now = self.inner.clock.now();
        let charge = Charge::new(number, key, 0).keyed_here(self.keys_here(number));
        let Lifted { was_banned, is_told } = bans.lift(&charge, now);
        if was_banned {
            self.inner.note_banned(bans.all(now).len());
        }
        if bans.outbox.is_carried() && !is_told {
            self.inner.violations.lifted_here(policy, key, by);
        } else if was_banned || is_told {
            self.inner.violations.lifted(policy, key, by);
        }
        Ok(was_banned)
    }
}

/// Changes at run time.
impl<S: LimitStore> RateLimit<S> {
    /// The quota of a policy, as it is now.
    #[must_use]
    pub fn quota(&self, policy: &str) -> Option<Quota> {
        self.rule(policy).and_then(|at| self.inner.live.load().quotas.get(at).copied())
    }

    /// Replaces the quotas of these policies, all at once. A request that is being decided keeps to what was there when
    /// it came; the headers of its response tell of the quotas that count when it leaves.
    ///
    /// Counters stay, as each algorithm has them: how many came, or with [`Gcra`](crate::Algorithm::Gcra) the time
    /// until all is there again. So who has used up 10 a minute has used up 20 a minute, too, until that minute is
    /// over.
    ///
    /// ```
    /// use buttress_ratelimit::{Quota, RateLimit, address};
    ///
    /// let limits = RateLimit::builder().policy("per-address", Quota::per_second(20).by(address())).build()?;
    ///
    /// let error = limits.replace([("per-adress", Quota::per_second(5)), ("per-address", Quota::per_second(0))]);
    /// assert_eq!(error.unwrap_err().faults().len(), 2, "refused whole, with all reasons");
    /// assert_eq!(limits.quota("per-address"), Some(Quota::per_second(20)));
    ///
    /// limits.replace([("per-address", Quota::per_second(5))])?;
    /// assert_eq!(limits.quota("per-address"), Some(Quota::per_second(5)));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong, and then nothing is replaced: an unknown name, numbers that make no limit,
    /// a cost that would never fit, another algorithm, a burst that is less than what processes
    /// [lease](LimitStore::check_limits).
    pub fn replace<'a>(
        &self,
        quotas: impl IntoIterator<Item = (&'a str, Quota)>,
    ) -> Result<(), BuildError> {
        self.replace_by(quotas.into_iter().collect(), By::SYSTEM)
    }

    pub(crate) fn replace_by(
        &self,
        quotas: Vec<(&str, Quota)>,
        by: By<'_>,
    ) -> Result<(), BuildError> {
        self.replace_placed(quotas, Faults::new(), |fault| fault.path().to_owned(), by)
    }

    /// The same, with what is wrong already, and each fault at its place.
    pub(crate) fn replace_placed(
        &self,
        quotas: Vec<(&str, Quota)>,
        mut faults: Faults,
        place: impl Fn(&Fault) -> String,
        by: By<'_>,
    ) -> Result<(), BuildError> {
        let Inner { names, costs, store, .. } = &*self.inner;
        let one_at_a_time = self.inner.replacing.lock();
        let live = self.inner.live.load().with(names, costs, quotas.iter().copied(), store);
        let live = faults.within("", live.map_err(|error| error.placed(place)));
        let Some(live) = faults.finish(live)? else { return Ok(()) };
        self.inner.live.replace(live);
        // A sink of the audit may be whatever a user wrote, and replace something itself.
        drop(one_at_a_time);
        for (policy, quota) in quotas {
            self.inner.violations.replaced(policy, &quota, by);
        }
        Ok(())
    }
}

/// How the store is: it says by itself that it works without something that it should have.
impl<S: LimitStore> Probe for RateLimit<S> {
    fn name(&self) -> &'static str {
        "rate_limit"
    }

    /// Limits that degrade let the service go on.
    fn critical(&self) -> bool {
        false
    }

    fn check(&self) -> ProbeFuture<'_> {
        self.measure();
        let health: Health = self.inner.store.health();
        Box::pin(std::future::ready(health))
    }
}

impl<S: LimitStore> Clone for RateLimit<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<S: LimitStore> fmt::Debug for RateLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live = self.inner.live.load();
        let policies = self.inner.names.iter().zip(live.quotas.iter().map(Quota::to_string));
        f.debug_struct("RateLimit")
            .field("policies", &policies.collect::<Vec<_>>())
            .field("store", &self.inner.store)
            .finish_non_exhaustive()
    }
}
