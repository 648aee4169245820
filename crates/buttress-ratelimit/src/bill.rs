use std::fmt;
use std::sync::Arc;

use buttress_core::sync::Lock;
use http::Extensions;

use crate::Charge;
use crate::inner::Inner;
use crate::store::LimitStore;
use crate::{Charges, Limits};

/// Says what a request has cost, once that is known: found in the extensions of a request that a policy with
/// [`cost_reported`](crate::Policy::cost_reported) was asked about, also where nothing was charged, as by a trial that had
/// no room. A request that is exempt, or that no such policy is for, has none.
///
/// The difference to what was charged so far is taken or given back at once, so it may be said while a body is still
/// being sent, and said again. What exceeds the limit is counted too: the next request waits for it.
///
/// ```
/// use buttress_core::stage::{Decision, Stage};
/// use buttress_ratelimit::{Bill, Quota, RateLimit, everyone};
///
/// let limits = RateLimit::builder()
///     .policy("rows", Quota::per_hour(1_000).by(everyone()).cost_reported(100))
///     .build()?;
/// let left = |limits: &RateLimit| {
///     let key = limits.writer("rows").unwrap().key();
///     let buttress_core::engine::Step::Now(verdict) = limits.peek("rows", key).unwrap();
///     verdict.standings()[0].remaining()
/// };
///
/// let mut request = http::Request::new(());
/// let decision = limits.stage().enter(&mut request);
/// assert!(matches!(decision, Decision::Pass(_)));
/// assert_eq!(left(&limits), 900);
///
/// request.extensions().get::<Bill>().unwrap().settle(7);
/// assert_eq!(left(&limits), 993);
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
///
/// What is not settled stays as it was reserved. A charge that the answer's status gives back is nothing from then on, and
/// what is said later has no effect.
#[derive(Clone)]
pub struct Bill {
    accounts: Arc<[(Arc<str>, Account)]>,
    /// Of a stage further outside.
    outer: Option<Arc<Bill>>,
}

impl Bill {
    /// Leaves the bill in the extensions, beside that of a stage outside.
    pub(crate) fn leave_in(
        extensions: &mut Extensions,
        accounts: impl IntoIterator<Item = (Arc<str>, Account)>,
    ) {
        let outer = extensions.remove::<Self>().map(Arc::new);
        extensions.insert(Self { accounts: accounts.into_iter().collect(), outer });
    }

    /// It has cost so much, for each policy that asks.
    pub fn settle(&self, cost: u32) {
        self.accounts.iter().for_each(|(_, account)| account.settle(cost));
        if let Some(outer) = &self.outer {
            outer.settle(cost);
        }
    }

    /// It has cost so much for this policy; `false` if there is none of this name that asks.
    #[must_use = "a cost for nobody is not counted"]
    pub fn settle_for(&self, policy: &str, cost: u32) -> bool {
        let mut found = false;
        for (_, account) in self.accounts.iter().filter(|(name, _)| **name == *policy) {
            account.settle(cost);
            found = true;
        }
        found || self.outer.as_ref().is_some_and(|outer| outer.settle_for(policy, cost))
    }
}

impl fmt::Debug for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policies: Vec<_> = self.accounts.iter().map(|(name, _)| name).collect();
        f.debug_struct("Bill").field("policies", &policies).finish_non_exhaustive()
    }
}

/// What one request is charged by one policy, as far as it is known.
#[derive(Clone)]
pub(crate) struct Account(Arc<dyn Ledger>);

trait Ledger: Send + Sync {
    fn settle(&self, cost: u32);
    fn close(&self);
}

struct Entry<S: LimitStore> {
    inner: Arc<Inner<S>>,
    limits: Limits,
    /// As it was taken, and where.
    charge: Charge,
    there: Charges,
    /// Nothing once it is closed.
    charged: Lock<Option<u32>>,
}

impl Account {
    /// Of one of these charges.
    pub(crate) fn open<S: LimitStore>(
        inner: &Arc<Inner<S>>,
        limits: &Limits,
        charge: &Charge,
        charges: &Charges,
    ) -> Self {
        let cost = Lock::new(Some(charge.cost()));
        let (inner, limits) = (inner.clone(), limits.clone());
        Self(Arc::new(Entry {
            inner,
            limits,
            charge: *charge,
            there: charges.none_there(),
            charged: cost,
        }))
    }

    /// Of a charge that was not taken: whatever is said of it counts nowhere.
    pub(crate) fn of_nothing() -> Self {
        Self(Arc::new(Nothing))
    }

    pub(crate) fn settle(&self, cost: u32) {
        self.0.settle(cost);
    }

    /// Gives all of it back, for good.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

impl<S: LimitStore> Entry<S> {
    fn change(&self, from: u32, to: u32) {
        if to > from {
            self.inner.store.count(&self.limits, &self.with(self.on_top(to - from)));
        } else if to < from {
            // What came on top goes first; it was not taken with the others, so it does not end when they do.
            let reserved = self.charge.cost();
            let on_top = from.saturating_sub(to.max(reserved));
            self.give_back(self.on_top(on_top));
            let cost = from - to - on_top;
            self.give_back(Charge { cost, ..self.charge });
        }
    }

    /// Said to be of whom the charge is: what was counted here while the store was away must not come back there.
    fn on_top(&self, cost: u32) -> Charge {
        Charge { cost, until: 0, ..self.charge }
    }

    fn give_back(&self, charge: Charge) {
        if charge.cost() > 0 {
            self.inner.store.give_back(&self.limits, &self.with(charge));
        }
    }

    fn with(&self, charge: Charge) -> Charges {
        let mut charges = self.there;
        charges.push(charge);
        charges
    }
}

/// What was let through, and not charged.
struct Nothing;

impl Ledger for Nothing {
    fn settle(&self, _: u32) {}

    fn close(&self) {}
}

impl<S: LimitStore> Ledger for Entry<S> {
    fn settle(&self, cost: u32) {
        let mut charged = self.charged.lock();
        let Some(before) = *charged else { return };
        *charged = Some(cost);
        // Under the lock: what two report at once is told to the store in the order in which it was noted.
        self.change(before, cost);
    }

    fn close(&self) {
        if let Some(before) = self.charged.lock().take() {
            self.change(before, 0);
        }
    }
}
