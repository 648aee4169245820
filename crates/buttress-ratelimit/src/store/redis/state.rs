//! What all clones of a store share, and the way of a request through it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use buttress_core::clock::{Clock, Moment};
use buttress_core::engine::Step;
use buttress_redis::engine::{Asking, Fallback};
use buttress_redis::{Redis, Tag};
use tokio::runtime::Handle;

use super::ask::Ask;
use super::fleet::{Fleet, Member};
use super::instead::Instead;
use super::leases::Leases;
use super::permits::Permits;
use super::refusals::{BRIEFLY, Refusals};
use super::script::Operation;
use super::seeking::are_keyed_here;
use crate::store::Receipt;
use crate::{Charge, Charges, Limits, Retry, SharedBans, Verdict};

/// What a store is made of once it knows its policies.
pub(super) struct State {
    pub(super) redis: Redis,
    pub(super) fallback: Fallback,
    pub(super) tag: Tag,
    /// What the keys of each policy end with: the letter of its algorithm, and its name.
    pub(super) endings: Box<[String]>,
    pub(super) held_for: Duration,
    pub(super) instead: Instead,
    pub(super) refusals: Refusals,
    /// Whether what each policy charges may come back before its time.
    pub(super) returns: Box<[bool]>,
    pub(super) leases: Leases,
    pub(super) permits: Permits,
    pub(super) fleet: Fleet,
    pub(super) member: Member,
    pub(super) clock: Arc<dyn Clock>,
    /// Whether it has to ask what keys are made with.
    pub(super) awaits_seed: bool,
    /// The limits that came last, for what is done between requests.
    pub(super) limits: ArcSwapOption<Limits>,
    /// Whether the last handle has gone.
    pub(super) is_left: AtomicBool,
    /// Where the work is done that nobody waits for.
    pub(super) runtime: OnceLock<Handle>,
    /// The bans that are carried, if there may be any.
    pub(super) bans: OnceLock<SharedBans>,
}

/// What a step of this store is.
pub(super) type Asked = Step<Verdict, Asking<Verdict>>;

impl State {
    pub(super) fn take(self: &Arc<Self>, limits: &Limits, charges: &Charges) -> Asked {
        let now = self.clock.now();
        self.learn(limits);
        if let Some(refusal) = self.remembered(limits, charges, now) {
            return Step::Now(refusal);
        }
        if self.leases.could_take(charges) {
            let mut homeless = beside(charges);
            if let Some(verdict) = self.leases.take(limits, charges, &mut homeless) {
                self.refill(limits, charges, now);
                return Step::Now(verdict);
            }
            if !homeless.is_empty() {
                let back = Operation::GiveBack;
                self.post(Ask::new(self.clone(), back, limits.clone(), &homeless, now));
            }
        }
        self.ask(Operation::Take, limits, charges, now)
    }

    /// Asks Redis, once.
    pub(super) fn ask(
        self: &Arc<Self>,
        operation: Operation,
        limits: &Limits,
        charges: &Charges,
        now: Moment,
    ) -> Asked {
        if charges.as_slice().iter().any(|charge| !self.knows(limits, charge)) {
            return Step::Now(Verdict::refused(0, Retry::Never));
        }
        if charges.as_slice().is_empty() {
            return Step::Now(Verdict::taken());
        }
        if are_keyed_here(charges) {
            return self.decide_here(operation, limits, charges);
        }
        self.send(Ask::new(self.clone(), operation, limits.clone(), charges, now))
    }

    pub(super) fn send(&self, ask: Ask) -> Asked {
        match self.fallback.put(ask) {
            Step::Now(answered) => Step::Now(answered.into()),
            Step::Later(asking) => Step::Later(asking),
        }
    }

    /// Asks at once, and nobody waits for the answer: whoever asks afterwards is answered afterwards. Where no runtime
    /// was ever seen, nothing was asked before.
    pub(super) fn post(&self, ask: Ask) {
        let here = Handle::try_current().ok();
        let Some(runtime) = here.as_ref().or(self.runtime.get()) else { return };
        let _inside = runtime.enter();
        let Step::Later(mut asking) = self.send(ask) else { return };
        // Not by the task, which may come to it only when the next request has asked.
        if Pin::new(&mut asking).poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            runtime.spawn(asking);
        }
    }

    /// Counts, whether or not there is room. What is counted at the same time is held until it is given back.
    pub(super) fn count(
        self: &Arc<Self>,
        limits: &Limits,
        charges: &Charges,
        receipt: Option<Receipt>,
    ) {
        if !charges.as_slice().iter().all(|charge| self.knows(limits, charge)) {
            return;
        }
        if are_keyed_here(charges) {
            return self.count_here(limits, charges, receipt);
        }
        let ask =
            Ask::new(self.clone(), Operation::Count, limits.clone(), charges, self.clock.now());
        ask.hold(&Verdict::taken());
        self.post(match receipt {
            Some(receipt) => ask.telling(receipt),
            None => ask,
        });
    }

    pub(super) fn forget(self: &Arc<Self>, limits: &Limits, charges: &Charges) -> Asked {
        let now = self.clock.now();
        for charge in charges.as_slice() {
            self.refusals.clear(charge, now);
            self.leases.forget(charge);
        }
        let _ = self.instead.decide(Operation::Forget, limits, charges, 1);
        self.ask(Operation::Forget, limits, charges, now)
    }

    /// Has a lease refilled before it is dry, so that nobody has to wait.
    fn refill(self: &Arc<Self>, limits: &Limits, charges: &Charges, now: Moment) {
        for charge in charges.as_slice() {
            let tokens = self.leases.wish_early(charge, now);
            if tokens > 0 {
                let mut refill = beside(charges);
                refill.push(Charge::new(charge.policy(), charge.key(), 0));
                let ask = Ask::new(self.clone(), Operation::Take, limits.clone(), &refill, now);
                self.post(ask.leasing(tokens));
            }
        }
    }

    /// For how long a refusal may be remembered, whatever its time.
    pub(super) fn believes(&self, charge: &Charge) -> Duration {
        if self.returns(charge) { BRIEFLY } else { Duration::MAX }
    }

    /// Whether what is charged may come back before its time.
    pub(super) fn returns(&self, charge: &Charge) -> bool {
        self.returns.get(usize::from(charge.policy())).copied().unwrap_or(true)
    }

    /// The place of the policy of this name.
    pub(super) fn number(&self, policy: &str) -> Option<usize> {
        let is_of =
            |ending: &String| ending.split_once(':').is_some_and(|(_, name)| name == policy);
        self.endings.iter().position(is_of)
    }

    fn learn(&self, limits: &Limits) {
        let is_known = self.limits.load().as_ref().is_some_and(|known| known.is(limits));
        if !is_known {
            let before = self.limits.swap(Some(Arc::new(limits.clone())));
            if before.is_some() {
                self.refusals.clear_all(self.clock.now());
            }
        }
    }

    pub(super) fn knows(&self, limits: &Limits, charge: &Charge) -> bool {
        let policy = usize::from(charge.policy());
        policy < self.endings.len() && policy < limits.all().len()
    }
}

/// Room for charges that are kept in the same place.
pub(super) fn beside(charges: &Charges) -> Charges {
    charges.shard().map_or_else(Charges::new, |shard| Charges::new().at(shard))
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("tag", &self.tag).finish_non_exhaustive()
    }
}
