use std::fmt;
use std::time::Duration;

use buttress_core::clock::Moment;
use buttress_core::key::Key;
use buttress_core::outcome::Outcome;
use buttress_core::{BuildError, Faults};

use super::TableUsage;
use super::claim::Claims;
use super::slot::{MOST_TIMES, Slot, over};
use crate::machine::{
    Around, Ended, Kind, News, Outside, Pass, Policy, Refused, Snapshot, Verdict,
};
use crate::parts::Lock;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::Relaxed;
use crate::word::Phase;
use crate::{Force, Rule, Trip};

/// A breaker for each key, of as many as there is room for.
///
/// ```
/// use buttress_circuit_breaker::Rule;
/// use buttress_circuit_breaker::machine::{Policy, Table};
/// use buttress_core::clock::Moment;
/// use buttress_core::key::Key;
/// use buttress_core::outcome::Outcome;
///
/// let now = Moment::FIRST;
/// let table = Table::new(Policy::default().rules([Rule::InARow(1)]), 1_024, now)?;
/// let [one, other] = [1, 2].map(|byte| Key::from_bytes([byte; 16]));
///
/// let pass = table.enter(one, &now).expect("nothing is known of it");
/// table.settle(pass, Outcome::Failure, &now);
/// assert!(table.enter(one, &now).is_err());
/// assert!(table.enter(other, &now).is_ok());
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
///
/// # Guarantees
///
/// - **Memory is taken once**: 256 bytes for each place, of which there is a power of two.
/// - **Whom it hurts least goes first** where a new key finds its eight places taken: who is idle, longest unused first; then who
///   failed lately; one that is open only if all eight are. So strange keys, however many, push out idle ones.
/// - **News of one key never reaches another one** that has its place by then.
///
/// A policy for keys has one rule of failures in a time and one of throttled answers at most, which count to 8; and its rates
/// are all of the same calls. Their windows have ten buckets: what counts spans at least 90 % of what was asked for, and
/// never more.
///
/// # Cancellation
///
/// As with a [`Machine`](super::Machine).
///
/// # Cost
///
/// No allocation, and no lock for a key that is known: up to eight keys are compared. A new key takes the lock of one of up to 16
/// parts of the table.
///
/// # Errors
///
/// A call that may not be made is [`Refused`].
pub struct Table {
    slots: Box<[Slot]>,
    turns: Box<[Lock<()>]>,
    policy: Policy,
    claims: Claims,
    refused: AtomicU64,
}

/// The leave to make one call for a key. See [`Table`] for an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "its outcome has to be settled"]
pub struct KeyedPass {
    slot: u32,
    pass: Pass,
}

impl KeyedPass {
    /// Whether it is one of the few that decide whether the breaker closes.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.pass.is_probe()
    }

    /// Whether it has to be known how long the call waits.
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        self.pass.is_timed()
    }
}

/// So many places belong together: a key is in one of them.
const SET: usize = 8;
const PARTS: usize = 16;
const MOST_ROOM: usize = 1 << 22;

impl Table {
    /// Of places for so many keys, rounded up to a power of two, and of 8 at least.
    ///
    /// # Errors
    ///
    /// Fails if the policy cannot be gone by, or not for keys; or if there is no such room.
    pub fn new(policy: Policy, room: usize, now: Moment) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        faults.within("", policy.check());
        check(&policy, &mut faults);
        if room == 0 || room > MOST_ROOM {
            faults.add("room", format_args!("must be from 1 to {MOST_ROOM} keys, not {room}"));
        }
        faults.finish(())?;
        let places = room.next_power_of_two().max(SET);
        Ok(Self {
            slots: (0..places).map(|_| Slot::vacant(now)).collect(),
            turns: (0..PARTS.min(places / SET)).map(|_| Lock::new(())).collect(),
            policy,
            claims: Claims::new(),
            refused: AtomicU64::new(0),
        })
    }

    /// Asks whether a call may be made for this key now.
    ///
    /// # Errors
    ///
    /// Fails if it may not.
    #[inline]
    pub fn enter(&self, key: Key, outside: &impl Outside) -> Result<KeyedPass, Refused> {
        let halves = key.halves();
        loop {
            let Some(at) = self.find(halves) else {
                self.claim(halves, outside);
                continue;
            };
            let answer = self.enter_at(at, outside);
            // The key once more: the word may have become that of another one.
            if self.slots[at].is_of(halves) && !answer.is_ok_and(|pass| pass.is_nobodys()) {
                return self.counted(at, answer);
            }
            if let Ok(pass) = answer {
                self.settle(self.keyed(at, pass), Outcome::Ignored, outside);
            }
        }
    }

    /// Says how the call ended that passed with this.
    #[inline]
    pub fn settle(&self, pass: KeyedPass, ended: impl Into<Ended>, outside: &impl Outside) {
        let ended = ended.into();
        if self.is_news(&pass, ended.outcome()) {
            self.settle_news(pass, &ended, outside);
        }
    }

    /// Whether such an end of this call would change anything.
    #[inline]
    #[must_use]
    pub fn is_news(&self, pass: &KeyedPass, outcome: Outcome) -> bool {
        self.slot(pass).is_some_and(|slot| slot.gate.news(pass.pass, outcome) != News::None)
    }

    /// As [`Machine::hangs`](super::Machine::hangs).
    pub fn hangs(&self, pass: KeyedPass, outside: &impl Outside) -> KeyedPass {
        let news = self.is_news(&pass, Outcome::Failure) && pass.pass.kind() == Kind::Ordinary;
        match self.slot(&pass) {
            Some(slot) if news && self.policy.is_of_slow_calls() => {
                let around = self.around(pass.slot as usize, slot, outside);
                slot.gate.settle(pass.pass, Verdict::Hanging, None, &around);
                KeyedPass { pass: pass.pass.counted(), ..pass }
            }
            _ => pass,
        }
    }

    /// What waits longer is slow.
    #[must_use]
    pub const fn slow(&self) -> Duration {
        self.policy.slow
    }

    /// What is known of this key; nothing, if it has no place.
    #[must_use]
    pub fn snapshot(&self, key: Key, now: Moment) -> Option<Snapshot> {
        let slot = &self.slots[self.find(key.halves())?];
        let word = slot.gate.word();
        let left = slot.gate.until() - now;
        let counts = slot.counts(over(&self.policy), word.generation(), now);
        let snapshot = Snapshot::new(word, slot.gate.since(), left, counts, 0);
        slot.is_of(key.halves()).then_some(snapshot)
    }

    /// Does what an operator says for this key.
    pub fn force(&self, key: Key, force: Force, outside: &impl Outside) {
        let at = self.place(key, outside);
        let slot = &self.slots[at];
        slot.gate.force(force, &self.around(at, slot, outside));
    }

    /// Closes the breaker of this key, and forgets all that was, if anything is known of it.
    pub fn reset(&self, key: Key, outside: &impl Outside) {
        if let Some(at) = self.find(key.halves()) {
            let slot = &self.slots[at];
            slot.gate.reset(&self.around(at, slot, outside));
        }
    }

    /// Opens the breaker of this key, if it goes by its own rules and is not open yet. Says whether it did.
    pub fn trip(&self, key: Key, trip: Trip, outside: &impl Outside) -> bool {
        let at = self.place(key, outside);
        let slot = &self.slots[at];
        slot.gate.open(trip, None, &self.around(at, slot, outside), |_| true).is_some()
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
            usage.keys += usize::from(phase != Phase::Vacant);
            usage.open += usize::from(phase.state().is_open());
        }
        usage
    }
}

