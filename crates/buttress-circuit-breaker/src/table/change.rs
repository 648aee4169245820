use buttress_core::BuildError;
use buttress_core::clock::Moment;

use super::Table;
use super::check::check;
use super::cut::{over, tick_at};
use crate::machine::{Outside, Policy};
use crate::parts::atomic::Ordering::Release;
use crate::word::Word;
use crate::{Mode, State, Transition};

/// Other policies for all keys.
impl Table {
    /// Goes by another policy from now on, for the keys that it has and for those to come: in the same states, and with
    /// empty windows. Its mode is for new ones, and for when one is [released](crate::Force::Release).
    ///
    /// It goes through all places, one by one: nothing for the path of a request, which does not wait for it. Until it
    /// is through, how calls end is not counted; the probes of those that are half-open are.
    ///
    /// # Errors
    ///
    /// Fails if the policy cannot be gone by, or not for keys. The old one stays then.
    pub fn reconfigure(&self, policy: Policy, outside: &impl Outside) -> Result<(), BuildError> {
        check(&policy)?;
        self.replace(policy, outside);
        Ok(())
    }

    /// The same with one that was checked. Says the mode of the one before.
    pub(crate) fn replace(&self, policy: Policy, outside: &impl Outside) -> Mode {
        let now = outside.now();
        let change = self.change.lock();
        let before = self.policy.load().mode;
        // Before the policy, so that whoever counts by the new one knows.
        self.is_changing.store(true, Release);
        self.policy.replace(policy);
        self.renew(now);
        self.is_changing.store(false, Release);
        drop(change);
        before
    }

    /// Puts all keys into the mode of the policy, as an operator would each of them. No [step](Outside::tell) is told
    /// of.
    pub(crate) fn take_on_mode(&self, outside: &impl Outside) {
        let outside = Quietly(outside);
        for (at, slot) in self.slots.iter().enumerate() {
            let policy = self.policy.load();
            let is_somebodys = |word: Word| word.phase().of_somebody().is_some();
            let around = self.around(at, slot, &policy, &outside);
            slot.gate.force(policy.mode.force(), &around, is_somebodys);
        }
    }

    fn renew(&self, now: Moment) {
        let policy = self.policy.load();
        let turn = over(&policy).map_or(0, |over| tick_at(over, now));
        for (at, slot) in self.slots.iter().enumerate() {
            // Whose windows are those of before is in another generation afterwards, so they are empty.
            slot.gate.renew(&self.around(at, slot, &policy, &now));
            slot.turn_over(turn);
        }
    }
}

/// Hears what has to be added up, and no more.
struct Quietly<'a, O>(&'a O);

impl<O: Outside> Outside for Quietly<'_, O> {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn tell(&self, _: &Transition) {}

    fn moved(&self, from: Option<State>, to: Option<State>) {
        self.0.moved(from, to);
    }
}
