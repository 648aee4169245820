//! Nobody waits for the answer any more: whoever asked has gone, or has no more time.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use buttress_redis::Reply;

use super::super::reading;
use super::super::script::{Operation, Way};
use super::super::state::{State, beside};
use super::Ask;
use crate::{Algorithm, Charge, Charges, Limits, MOST_POLICIES};

impl Ask {
    /// Nobody hears what became of it: tokens in advance do not come, and permits that were taken all the same go back.
    pub(super) fn give_up(&self) {
        if self.operation != Operation::Take || self.settled.swap(true, Relaxed) {
            return;
        }
        let Self { state, limits, charges, .. } = self;
        for (charge, lease) in charges.as_slice().iter().zip(self.leases) {
            if lease > 0 {
                state.leases.failed(charge, lease);
            }
        }
        let mut back = beside(charges);
        for charge in charges.as_slice().iter().filter(|charge| is_permit(limits, charge)) {
            back.push(*charge);
        }
        if !back.is_empty() {
            let (limits, now) = (limits.clone(), state.clock.now());
            let ask = Self::new(state.clone(), Operation::GiveBack, limits, &back, now);
            state.post(ask.numbered(self.numbers));
        }
    }

    /// Who hears the answer when nobody waits any more, if that has to undo something.
    pub(super) fn late(&self) -> Option<Late> {
        let Self { state, operation, limits, charges, way, leases, .. } = self;
        let comes_back = charges.as_slice().iter().zip(leases).any(|(charge, lease)| {
            *lease > 0 || state.returns(charge) && !is_permit(limits, charge)
        });
        if *operation != Operation::Take || !comes_back {
            return None;
        }
        let (state, limits) = (state.clone(), limits.clone());
        Some(Late { state, limits, charges: *charges, way: *way, leases: *leases })
    }
}

/// Whoever asked may have gone.
impl Drop for Ask {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// A question that is answered too late, or to nobody. Redis has not let this request through: so what comes back by
/// its answer has to come back now, as no answer will say so, and tokens in advance have no place any more.
pub(super) struct Late {
    state: Arc<State>,
    limits: Limits,
    charges: Charges,
    way: Way,
    leases: [u32; MOST_POLICIES],
}

impl Late {
    /// Hears what was taken, and gives back what is not to stay. What the server never answers is not known to be
    /// taken, and stays.
    pub(super) fn hear(&self, reply: &Reply) {
        let Self { state, limits, charges, way, leases } = self;
        let take = Operation::Take;
        let answer = reading::read(reply, way.numbers(take), take, limits, charges);
        let Some(answer) = answer.ok().filter(|answer| answer.verdict.is_taken()) else { return };
        let mut taken = *charges;
        taken.stamp(&answer.verdict);
        let mut back = beside(charges);
        for (at, (charge, lease)) in taken.as_slice().iter().zip(leases).enumerate() {
            if is_permit(limits, charge) {
                continue;
            }
            let in_advance = if answer.leased >> at & 1 == 1 { *lease } else { 0 };
            let own = if state.returns(charge) { charge.cost() } else { 0 };
            back.push(Charge { cost: own.saturating_add(in_advance), ..*charge });
        }
        state.give_back(limits, &back);
    }
}

/// They have names, and are given back by them, whether or not they were taken.
fn is_permit(limits: &Limits, charge: &Charge) -> bool {
    limits.of(charge).algorithm() == Algorithm::Concurrent
}
