use super::step::Step;
use super::{Around, Gate, Outside};
use crate::phase::Phase;
use crate::word::Word;
use crate::{Force, Why};

/// Steps that somebody orders, whatever was counted.
impl Gate {
    /// Does what an operator says, if it is `meant`. What is so already stays as it is.
    pub(crate) fn force<O: Outside, C>(
        &self,
        force: Force,
        around: &Around<'_, O, C>,
        meant: impl Fn(Word) -> bool,
    ) {
        let now = around.now();
        let released = around.policy.mode.state();
        let state = if force == Force::Release { released } else { force.state() };
        let phase = Phase::of(state);
        let why = if force == Force::Release { Why::Released } else { Why::Forced };
        self.step(around, |seen| {
            let held = force != Force::Release || seen.phase().state().is_forced();
            (held && seen.phase() != phase && meant(seen))
                .then(|| Step::to(seen.step(phase).with_level(0), now, why))
        });
    }

    /// Forgets all, if it is `meant`: it is as it begins by its settings, and as if it had never opened. What somebody
    /// holds stays where that is.
    pub(crate) fn reset<O: Outside, C>(
        &self,
        around: &Around<'_, O, C>,
        meant: impl Fn(Word) -> bool,
    ) {
        let (now, begins) = (around.now(), Phase::of(around.policy.mode.state()));
        self.step(around, |seen| {
            let to = if seen.phase().state().is_forced() { seen.phase() } else { begins };
            let word = meant(seen).then(|| seen.step(to).with_level(0))?;
            let step = Step::to(word, now, Why::Reset).anew();
            Some(if seen.phase() == to { step.untold() } else { step })
        });
    }

    /// Goes by another policy from now on, in the same phase: what was counted by the old one is forgotten.
    pub(crate) fn renew<O: Outside, C>(&self, around: &Around<'_, O, C>) {
        let (timed, windowed) = (around.policy.is_timed(), around.policy.counts_successes());
        let now = around.now();
        self.step(around, |seen| {
            let word = seen.step(seen.phase()).needing(timed, windowed);
            let word = match seen.phase() {
                // It will begin by that policy.
                Phase::Vacant => return None,
                Phase::Open => word.with_reason(seen.reason()),
                Phase::HalfOpen => word.with_probes(0, seen.won(), seen.lost()),
                _ => word,
            };
            Some(Step::to(word, now, Why::Reset).untold())
        });
    }
}
