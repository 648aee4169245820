use buttress_core::clock::Moment;

use super::cut::{over, tick_at};
use super::slot::Slot;
use crate::State;
use crate::parts::atomic::Ordering::Relaxed;
use crate::parts::atomic::{AtomicU32, AtomicU64};
use crate::phase::Phase;
use crate::policy::Policy;
use crate::word::Word;

/// Who has to go for a new key, and what that cost until now.
#[derive(Debug)]
pub(super) struct Claims {
    /// Counts insertions: so it is known who was used last, without a look at a clock.
    epoch: AtomicU32,
    evicted: AtomicU64,
    evicted_open: AtomicU64,
}

/// The higher, the more is lost with it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Worth {
    Vacant,
    Idle,
    /// It failed lately.
    Troubled,
    /// Open, and nobody has come since it is due.
    Due,
    Open,
    /// An operator said so.
    Held,
}

impl Claims {
    pub(super) fn new() -> Self {
        Self {
            epoch: AtomicU32::new(0),
            evicted: AtomicU64::new(0),
            evicted_open: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn epoch(&self) -> u32 {
        self.epoch.load(Relaxed)
    }

    pub(super) fn evicted(&self) -> (u64, u64) {
        (self.evicted.load(Relaxed), self.evicted_open.load(Relaxed))
    }

    /// Gives one of these slots to a key that has none, and says in which state it was, if it was somebody's. The
    /// caller holds the lock of the set.
    pub(super) fn claim(
        &self,
        set: &[Slot],
        key: [u64; 2],
        policy: &Policy,
        now: Moment,
    ) -> Option<State> {
        let epoch = self.epoch.fetch_add(1, Relaxed).wrapping_add(1);
        let least = |slot: &&Slot| (worth(slot, policy, now), std::cmp::Reverse(slot.age(epoch)));
        let slot = set.iter().min_by_key(least)?;
        let before = slot.gate.word().phase().of_somebody();
        match worth(slot, policy, now) {
            Worth::Vacant => {}
            Worth::Held | Worth::Open | Worth::Due => {
                self.evicted_open.fetch_add(1, Relaxed);
                self.evicted.fetch_add(1, Relaxed);
            }
            Worth::Idle | Worth::Troubled => {
                self.evicted.fetch_add(1, Relaxed);
            }
        }
        hand_over(slot, key, policy, now);
        slot.touch(epoch);
        before
    }
}

/// First it is nobody's, in a generation of its own; then it has its new key; then it begins, in the next one. So
/// whoever sees the key of before, a word, and the key of before again, has a word that belongs to it, or one of
/// nobody.
fn hand_over(slot: &Slot, key: [u64; 2], policy: &Policy, now: Moment) {
    slot.gate.move_to(now, |word| word.step(Phase::Vacant));
    slot.settle_in(key, over(policy).map_or(0, |over| tick_at(over, now)));
    slot.gate.move_to(now, |word| begin(word, policy));
}

fn begin(word: Word, policy: &Policy) -> Word {
    let phase = Phase::of(policy.mode.state());
    word.step(phase).with_level(0).needing(policy.is_timed(), policy.counts_successes())
}

fn worth(slot: &Slot, policy: &Policy, now: Moment) -> Worth {
    let word = slot.gate.word();
    match word.phase() {
        Phase::Vacant => Worth::Vacant,
        Phase::Open if slot.gate.until() <= now => Worth::Due,
        Phase::Open | Phase::HalfOpen => Worth::Open,
        Phase::ForcedOpen | Phase::ForcedClosed => Worth::Held,
        // What an operator said, and not how all of them begin.
        held if held.state().is_forced() && held.state() != policy.mode.state() => Worth::Held,
        Phase::RampingUp => Worth::Troubled,
        Phase::Closed | Phase::Disabled | Phase::MetricsOnly => {
            let failed = slot.counts(over(policy), word.generation(), now).failed;
            if word.streak() > 0 || failed > 0 { Worth::Troubled } else { Worth::Idle }
        }
    }
}
