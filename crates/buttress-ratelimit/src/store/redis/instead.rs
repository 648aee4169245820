//! What is decided while Redis cannot be asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use buttress_core::engine::{Degrade, Step};
use buttress_redis::engine::Answered;

use super::script::Operation;
use crate::store::{LimitStore, Memory};
use crate::{Charge, Charges, Limit, Limits, Retry, Source, Standing, Verdict};

/// What each policy does meanwhile, and a memory for those that count here.
pub(super) struct Instead {
    degrade: Box<[Degrade]>,
    memory: Memory,
    shares: ArcSwapOption<Shares>,
}

/// What one of so many processes may allow.
struct Shares {
    of: Limits,
    processes: u32,
    limits: Limits,
}

/// Nobody knows when Redis is back; this is when to look.
const AGAIN: Retry = Retry::After(Duration::from_secs(1));

impl Instead {
    pub(super) fn new(degrade: impl IntoIterator<Item = Degrade>, memory: Memory) -> Self {
        let degrade = degrade.into_iter().collect();
        Self { degrade, memory, shares: ArcSwapOption::empty() }
    }

    /// The gravest of what policies do: it stands in log, metric and health.
    pub(super) fn gravest(degrade: impl IntoIterator<Item = Degrade>) -> Degrade {
        let weight = |degrade: &Degrade| match degrade {
            Degrade::Allow => 0,
            Degrade::Local => 1,
            Degrade::Deny => 2,
        };
        degrade.into_iter().max_by_key(weight).unwrap_or(Degrade::Local)
    }

    /// Decides as each policy says: all are taken, or none.
    pub(super) fn decide(
        &self,
        operation: Operation,
        limits: &Limits,
        charges: &Charges,
        processes: u32,
    ) -> Verdict {
        match operation {
            Operation::Take | Operation::Look => {}
            Operation::Count => {
                let _ = self.count(limits, charges, processes);
                return Verdict::taken();
            }
            Operation::Forget => {
                let _ = self.memory.forget(limits, charges);
                // What Redis holds stays: nobody is to take it for done.
                return self.told(Verdict::refused(0, AGAIN), limits, charges, None);
            }
            // It is about what Redis holds, and ends there by itself.
            Operation::GiveBack | Operation::Renew => return Verdict::taken(),
        }
        let denied = |charge: &&Charge| self.degrade(charge) == Degrade::Deny;
        let all = charges.as_slice();
        let refusal = (0..).zip(all).find(|(_, charge)| denied(charge) && !charge.is_optional());
        if let Some((at, _)) = refusal {
            return self.told(Verdict::refused(at, AGAIN), limits, charges, None);
        }
        let shares = self.shares(limits, processes);
        let local = self.local(charges);
        let step = match operation {
            Operation::Look => self.memory.look(&shares.limits, &local),
            _ => self.memory.take(&shares.limits, &local),
        };
        let Step::Now(verdict) = step;
        let whole = match verdict.refusal() {
            Some((nth, retry)) => {
                let mut refused = self.refused(all, nth, retry, limits);
                let local = (0..).zip(all).filter(|(_, charge)| self.is_local(charge));
                for ((at, _), nth) in local.zip(0..) {
                    if verdict.is_refused(nth) {
                        refused.refuse(at);
                    }
                }
                refused
            }
            None => Verdict::taken().after(verdict.delay()),
        };
        self.told(whole.at(verdict.decided_at()), limits, charges, Some(&verdict))
    }

    /// Counts here what counts here; what was counted.
    pub(super) fn count(&self, limits: &Limits, charges: &Charges, processes: u32) -> Charges {
        let shares = self.shares(limits, processes);
        let here = self.memory.counted(&shares.limits, &self.local(charges));
        let mut here = here.as_slice().iter();
        let mut counted = Charges::new();
        for charge in charges.as_slice() {
            let nothing = Charge { cost: 0, source: Source::Unasked, ..*charge };
            let local = if self.is_local(charge) { here.next().copied() } else { None };
            counted.push(local.map_or(nothing, |charge| match charge.source {
                Source::Store => Charge { source: Source::Local, ..charge },
                _ => charge,
            }));
        }
        counted
    }

    /// Gives back what was taken here.
    pub(super) fn give_back(&self, limits: &Limits, charge: &Charge, processes: u32) {
        let mut charges = Charges::new();
        charges.push(Charge { source: Source::Store, ..*charge });
        self.memory.give_back(&self.shares(limits, processes).limits, &charges);
    }

