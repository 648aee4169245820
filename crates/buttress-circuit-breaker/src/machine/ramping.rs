use super::gate::SOON;
use super::pass::Kind;
use super::step::Step;
use super::{Around, Gate, Outside, Pass, Refused};
use crate::phase::Phase;
use crate::word::Word;
use crate::{Why, ramp};

impl Gate {
    /// A share of the calls passes; or all of them again.
    pub(super) fn enter_ramping<O: Outside, C>(
        &self,
        word: Word,
        around: &Around<'_, O, C>,
    ) -> Option<Result<Pass, Refused>> {
        let now = around.outside.recent();
        let since = self.since();
        if self.word().generation() != word.generation() {
            return None;
        }
        let whole = around.policy.ramp_up.unwrap_or_default();
        if let Some(share) = ramp::share(now - since, whole) {
            let passes = around.outside.share() < share;
            return Some(if passes {
                Ok(Pass::new(word, Kind::Ordinary))
            } else {
                Err(Refused::new(word, Some(SOON)))
            });
        }
        self.step(around, |seen| {
            let word =
                (seen.generation() == word.generation()).then(|| seen.step(Phase::Closed))?;
            Some(Step::to(word, now, Why::RampedUp))
        });
        None
    }
}
