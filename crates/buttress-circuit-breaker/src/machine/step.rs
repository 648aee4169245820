use std::time::Duration;

use buttress_core::clock::Moment;

use super::leases::Lease;
use super::{Around, Gate, Leases, Outside, Pass, Verdict};
use crate::growth::Growth;
use crate::parts::atomic::Ordering::Release;
use crate::phase::Phase;
use crate::word::Word;
use crate::{Transition, Trip, Why};

/// A step that is to be made.
#[must_use]
pub(super) struct Step {
    word: Word,
    at: Moment,
    until: Option<Moment>,
    gives_back: Option<Lease>,
    takes: Option<Moment>,
    /// Nothing: nobody hears of it.
    why: Option<Why>,
    /// It counts as a step though the phase stays.
    anew: bool,
}

/// A step that was made.
pub(crate) struct Made {
    pub(super) word: Word,
    /// The place that was taken with it.
    place: Option<u32>,
}

impl Made {
    /// The pass of who has taken a place with it.
    pub(super) fn probe(&self) -> Pass {
        Pass::probe(self.word, self.place.unwrap_or_default())
    }
}

/// Stands on the stack while others hear of a step. If one of them panics, nobody gets the place that was taken with
/// it: then it is given back.
struct Untold<'a, 'b, O: Outside, C> {
    gate: &'a Gate,
    around: &'a Around<'b, O, C>,
    made: Option<Made>,
}

impl<O: Outside, C> Untold<'_, '_, O, C> {
    fn told(mut self) -> Option<Made> {
        self.made.take()
    }
}

impl<O: Outside, C> Drop for Untold<'_, '_, O, C> {
    fn drop(&mut self) {
        if let Some(made) = self.made.take()
            && made.place.is_some()
        {
            self.gate.settle_probe(made.probe(), Verdict::Nothing, None, self.around);
        }
    }
}

impl Step {
    pub(super) const fn to(word: Word, at: Moment, why: Why) -> Self {
        let (until, gives_back, takes) = (None, None, None);
        Self { word, at, until, gives_back, takes, why: Some(why), anew: false }
    }

    /// One of which nobody hears, as it stays where it is.
    pub(super) const fn within(word: Word, at: Moment) -> Self {
        Self { why: None, ..Self::to(word, at, Why::Due) }
    }

    /// With it a probe takes a place, until then.
    pub(super) fn taking(self, until: Moment) -> Self {
        Self { takes: Some(until), ..self }
    }

    pub(super) fn giving_back(self, lease: Lease) -> Self {
        Self { gives_back: Some(lease), ..self }
    }

    pub(super) fn until(self, until: Moment) -> Self {
        Self { until: Some(until), ..self }
    }

    pub(super) fn anew(self) -> Self {
        Self { anew: true, ..self }
    }

    pub(super) fn untold(self) -> Self {
        Self { why: None, ..self }
    }
}

impl Gate {
    /// Makes the step that `plan` makes of the word, if it makes one; and tells of it when the lock is free again.
    ///
    /// `plan` is asked again where a word was exchanged meanwhile.
    pub(super) fn step<O: Outside, C>(
        &self,
        around: &Around<'_, O, C>,
        plan: impl Fn(Word) -> Option<Step>,
    ) -> Option<Made> {
        self.step_with(around, |seen, _| plan(seen))
    }

    /// The same where it matters who has which place.
    pub(super) fn step_with<O: Outside, C>(
        &self,
        around: &Around<'_, O, C>,
        plan: impl Fn(Word, &Leases) -> Option<Step>,
    ) -> Option<Made> {
        let mut leases = around.turn.lock();
        let (seen, step) = loop {
            let seen = self.word();
            let step = plan(seen, &leases)?;
            // Before the word, for those who read them after it.
            self.write(seen, &step);
            if self.swap(seen, step.word) {
                break (seen, step);
            }
        };
        let place = self.follow(seen, &step, around.gate, &mut leases);
        drop(leases);
        let made = Untold { gate: self, around, made: Some(Made { word: step.word, place }) };
        let (from, to) = (seen.phase().state(), step.word.phase().state());
        if from != to {
            around.outside.moved(Some(from), Some(to));
        }
        if let Some(why) = step.why {
            let told = Transition::new(from, to, why, step.at, step.word.generation());
            around.outside.tell(&told);
        }
        made.told()
    }

    /// Moves to another word, of which nobody hears. The caller holds the lock.
    pub(crate) fn move_to(&self, now: Moment, to: impl Fn(Word) -> Word) {
        self.since.store(now.as_nanos(), Release);
        loop {
            let seen = self.word();
            if self.swap(seen, to(seen)) {
                return;
            }
        }
    }

    fn write(&self, seen: Word, step: &Step) {
        if let Some(until) = step.until {
            self.until.store(until.as_nanos(), Release);
        }
        if step.anew || seen.phase() != step.word.phase() {
            self.since.store(step.at.as_nanos(), Release);
        }
    }

    /// What the step means for the places of probes. Says the number of the one that is taken with it.
    fn follow(&self, seen: Word, step: &Step, gate: u32, leases: &mut Leases) -> Option<u32> {
        if seen.generation() != step.word.generation() {
            // What those of before say is old news.
            leases.clear(gate);
        }
        if let Some(lease) = step.gives_back {
            leases.give_back(lease);
        }
        let place = step.takes.map(|until| leases.take(gate, until));
        let oldest = leases.oldest(gate).map_or(Moment::FIRST, Lease::until);
        self.lease.store(oldest.as_nanos(), Release);
        place
    }

    /// Opens, if what is there may open and is `meant`.
    pub(crate) fn open<O: Outside, C>(
        &self,
        trip: Trip,
        advice: Option<Duration>,
        around: &Around<'_, O, C>,
        meant: impl Fn(Word) -> bool,
    ) -> Option<Made> {
        // Whatever is outside is asked before the lock is taken.
        let (now, share) = (around.now(), around.outside.share());
        self.step(around, |seen| {
            let opens = matches!(seen.phase(), Phase::Closed | Phase::RampingUp | Phase::HalfOpen);
            (opens && meant(seen)).then(|| self.opening(seen, trip, advice, around, now, share))
        })
    }

    /// The step that opens, for as long as it is time for.
    pub(super) fn opening<O, C>(
        &self,
        seen: Word,
        trip: Trip,
        advice: Option<Duration>,
        around: &Around<'_, O, C>,
        now: Moment,
        share: f64,
    ) -> Step {
        let policy = around.policy;
        let stable = seen.phase() == Phase::Closed && now - self.since() >= policy.stability();
        let level = if stable { 1 } else { seen.level().saturating_add(1) };
        let own = policy.growth.open_time(level, share);
        let time = Growth::advised(own, advice, policy.follow_at_most);
        let word = seen.step(Phase::Open).with_level(level).with_reason(trip.reason());
        Step::to(word, now, Why::Tripped(trip)).until(now + time)
    }
}
