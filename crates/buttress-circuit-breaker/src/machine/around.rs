use buttress_core::clock::Moment;

use super::{Leases, Outside, Verdict};
use crate::Trip;
use crate::counts::Counts;
use crate::parts::Lock;
use crate::policy::Policy;

/// What a gate works with: whose steps are made under one lock, by one policy.
pub(crate) struct Around<'a, O, C> {
    pub(crate) policy: &'a Policy,
    pub(crate) counters: &'a C,
    /// Their lock, and the places of their probes.
    pub(crate) turn: &'a Lock<Leases>,
    /// Which of those that have this lock it is.
    pub(crate) gate: u32,
    pub(crate) outside: &'a O,
}

/// What counts outcomes, beside the word.
pub(crate) trait Counters {
    /// Counts one, and says which rule holds now, of those in their order.
    fn count(&self, call: &Counted<'_, impl Fn() -> Moment>) -> Option<Trip>;
}

/// An outcome that counts.
pub(crate) struct Counted<'a, T> {
    pub(crate) policy: &'a Policy,
    pub(crate) verdict: Verdict,
    /// Failures in a row, this one among them.
    pub(crate) streak: u16,
    /// The rates have counted it already.
    pub(crate) known: bool,
    pub(crate) generation: u32,
    /// Half of the least calls are enough: it has only just worked again.
    pub(crate) halved: bool,
    pub(crate) now: T,
}

impl<T> Counted<'_, T> {
    /// What it is for rates; nothing, if it counts for none.
    pub(crate) fn counts(&self) -> Option<Counts> {
        match self.verdict {
            Verdict::Bad { .. } if self.known => Some(Counts::FAILURE),
            _ if self.known => None,
            Verdict::Good { slow } => Some(Counts::one(false, slow)),
            Verdict::Bad { slow } => Some(Counts::one(true, slow)),
            Verdict::Hanging => Some(Counts::one(false, true)),
            Verdict::Throttled | Verdict::Nothing => None,
        }
    }
}

impl<O: Outside, C> Around<'_, O, C> {
    pub(crate) fn now(&self) -> Moment {
        self.outside.now()
    }
}
