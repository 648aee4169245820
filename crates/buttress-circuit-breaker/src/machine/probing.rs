use std::time::Duration;

use buttress_core::clock::Moment;

use super::gate::SOON;
use super::pass::Kind;
use super::step::Step;
use super::{Around, Gate, Outside, Pass, Refused, Verdict};
use crate::parts::atomic::Ordering::{AcqRel, Acquire};
use crate::phase::Phase;
use crate::word::Word;
use crate::{Reason, Trip, Why};

/// So many leases in a row run out before it opens again: else whoever only hangs gets a call each lease, for ever.
const MOST_LOST: u8 = 3;

impl Gate {
    /// A place for a probe, if one is free; or the place of one that hangs.
    pub(super) fn enter_half_open<O: Outside, C>(
        &self,
        word: Word,
        around: &Around<'_, O, C>,
    ) -> Option<Result<Pass, Refused>> {
        if word.out() < around.policy.probes {
            let lease = around.now() + around.policy.lease;
            // Before the place is taken: nobody may find it taken and its lease over.
            self.lease.fetch_max(lease.as_nanos(), AcqRel);
            let next = word.with_probes(word.out() + 1, word.won(), word.lost());
            return self.swap(word, next).then(|| Ok(Pass::new(next, Kind::Probe)));
        }
        let left = self.leased_until() - around.outside.recent();
        if left.is_zero() {
            return self.expire(word, around);
        }
        Some(Err(Refused::new(word, Some(left.min(SOON)))))
    }

    /// Takes the places of all that hang: the newest lease is over, so all are. What they say later is old news.
    fn expire<O: Outside, C>(
        &self,
        word: Word,
        around: &Around<'_, O, C>,
    ) -> Option<Result<Pass, Refused>> {
        let (now, share) = (around.now(), around.outside.share());
        let next = self.step(around, |seen| {
            let hangs = seen.generation() == word.generation()
                && seen.out() >= around.policy.probes
                && now >= self.leased_until();
            hangs.then(|| self.expired(seen, around, now, share))
        })?;
        match next.phase() {
            Phase::HalfOpen => Some(Ok(Pass::new(next, Kind::Probe))),
            _ => None,
        }
    }

    fn expired<O, C>(
        &self,
        seen: Word,
        around: &Around<'_, O, C>,
        now: Moment,
        share: f64,
    ) -> Step {
        let lost = seen.lost() + 1;
        if lost >= MOST_LOST {
            let trip = Trip::new(Reason::Hanging, u32::from(lost), u32::from(MOST_LOST));
            return self.opening(seen, trip, None, around, now, share);
        }
        let word = seen.step(Phase::HalfOpen).with_probes(1, seen.won(), lost);
        Step::to(word, now, Why::Due).leased(now + around.policy.lease).untold()
    }

    /// Hears how a probe ended. It gives its place back in any case.
    pub(super) fn settle_probe<O: Outside, C>(
        &self,
        pass: Pass,
        verdict: Verdict,
        advice: Option<Duration>,
        around: &Around<'_, O, C>,
    ) {
        let of_then =
            |seen: Word| seen.generation() == pass.generation() && seen.phase() == Phase::HalfOpen;
        match verdict {
            Verdict::Good { slow } if !slow || !around.policy.is_of_slow_calls() => {
                self.win(around, of_then);
            }
            Verdict::Good { .. } | Verdict::Bad { .. } | Verdict::Throttled => {
                self.open(Trip::new(Reason::Probe, 1, 1), advice, around, of_then);
            }
            Verdict::Nothing => self.give_back(of_then),
            // Its lease sees to that.
            Verdict::Hanging => {}
        }
    }

    fn win<O: Outside, C>(&self, around: &Around<'_, O, C>, of_then: impl Fn(Word) -> bool) {
        loop {
            let seen = self.word();
            if !of_then(seen) {
                return;
            }
            let won = seen.won().saturating_add(1);
            let next = seen.with_probes(seen.out().saturating_sub(1), won, 0);
            let done = if won < around.policy.close_after {
                self.swap(seen, next)
            } else {
                self.recover(around, &of_then)
            };
            if done {
                return;
            }
        }
    }

    fn recover<O: Outside, C>(
        &self,
        around: &Around<'_, O, C>,
        of_then: &impl Fn(Word) -> bool,
    ) -> bool {
        let now = around.now();
        let phase = if around.policy.ramp_up.is_some() { Phase::RampingUp } else { Phase::Closed };
        let enough = |seen: Word| seen.won().saturating_add(1) >= around.policy.close_after;
        let step = self.step(around, |seen| {
            (of_then(seen) && enough(seen)).then(|| Step::to(seen.step(phase), now, Why::Recovered))
        });
        step.is_some()
    }

    fn give_back(&self, of_then: impl Fn(Word) -> bool) {
        loop {
            let seen = self.word();
            if !of_then(seen) {
                return;
            }
            let next = seen.with_probes(seen.out().saturating_sub(1), seen.won(), seen.lost());
            if self.swap(seen, next) {
                return;
            }
        }
    }

    pub(crate) fn since(&self) -> Moment {
        Moment::from_nanos(self.since.load(Acquire))
    }

    fn leased_until(&self) -> Moment {
        Moment::from_nanos(self.lease.load(Acquire))
    }
}
