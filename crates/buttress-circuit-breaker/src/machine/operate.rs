use std::time::Duration;

use buttress_core::BuildError;
use buttress_core::clock::Moment;

use super::{Machine, Outside, Policy, Refused, Snapshot};
use crate::current::Rules;
use crate::parts::atomic::Ordering::Relaxed;
use crate::phase::Phase;
use crate::{Force, State, Trip};

/// What can be seen of it, and done with it from outside.
impl Machine {
    /// What it does with calls now.
    ///
    /// An open one stays open until somebody calls, even if it is due.
    #[must_use]
    pub fn state(&self) -> State {
        self.gate.word().phase().state()
    }

    /// The same, and the number of the time that it is in.
    pub(crate) fn standing(&self) -> (State, u32) {
        let word = self.gate.word();
        (word.phase().state(), word.generation())
    }

    /// Whether no call would pass at `now`. One that is due lets one pass, and so does not refuse.
    #[must_use]
    pub fn refuses(&self, now: impl FnOnce() -> Moment) -> Option<Refused> {
        let word = self.gate.word();
        match word.phase() {
            Phase::ForcedOpen => Some(Refused::new(word, None)),
            Phase::Open => {
                let left = self.gate.left(now());
                (!left.is_zero()).then(|| Refused::new(word, Some(left)))
            }
            _ => None,
        }
    }

    /// Does what an operator says, whatever it knows itself. What is so already stays as it is.
    pub fn force(&self, force: Force, outside: &impl Outside) {
        let rules = self.current.load();
        let around = self.around(&rules.policy, &rules.tally, outside);
        self.gate.force(force, &around, |_| true);
    }

    /// Forgets all that was: it is as it begins by its policy, so closed, unless that only counts or is off. One that
    /// somebody [holds](State::is_forced) stays so until it is [released](Force::Release).
    pub fn reset(&self, outside: &impl Outside) {
        let rules = self.current.load();
        self.gate.reset(&self.around(&rules.policy, &rules.tally, outside), |_| true);
    }

    /// Opens, if it goes by its own rules and is not open yet. Says whether it did.
    pub fn trip(&self, trip: Trip, outside: &impl Outside) -> bool {
        let rules = self.current.load();
        let around = self.around(&rules.policy, &rules.tally, outside);
        self.gate.open(trip, None, &around, |_| true).is_some()
    }

    /// Goes by another policy from now on: in the same state, and with empty windows. Its mode is for when it is
    /// [released](Force::Release).
    ///
    /// # Errors
    ///
    /// Fails if that policy [cannot be gone by](Policy::check). The old one stays then.
    pub fn reconfigure(&self, policy: Policy, outside: &impl Outside) -> Result<(), BuildError> {
        policy.check()?;
        self.current.replace(Rules::new(policy));
        loop {
            let rules = self.current.load();
            self.gate.renew(&self.around(&rules.policy, &rules.tally, outside));
            // If somebody else came meanwhile, the word may say what the rules of before needed to have counted.
            if std::ptr::eq(&raw const *rules, &raw const *self.current.load()) {
                return Ok(());
            }
        }
    }

    /// All that can be seen of it, at one moment.
    #[must_use]
    pub fn snapshot(&self, now: Moment) -> Snapshot {
        let rules = self.current.load();
        let turn = self.turn.lock();
        let word = self.gate.word();
        let (since, until) = (self.gate.since(), self.gate.until());
        drop(turn);
        let counts = rules.tally.counts(&rules.policy, word.generation(), now);
        Snapshot::new(word, since, until - now, counts, self.refused.load(Relaxed))
    }

    /// What waits longer is slow.
    #[must_use]
    pub fn slow(&self) -> Duration {
        self.current.load().policy.slow
    }

    /// Somebody heeded what [`refuses`](Self::refuses) said.
    pub(crate) fn has_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }
}
