use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use buttress_core::engine::Step;
use buttress_core::key::KeyWriter;
use buttress_core::{Code, Problem};

use super::meters::Meters;
use crate::keys::Keys;
use crate::store::LimitStore;
use crate::{Charge, Charges, Limits, Retry, Verdict};

/// What all services of a throttle share: who may go on, and how many wait.
pub(super) struct Gate<W, L> {
    pub(super) way: W,
    pub(super) store: L,
    pub(super) limits: Limits,
    pub(super) keys: Keys,
    pub(super) waiting: AtomicUsize,
    pub(super) most_waiting: usize,
    pub(super) meters: Meters,
}

/// What becomes of a request.
pub(super) enum Outcome<W, L: LimitStore> {
    Pass,
    Refuse(Problem),
    Wait(L::Wait, Waiting<W, L>),
}

impl<W, L: LimitStore> Gate<W, L> {
    /// Asks for a turn of whom `write` writes.
    pub(super) fn ask(self: &Arc<Self>, write: impl FnOnce(&W, &mut KeyWriter)) -> Outcome<W, L> {
        let (keyer, keyed_here) = self.keys.now();
        let mut key = keyer.writer();
        write(&self.way, &mut key);
        let mut charges = Charges::new();
        charges.push(Charge::new(0, key.key(), 1).keyed_here(keyed_here));
        match self.store.take(&self.limits, &charges) {
            Step::Now(verdict) => match self.settle(&verdict) {
                None => Outcome::Pass,
                Some(problem) => Outcome::Refuse(problem),
            },
            Step::Later(turn) => match Waiting::begin(self) {
                Some(waiting) => Outcome::Wait(turn, waiting),
                // What was taken for the turn is given back with it.
                None => Outcome::Refuse(Problem::new(Code::THROTTLED_LOCALLY)),
            },
        }
    }

    /// Whether a request may go on now; if not, why.
    pub(super) fn settle(&self, verdict: &Verdict) -> Option<Problem> {
        let Some((_, retry)) = verdict.refusal() else {
            self.meters.went_on(verdict.delay());
            return None;
        };
        self.meters.refused.increment(1);
        let problem = Problem::new(Code::THROTTLED_LOCALLY);
        Some(match retry {
            Retry::After(wait) => problem.with_retry_after(wait),
            _ => problem,
        })
    }
}

/// One who waits, counted as long as it lives.
pub(super) struct Waiting<W, L> {
    pub(super) gate: Arc<Gate<W, L>>,
}

impl<W, L> Waiting<W, L> {
    /// Nothing, if too many wait already.
    fn begin(gate: &Arc<Gate<W, L>>) -> Option<Self> {
        let add = |waiting| (waiting < gate.most_waiting).then_some(waiting + 1);
        if gate.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_err() {
            gate.meters.crowded.increment(1);
            return None;
        }
        gate.meters.waiting.add(1.0);
        Some(Self { gate: gate.clone() })
    }
}

impl<W, L> Drop for Waiting<W, L> {
    fn drop(&mut self) {
        self.gate.waiting.fetch_sub(1, Ordering::Relaxed);
        self.gate.meters.waiting.add(-1.0);
    }
}

impl<W: fmt::Debug, L: fmt::Debug> fmt::Debug for Gate<W, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("way", &self.way)
            .field("store", &self.store)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
