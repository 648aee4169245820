use std::fmt;

use buttress_core::clock::Moment;
use buttress_core::key::Key;
use buttress_core::outcome::Outcome;
use buttress_core::{BuildError, Faults};

use super::KeyedPass;
use super::check::check;
use super::claim::Claims;
use super::places::number;
use super::slot::Slot;
use crate::current::Current;
use crate::machine::{Ended, Kind, Leases, News, Outside, Pass, Policy, Refused, Verdict};
use crate::parts::Lock;
use crate::parts::atomic::Ordering::{Acquire, Relaxed};
use crate::parts::atomic::{AtomicBool, AtomicU64};

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
/// - **Memory is taken once**: 256 bytes for each place, of which there is a power of two; and while keys are
///   half-open, 24 bytes in a list for each probe that is out.
/// - **Whom it hurts least goes first** where a new key finds its eight places taken: who is idle, longest unused
///   first; then who failed lately; one that is open, or held by somebody, only if all eight are. So strange keys,
///   however many, push out idle ones.
/// - **News of one key never reaches another one** that has its place by then.
///
/// A policy for keys has one rule of failures in a time and one of throttled answers at most, which count to 8; and its
/// rates are all of the same calls. Their windows have ten buckets. Of a time, what counts spans 90 % at least; of
/// calls, four fifths, and all if there are ten or fewer. It is never more than was asked for.
///
/// # Cancellation
///
/// As with a [`Machine`](crate::machine::Machine).
///
/// # Cost
///
/// No allocation, and no lock for a key that is known: up to eight keys are compared. A new key takes the lock of one
/// of up to 16 parts of the table.
///
/// # Errors
///
/// A call that may not be made is [`Refused`].
pub struct Table {
    pub(super) slots: Box<[Slot]>,
    pub(super) turns: Box<[Lock<Leases>]>,
    pub(super) policy: Current<Policy>,
    /// One change at a time.
    pub(super) change: Lock<()>,
    /// Some slots still have windows of the policy before.
    pub(super) is_changing: AtomicBool,
    pub(super) claims: Claims,
    pub(super) refused: AtomicU64,
}

/// So many places belong together: a key is in one of them.
pub(super) const SET: usize = 8;
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
        faults.within("", check(&policy));
        if room == 0 || room > MOST_ROOM {
            faults.add("room", format_args!("must be from 1 to {MOST_ROOM} keys, not {room}"));
        }
        faults.finish(())?;
        let places = room.next_power_of_two().max(SET);
        Ok(Self {
            slots: (0..places).map(|_| Slot::vacant(now)).collect(),
            turns: (0..PARTS.min(places / SET)).map(|_| Lock::new(Leases::default())).collect(),
            policy: Current::new(policy),
            change: Lock::new(()),
            is_changing: AtomicBool::new(false),
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
            if self.slots[at].is_of(halves) && !answer.is_ok_and(Pass::is_nobodys) {
                return self.counted(at, answer);
            }
            if let Ok(pass) = answer {
                self.settle(Self::keyed(at, pass), Outcome::Ignored, outside);
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

    /// As [`Machine::hangs`](crate::machine::Machine::hangs).
    pub fn hangs(&self, pass: KeyedPass, outside: &impl Outside) -> KeyedPass {
        let news = self.is_news(&pass, Outcome::Failure) && pass.pass.kind() == Kind::Ordinary;
        match self.slot(&pass) {
            Some(slot) if news => {
                let policy = self.policy.load();
                if !policy.is_of_slow_calls() || self.is_changing() {
                    return pass;
                }
                let around = self.around(pass.slot as usize, slot, &policy, outside);
                slot.gate.settle(pass.pass, Verdict::Hanging, None, &around);
                KeyedPass { pass: pass.pass.counted(), ..pass }
            }
            _ => pass,
        }
    }
}

/// What it is made of.
impl Table {
    #[inline]
    fn enter_at(&self, at: usize, outside: &impl Outside) -> Result<Pass, Refused> {
        let slot = &self.slots[at];
        let word = slot.gate.word();
        if word.is_closed() {
            return Ok(Pass::new(word, Kind::Ordinary));
        }
        slot.gate.enter(&self.around(at, slot, &self.policy.load(), outside))
    }

    #[inline]
    fn counted(&self, at: usize, answer: Result<Pass, Refused>) -> Result<KeyedPass, Refused> {
        if answer.is_err() {
            self.refused.fetch_add(1, Relaxed);
        }
        answer.map(|pass| Self::keyed(at, pass))
    }

    fn keyed(at: usize, pass: Pass) -> KeyedPass {
        KeyedPass { slot: number(at), pass }
    }

    #[cold]
    fn settle_news(&self, pass: KeyedPass, ended: &Ended, outside: &impl Outside) {
        let Some(slot) = self.slot(&pass) else { return };
        let policy = self.policy.load();
        if pass.pass.kind() == Kind::Ordinary && self.is_changing() {
            return;
        }
        let around = self.around(pass.slot as usize, slot, &policy, outside);
        slot.gate.settle_news(pass.pass, ended, &around);
    }

    /// Whether some windows are still those of a policy before this one, which say nothing to its rules. The asker has
    /// looked at the policy before: so if it was the new one, it hears of the change, unless all of it is done.
    fn is_changing(&self) -> bool {
        self.is_changing.load(Acquire)
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