/// What it is made of.
impl Table {
    #[inline]
    fn find(&self, halves: [u64; 2]) -> Option<usize> {
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

    #[inline]
    fn enter_at(&self, at: usize, outside: &impl Outside) -> Result<Pass, Refused> {
        let slot = &self.slots[at];
        let word = slot.gate.word();
        if matches!(word.phase(), Phase::Closed) {
            return Ok(Pass::new(word, Kind::Ordinary));
        }
        slot.gate.enter(&self.around(at, slot, outside))
    }

    #[inline]
    fn counted(&self, at: usize, answer: Result<Pass, Refused>) -> Result<KeyedPass, Refused> {
        if answer.is_err() {
            self.refused.fetch_add(1, Relaxed);
        }
        answer.map(|pass| self.keyed(at, pass))
    }

    #[expect(clippy::cast_possible_truncation, reason = "there are four million at most")]
    fn keyed(&self, at: usize, pass: Pass) -> KeyedPass {
        KeyedPass { slot: at as u32, pass }
    }

    fn slot(&self, pass: &KeyedPass) -> Option<&Slot> {
        self.slots.get(pass.slot as usize)
    }

    fn place(&self, key: Key, outside: &impl Outside) -> usize {
        loop {
            match self.find(key.halves()) {
                Some(at) => return at,
                None => self.claim(key.halves(), outside),
            }
        }
    }

    #[cold]
    fn claim(&self, halves: [u64; 2], outside: &impl Outside) {
        let now = outside.now();
        let first = self.set_of(halves);
        let turn = self.turn(first).lock();
        // Somebody else may have done it meanwhile.
        if self.find(halves).is_none() {
            let set = &self.slots[first..first + SET];
            self.claims.claim(set, halves, &self.policy, now);
        }
        drop(turn);
    }

    #[cold]
    fn settle_news(&self, pass: KeyedPass, ended: &Ended, outside: &impl Outside) {
        let Some(slot) = self.slot(&pass) else { return };
        let around = self.around(pass.slot as usize, slot, outside);
        slot.gate.settle_news(pass.pass, ended, &around);
    }

    fn turn(&self, at: usize) -> &Lock<()> {
        &self.turns[at / SET % self.turns.len()]
    }

    fn around<'a, O>(&'a self, at: usize, slot: &'a Slot, outside: &'a O) -> Around<'a, O, Slot> {
        Around { policy: &self.policy, counters: slot, turn: self.turn(at), outside }
    }
}

/// Notes what a table has no room for.
fn check(policy: &Policy, faults: &mut Faults) {
    let (mut failures, mut throttled, first) = (0, 0, over(policy));
    for (at, rule) in policy.rules.iter().enumerate() {
        match rule {
            Rule::Failures { n, .. } | Rule::Throttled { n, .. } if *n > MOST_TIMES => {
                let reason = format_args!("must be {MOST_TIMES} at most for keys, not {n}");
                faults.add(format!("rules[{at}].n"), reason);
            }
            _ if rule.over().is_some() && rule.over() != first => {
                faults.add(format!("rules[{at}].over"), "must be the same for all rates of keys");
            }
            _ => {}
        }
        failures += usize::from(matches!(rule, Rule::Failures { .. }));
        throttled += usize::from(matches!(rule, Rule::Throttled { .. }));
    }
    if failures > 1 || throttled > 1 {
        faults.add(
            "rules",
            "must not be two of failures in a time, or of throttled answers, for keys",
        );
    }
    if policy.exact_counts {
        faults.add("exact_counts", "must not be asked for with keys");
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("usage", &self.usage()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
