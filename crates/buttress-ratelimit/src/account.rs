//! What one request is charged by one policy, as its handler reports it.

mod charged;

use std::sync::Arc;

use buttress_core::sync::Lock;

use self::charged::{Charged, Next};
use crate::inner::Inner;
use crate::store::{Counted, LimitStore, Receipt};
use crate::{Charge, Charges, Limits};

/// What one request is charged by one policy, as far as it is known.
#[derive(Clone)]
pub(crate) struct Account(Arc<dyn Ledger>);

trait Ledger: Send + Sync {
    /// It is to cost so much; of one that is closed nothing changes any more.
    fn settle(self: Arc<Self>, cost: u32);

    fn close(self: Arc<Self>);

    fn cost(&self) -> u32;
}

struct Entry<S: LimitStore> {
    inner: Arc<Inner<S>>,
    limits: Limits,
    /// Where it was taken.
    there: Charges,
    charged: Lock<Charged>,
}

impl Account {
    /// Of one of these charges.
    pub(crate) fn open<S: LimitStore>(
        inner: &Arc<Inner<S>>,
        limits: &Limits,
        charge: &Charge,
        charges: &Charges,
    ) -> Self {
        let so_far = Lock::new(Charged::new(*charge, limits.of(charge)));
        let (inner, limits) = (inner.clone(), limits.clone());
        Self(Arc::new(Entry { inner, limits, there: charges.none_there(), charged: so_far }))
    }

    /// Of a charge that was not taken: whatever is said of it counts nowhere.
    pub(crate) fn of_nothing() -> Self {
        Self(Arc::new(Nothing))
    }

    pub(crate) fn settle(&self, cost: u32) {
        self.0.clone().settle(cost);
    }

    /// Gives all of it back, for good.
    pub(crate) fn close(&self) {
        self.0.clone().close();
    }

    /// What it is to cost, as far as that was said.
    pub(crate) fn cost(&self) -> u32 {
        self.0.cost()
    }
}

impl<S: LimitStore> Entry<S> {
    /// Does what is to be done, one after the other: what is counted has to be known before any of it comes back. Who
    /// finds somebody at it has only said what it is to cost.
    fn change(self: &Arc<Self>) {
        loop {
            // The lock is held for this line alone: a store may say at once what it has counted.
            let next = self.charged.lock().next();
            match next {
                Next::Nothing => return,
                Next::GiveBack(charge) => {
                    self.inner.store.give_back(&self.limits, &self.with(charge));
                }
                Next::Count(charge) => {
                    let receipt = Receipt::for_whom(self.clone());
                    return self.inner.store.count_with(&self.limits, &self.with(charge), receipt);
                }
            }
        }
    }

    fn with(&self, charge: Charge) -> Charges {
        let mut charges = self.there;
        charges.push(charge);
        charges
    }
}

impl<S: LimitStore> Ledger for Entry<S> {
    fn settle(self: Arc<Self>, cost: u32) {
        let goes_on = self.charged.lock().settle(cost);
        if goes_on {
            self.change();
        }
    }

    fn close(self: Arc<Self>) {
        let goes_on = self.charged.lock().close();
        if goes_on {
            self.change();
        }
    }

    fn cost(&self) -> u32 {
        self.charged.lock().wanted()
    }
}

impl<S: LimitStore> Counted for Entry<S> {
    fn counted(self: Arc<Self>, charges: Option<&Charges>) {
        let counted = charges.and_then(|charges| charges.as_slice().first());
        self.charged.lock().counted(counted);
        self.change();
    }
}

/// What was let through, and not charged.
struct Nothing;

impl Ledger for Nothing {
    fn settle(self: Arc<Self>, _: u32) {}

    fn close(self: Arc<Self>) {}

    fn cost(&self) -> u32 {
        0
    }
}
