//! What is given back, and to whom.

use std::sync::Arc;

use super::ask::Ask;
use super::script::Operation;
use super::state::{State, beside};
use crate::{Algorithm, Charge, Charges, Limits, MOST_POLICIES, Source};

impl State {
    /// Gives back each charge to whoever took it.
    pub(super) fn give_back(self: &Arc<Self>, limits: &Limits, charges: &Charges) {
        if let Some(ask) = self.back(limits, charges) {
            self.post(ask);
        }
    }

    /// Gives back what was taken here, and says what is to be given back there.
    pub(super) fn back(self: &Arc<Self>, limits: &Limits, charges: &Charges) -> Option<Ask> {
        let (mut back, now) = (beside(charges), self.clock.now());
        let mut numbers = [0; MOST_POLICIES];
        for charge in charges.as_slice().iter().filter(|charge| charge.cost() > 0) {
            match charge.source() {
                Source::Local => self.instead.give_back(limits, charge, self.fleet.processes()),
                Source::Leased if self.leases.put_back(charge) => {}
                Source::Store | Source::Leased => {
                    let Some(number) = self.number_of(limits, charge) else {
                        self.give_back_here(limits, charge);
                        continue;
                    };
                    if let Some(place) = numbers.get_mut(back.as_slice().len()) {
                        *place = number;
                    }
                    self.refusals.clear(charge, now);
                    back.push(*charge);
                }
                Source::Remembered
                | Source::Allowed
                | Source::Denied
                | Source::Uncounted
                | Source::Crowded
                | Source::Unasked => {}
            }
        }
        if back.is_empty() {
            return None;
        }
        let ask = Ask::new(self.clone(), Operation::GiveBack, limits.clone(), &back, now);
        Some(ask.numbered(numbers))
    }

    /// Whether permits were taken that are like these, there or here. Of everything else so much comes back as there
    /// is.
    pub(super) fn holds(&self, limits: &Limits, charges: &Charges) -> bool {
        let is_permit = |charge: &&Charge| limits.of(charge).algorithm() == Algorithm::Concurrent;
        charges.as_slice().iter().filter(is_permit).all(|charge| match charge.source() {
            Source::Local => self.instead.holds(limits, charge),
            _ if self.permits.holds(charge) => true,
            _ => charge.until().is_none() && self.instead.holds(limits, charge),
        })
    }

    /// Gives back permits of which nobody says where they were taken, and which are not held there: those that were
    /// taken here while Redis was away.
    fn give_back_here(&self, limits: &Limits, charge: &Charge) {
        if charge.until().is_none() && self.instead.holds(limits, charge) {
            self.instead.give_back(limits, charge, self.fleet.processes());
        }
    }

    /// By which number a charge is given back; nothing if it is not held, or not known.
    fn number_of(&self, limits: &Limits, charge: &Charge) -> Option<u64> {
        // Of a key that only this process makes nothing is held there.
        if charge.is_keyed_here() || !self.knows(limits, charge) {
            return None;
        }
        match limits.of(charge).algorithm() {
            Algorithm::Concurrent => Some(self.permits.give_back(charge)?.number),
            _ => Some(0),
        }
    }
}
