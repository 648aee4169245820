//! Permits that this process holds in the store: each has a name, and is renewed as long as it is held.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use buttress_core::Key;
use buttress_core::key::{Keyer, Uniform};
use buttress_core::sync::Lock;

use crate::Charge;

/// What is held. As many as there are requests under way, and no more.
#[derive(Debug)]
pub(super) struct Permits {
    /// Of this store alone, as are its numbers.
    process: Key,
    next: AtomicU64,
    held: Lock<HashMap<Key, Vec<Permit>, Uniform>>,
}

/// A permit, or several that were taken together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Permit {
    pub(super) charge: Charge,
    pub(super) shard: Option<Key>,
    pub(super) number: u64,
}

impl Permits {
    pub(super) fn new() -> Self {
        let process = Keyer::random().writer().key();
        Self { process, next: AtomicU64::new(0), held: Lock::default() }
    }

    /// A number that no other permits of this process have.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Relaxed)
    }

    /// What permits with this number are called in the store.
    pub(super) fn name(&self, number: u64) -> String {
        let mut name = String::with_capacity(40);
        // Into memory, which does not fail.
        let _ = write!(name, "{}:{number}", self.process);
        name
    }

    /// Holds a permit until it is [given back](Self::give_back).
    pub(super) fn hold(&self, permit: Permit) {
        self.held.lock().entry(permit.charge.key()).or_default().push(permit);
    }

    /// Lets go of the one that was taken by this charge. Where it does not say when it was taken, one is like the
    /// other.
    pub(super) fn give_back(&self, charge: &Charge) -> Option<Permit> {
        let mut held = self.held.lock();
        let permits = held.get_mut(&charge.key())?;
        let place = permits.iter().position(|permit| permit.is_of(charge))?;
        let permit = permits.swap_remove(place);
        if permits.is_empty() {
            held.remove(&charge.key());
        }
        Some(permit)
    }

    /// Whether one is held that was taken by such a charge.
    pub(super) fn holds(&self, charge: &Charge) -> bool {
        let held = self.held.lock();
        let permits = held.get(&charge.key());
        permits.is_some_and(|permits| permits.iter().any(|permit| permit.is_of(charge)))
    }

    /// All that are held now.
    pub(super) fn held(&self) -> Vec<Permit> {
        self.held.lock().values().flatten().copied().collect()
    }
}

impl Permit {
    fn is_of(&self, charge: &Charge) -> bool {
        self.charge.policy() == charge.policy()
            && self.charge.cost() == charge.cost()
            && (charge.until().is_none() || self.charge.until() == charge.until())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back_once() {
        let permits = Permits::new();
        let key = Key::from_bytes([7; 16]);
        let (one, two) = (Charge::new(0, key, 1), Charge::new(0, key, 2));
        for charge in [one, two, one] {
            permits.hold(Permit { charge, shard: None, number: permits.number() });
        }
        assert_eq!(permits.held().len(), 3);
        assert_eq!(permits.give_back(&Charge::new(1, key, 1)), None, "another policy");
        let numbers: Vec<_> = [two, two, one, one, one]
            .iter()
            .map(|charge| permits.give_back(charge).map(|permit| permit.number))
            .collect();
        assert_eq!(numbers, [Some(1), None, Some(0), Some(2), None]);
        assert!(permits.held.lock().is_empty(), "no memory is kept for who holds nothing");
    }

    #[test]
    fn names_differ_between_processes_and_numbers() {
        let (one, other) = (Permits::new(), Permits::new());
        assert_ne!(one.name(1), other.name(1));
        assert_ne!(one.name(1), one.name(2));
        assert_eq!((one.number(), one.number()), (0, 1));
    }
}