    /// Whether so many permits were taken here. Told by the whole limit, as a share may have become smaller since.
    pub(super) fn holds(&self, limits: &Limits, charge: &Charge) -> bool {
        if !self.is_local(charge) {
            return false;
        }
        let Step::Now(verdict) = self.memory.look(limits, &Charges::from(*charge));
        let left = verdict.standings().first().map_or(u32::MAX, Standing::remaining);
        let taken = limits.of(charge).burst().saturating_sub(left.into());
        taken >= u64::from(charge.cost())
    }

    fn degrade(&self, charge: &Charge) -> Degrade {
        self.degrade.get(usize::from(charge.policy())).copied().unwrap_or(Degrade::Deny)
    }

    fn is_local(&self, charge: &Charge) -> bool {
        self.degrade(charge) == Degrade::Local
    }

    /// The charges that are counted here.
    fn local(&self, charges: &Charges) -> Charges {
        let mut local = Charges::new();
        for charge in charges.as_slice().iter().filter(|charge| self.is_local(charge)) {
            local.push(*charge);
        }
        local
    }

    /// By the nth of those that are counted here. What fits into no share may fit into the whole, once Redis is back.
    fn refused(&self, all: &[Charge], nth: u8, retry: Retry, limits: &Limits) -> Verdict {
        let mut local = (0..).zip(all).filter(|(_, charge)| self.is_local(charge));
        let Some((at, charge)) = local.nth(usize::from(nth)) else {
            return Verdict::refused(0, retry);
        };
        let fits = u64::from(charge.cost()) <= limits.of(charge).burst();
        Verdict::refused(at, if fits && retry == Retry::Never { AGAIN } else { retry })
    }

    /// Adds how each charge stands: those that are counted here, as the memory says.
    fn told(
        &self,
        mut verdict: Verdict,
        limits: &Limits,
        charges: &Charges,
        local: Option<&Verdict>,
    ) -> Verdict {
        let mut nth = 0;
        for (at, charge) in (0..).zip(charges.as_slice()) {
            let burst = limits.of(charge).burst();
            let unknown = |source| Standing::new(burst, Duration::ZERO, source);
            let standing = match (self.degrade(charge), local) {
                (Degrade::Allow, _) => unknown(Source::Allowed),
                (Degrade::Deny, _) => {
                    if charge.is_optional() {
                        verdict.miss(at);
                    }
                    Standing::new(0, Duration::ZERO, Source::Denied)
                }
                (Degrade::Local, None) => unknown(Source::Unasked),
                (Degrade::Local, Some(local)) => {
                    if local.is_missed(nth) {
                        verdict.miss(at);
                    }
                    let standing = local.standings().get(usize::from(nth)).copied();
                    nth += 1;
                    standing.map_or(unknown(Source::Unasked), here)
                }
            };
            verdict.push(standing);
        }
        verdict
    }

    /// What one of so many processes may allow. Made anew only when the limits or the fleet have changed.
    fn shares(&self, limits: &Limits, processes: u32) -> Arc<Shares> {
        let known = self.shares.load_full();
        if let Some(shares) = known
            && shares.processes == processes
            && shares.of.is(limits)
        {
            return shares;
        }
        let shares = Arc::new(Shares {
            of: limits.clone(),
            processes,
            limits: limits.all().iter().map(|limit| share(limit, processes)).collect(),
        });
        self.shares.store(Some(shares.clone()));
        shares
    }
}

/// What one of so many may allow, so that all of them together allow no more; but each allows one at least.
fn share(limit: &Limit, of: u32) -> Limit {
    let of = u64::from(of.max(1));
    let mut share = *limit;
    (share.count, share.burst) = ((limit.count / of).max(1), (limit.burst / of).max(1));
    share.paced(limit.interval.saturating_mul(of))
}

/// As the memory of this process says, which is not the store.
fn here(standing: Standing) -> Standing {
    match standing.source() {
        Source::Store => standing.by(Source::Local),
        _ => standing,
    }
}

/// What each charge stands for, whoever decided it: `Instead` says that in the verdict itself.
impl From<Answered<Self>> for Verdict {
    fn from(answered: Answered<Self>) -> Self {
        match answered {
            Answered::Store(verdict) | Answered::Local(verdict) => verdict,
            Answered::Allow => Self::taken(),
            Answered::Deny => Self::refused(0, Retry::Never),
        }
    }
}

impl fmt::Debug for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instead").field("degrade", &self.degrade).finish_non_exhaustive()
    }
}
