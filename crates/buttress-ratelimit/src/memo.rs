use std::fmt;
use std::sync::Arc;

use buttress_core::stage::{RequestHead, ResponseHead};

use crate::account::Account;
use crate::bill::Bill;
use crate::headers::Told;
use crate::inner::Inner;
use crate::store::LimitStore;
use crate::{Charges, Limits, Source, Verdict};

/// What a [`LimitStage`](crate::LimitStage) keeps of a request until its answer: nothing, for most.
///
/// Dropping it gives back permits of what counts at the same time. Other charges stay, as nobody knows what their
/// answer would have been.
pub struct LimitMemo<S: LimitStore> {
    pub(crate) told: Told,
    /// Behind a pointer: most have none, and it is moved with the answer.
    pub(crate) open: Option<Box<Open<S>>>,
}

/// Charges that an answer decides on.
pub(crate) struct Open<S: LimitStore> {
    pub(crate) inner: Arc<Inner<S>>,
    pub(crate) limits: Limits,
    pub(crate) charges: Charges,
    /// Those of them that the handler reports, by the number of the policy.
    pub(crate) accounts: Vec<(u8, Account)>,
}

impl<S: LimitStore> LimitMemo<S> {
    pub(crate) const NOTHING: Self = Self { told: Told::Nothing, open: None };

    pub(crate) const fn is_nothing(&self) -> bool {
        self.told.is_nothing() && self.open.is_none()
    }

    #[inline(never)]
    pub(crate) fn leave(mut self, inner: &Inner<S>, response: &mut dyn ResponseHead) {
        if let Some(mut open) = self.open {
            let counts =
                |policy| inner.rule(policy).is_none_or(|rule| rule.counting.counts(response));
            open.settle(counts, &mut self.told);
        }
        if !self.told.is_nothing() {
            // By the quotas of now: those of before are told to nobody who comes from now on.
            let live = inner.live.load();
            inner.writer(&live).write_told(self.told, response.headers_mut());
        }
    }

    pub(crate) fn failed(mut self) {
        if let Some(mut open) = self.open {
            let inner = open.inner.clone();
            let counts =
                |policy| inner.rule(policy).is_none_or(|rule| rule.counting.counts_errors());
            open.settle(counts, &mut self.told);
        }
    }
}

impl<S: LimitStore> Open<S> {
    /// What has been taken, and may come back: nothing, if nothing may. What handlers report has its account.
    pub(crate) fn of(
        inner: &Arc<Inner<S>>,
        limits: &Limits,
        charges: &Charges,
        verdict: &Verdict,
        request: &mut dyn RequestHead,
    ) -> Option<Box<Self>> {
        let mut stamped = *charges;
        stamped.stamp(verdict);
        let mut open = charges.none_there();
        let (mut accounts, mut bill) = (Vec::new(), Vec::new());
        for (charge, at) in stamped.as_slice().iter().zip(0_u8..) {
            let Some(rule) = inner.rule(charge.policy()) else { continue };
            // What was not taken cannot come back; whoever reports finds the bill all the same.
            let is_taken = !verdict.is_missed(at)
                && !matches!(charge.source(), Source::Allowed | Source::Uncounted);
            if rule.is_reported() {
                let account = if is_taken {
                    Account::open(inner, limits, charge, charges)
                } else {
                    Account::of_nothing()
                };
                accounts.push((charge.policy(), account.clone()));
                bill.push((rule.name.clone(), account));
            }
            // What is reported is only kept to tell what is left then.
            let is_told = rule.is_reported() && !rule.shadow && inner.forms.on_success;
            if is_taken && (rule.is_open() || is_told) {
                open.push(*charge);
            }
        }
        if !bill.is_empty() {
            Bill::leave_in(request.extensions_mut(), bill);
        }
        let (inner, limits) = (inner.clone(), limits.clone());
        (!open.is_empty()).then(|| Box::new(Self { inner, limits, charges: open, accounts }))
    }

    /// Gives back what does not count, and every permit; what is told heeds it, and what handlers have reported.
    fn settle(&mut self, counts: impl Fn(u8) -> bool, told: &mut Told) {
        let mut back = self.charges.none_there();
        for charge in self.charges.as_slice() {
            let Some(rule) = self.inner.rule(charge.policy()) else { continue };
            let stays = counts(charge.policy());
            let mut accounts = self.accounts.iter();
            let account = accounts.find(|(policy, _)| *policy == charge.policy());
            let costs = match account {
                Some((_, account)) if stays => account.cost(),
                None if stays && !rule.holds => charge.cost(),
                _ => 0,
            };
            told.settle(self.limits.of(charge), charge, costs);
            if stays && !rule.holds {
                continue;
            }
            if !stays {
                self.inner.metered(charge.policy(), |meters| meters.returned.increment(1));
            }
            match account {
                Some((_, account)) => account.close(),
                None => {
                    back.push(*charge);
                }
            }
        }
        // Not before all were asked: if a closure of a policy has panicked, permits still come back when this is
        // dropped.
        self.charges = Charges::new();
        self.give_back(&back);
    }

    fn give_back(&self, charges: &Charges) {
        if !charges.is_empty() {
            self.inner.store.give_back(&self.limits, charges);
        }
    }
}

/// Permits come back, whatever has happened.
impl<S: LimitStore> Drop for Open<S> {
    fn drop(&mut self) {
        let mut back = self.charges.none_there();
        for charge in self.charges.as_slice() {
            if self.inner.rule(charge.policy()).is_some_and(|rule| rule.holds) {
                back.push(*charge);
            }
        }
        self.give_back(&back);
    }
}

impl<S: LimitStore> fmt::Debug for LimitMemo<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitMemo")
            .field("tells", &!self.told.is_nothing())
            .field("open", &self.open.is_some())
            .finish()
    }
}
