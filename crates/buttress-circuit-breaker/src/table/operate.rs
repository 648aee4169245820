use std::time::Duration;

use buttress_core::clock::Moment;
use buttress_core::key::Key;
use buttress_core::outcome::Outcome;

use super::cut::over;
use super::slot::Slot;
use super::{KeyedPass, Table, TableUsage};
use crate::machine::{Around, Outside, Snapshot};
use crate::parts::atomic::Ordering::Relaxed;
use crate::{Force, Trip};

/// What can be seen of it, and done with it from outside.
impl Table {
    /// What waits longer is slow.
    #[must_use]
    pub fn slow(&self) -> Duration {
        self.policy.load().slow
    }

    /// As that of a machine.
    #[inline]
    pub(crate) fn is_quiet(&self, pass: &KeyedPass, outcome: Outcome) -> bool {
        self.slot(pass).is_some_and(|slot| slot.gate.is_quiet(pass.pass, outcome))
    }

    /// What is known of this key; nothing, if it has no place.
    #[must_use]
    pub fn snapshot(&self, key: Key, now: Moment) -> Option<Snapshot> {
        let slot = &self.slots[self.find(key.halves())?];
        let word = slot.gate.word();
        let left = slot.gate.until() - now;
        let counts = slot.counts(over(&self.policy.load()), word.generation(), now);
        let snapshot = Snapshot::new(word, slot.gate.since(), left, counts, 0);
        slot.is_of(key.halves()).then_some(snapshot)
    }

    /// Does what an operator says for this key.
    pub fn force(&self, key: Key, force: Force, outside: &impl Outside) {
        self.at(key, outside, |slot, around| {
            slot.gate.force(force, around, |_| slot.is_of(key.halves()));
        });
    }

    /// Forgets all that was of the breaker of this key, if anything is known of it, as that of a
    /// [machine](crate::machine::Machine::reset) does.
    pub fn reset(&self, key: Key, outside: &impl Outside) {
        if let Some(at) = self.find(key.halves()) {
            let slot = &self.slots[at];
            let policy = self.policy.load();
            let around = self.around(at, slot, &policy, outside);
            slot.gate.reset(&around, |_| slot.is_of(key.halves()));
        }
    }

    /// Opens the breaker of this key, if it goes by its own rules and is not open yet. Says whether it did.
    pub fn trip(&self, key: Key, trip: Trip, outside: &impl Outside) -> bool {
        let opened = self.at(key, outside, |slot, around| {
            slot.gate.open(trip, None, around, |_| slot.is_of(key.halves()))
        });
        opened.is_some()
    }

    /// How full it is. It looks at all places: nothing for the path of a request.
    #[must_use]
    pub fn usage(&self) -> TableUsage {
        let (evicted, evicted_open) = self.claims.evicted();
        let mut usage = TableUsage {
            places: self.slots.len(),
            evicted,
            evicted_open,
            refused: self.refused.load(Relaxed),
            ..TableUsage::default()
        };
        for phase in self.slots.iter().map(|slot| slot.gate.word().phase()) {
            if let Some(state) = phase.of_somebody() {
                usage.states[state as usize] += 1;
            }
        }
        usage
    }

    /// Does something with the slot of this key, and once more if that belongs to another one by then: which is looked
    /// at again under the lock, so nothing is done to that.
    fn at<O: Outside, T>(
        &self,
        key: Key,
        outside: &O,
        act: impl Fn(&Slot, &Around<'_, O, Slot>) -> T,
    ) -> T {
        loop {
            let at = self.place(key, outside);
            let slot = &self.slots[at];
            let done = act(slot, &self.around(at, slot, &self.policy.load(), outside));
            if slot.is_of(key.halves()) {
                return done;
            }
        }
    }
}
