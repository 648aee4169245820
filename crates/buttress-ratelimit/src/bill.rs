use std::fmt;
use std::sync::Arc;

use http::Extensions;

use crate::account::Account;

/// Says what a request has cost, once that is known: found in the extensions of a request that a policy with
/// [`cost_reported`](crate::Policy::cost_reported) was asked about, also where nothing was charged, as by a trial that
/// had no room. A request that is exempt, or that no such policy is for, has none.
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
/// Of what exceeds the limit so much is counted as it can be in debt: with [`Gcra`](crate::Algorithm::Gcra) the burst,
/// the queue and a period. What is said to be less later gives back what was counted, where it was counted and as far
/// as it still counts, and never what others have been charged.
///
/// What is said until the head of the answer leaves is told there, with
/// [`headers_on_success`](crate::RateLimitBuilder::headers_on_success).
///
/// What is not settled stays as it was reserved. A charge that the answer's status gives back is nothing from then on,
/// and what is said later has no effect.
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
