use buttress_core::key::Key;

use super::slot::Slot;
use super::table::SET;
use super::{KeyedPass, Table};
use crate::machine::{Around, Leases, Outside, Policy};
use crate::parts::Lock;
use crate::phase::Phase;

/// Which key has which place.
impl Table {
    #[inline]
    pub(super) fn find(&self, halves: [u64; 2]) -> Option<usize> {
        let first = self.set_of(halves);
        let set = &self.slots[first..first + SET];
        let at = set.iter().position(|slot| slot.is_of(halves))?;
        set[at].touch(self.claims.epoch());
        (set[at].gate.word().phase() != Phase::Vacant).then_some(first + at)
    }

    /// Where the places of this key begin.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "it is masked")]
    fn set_of(&self, [first, _]: [u64; 2]) -> usize {
        (first as usize).wrapping_mul(SET) & (self.slots.len() - 1)
    }

    pub(super) fn slot(&self, pass: &KeyedPass) -> Option<&Slot> {
        self.slots.get(pass.slot as usize)
    }

    pub(super) fn place(&self, key: Key, outside: &impl Outside) -> usize {
        loop {
            match self.find(key.halves()) {
                Some(at) => return at,
                None => self.claim(key.halves(), outside),
            }
        }
    }

    #[cold]
    pub(super) fn claim(&self, halves: [u64; 2], outside: &impl Outside) {
        let now = outside.now();
        let first = self.set_of(halves);
        let turn = self.turn(first).lock();
        // Somebody else may have done it meanwhile.
        if self.find(halves).is_some() {
            return;
        }
        let set = &self.slots[first..first + SET];
        // Looked at under the lock, so that a change to another one finds here what began by this.
        let policy = self.policy.load();
        let from = self.claims.claim(set, halves, &policy, now);
        drop(turn);
        let to = Some(policy.mode.state());
        if from != to {
            outside.moved(from, to);
        }
    }

    fn turn(&self, at: usize) -> &Lock<Leases> {
        &self.turns[at / SET % self.turns.len()]
    }

    pub(super) fn around<'a, O>(
        &'a self,
        at: usize,
        slot: &'a Slot,
        policy: &'a Policy,
        outside: &'a O,
    ) -> Around<'a, O, Slot> {
        Around { policy, counters: slot, turn: self.turn(at), gate: number(at), outside }
    }
}

/// The place, as its passes and its lock know it.
#[expect(clippy::cast_possible_truncation, reason = "there are four million at most")]
pub(super) const fn number(at: usize) -> u32 {
    at as u32
}
