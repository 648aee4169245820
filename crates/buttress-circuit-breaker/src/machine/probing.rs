use std::time::Duration;

use buttress_core::clock::Moment;

use super::gate::SOON;
use super::leases::Lease;
use super::step::Step;
use super::{Around, Gate, Leases, Outside, Pass, Refused, Verdict};
use crate::parts::atomic::Ordering::Acquire;
use crate::phase::Phase;
use crate::word::Word;
use crate::{Reason, Trip, Why};

/// So many leases in a row run out before it opens again: else whoever only hangs gets a call each lease, for ever.
const MOST_LOST: u8 = 3;

/// What is asked of the outside before the lock is taken.
#[derive(Clone, Copy)]
struct Asked {
    now: Moment,
    share: f64,
}

/// Places are taken and given back under the lock of steps: so the word, and who has which place, are always of one
/// moment.
impl Gate {
    /// A place for a probe, if one is free; or that of one that hangs.
    pub(super) fn enter_half_open<O: Outside, C>(
        &self,
        word: Word,
        around: &Around<'_, O, C>,
    ) -> Option<Result<Pass, Refused>> {
        let left = self.leased_until() - around.outside.recent();
        if word.out() >= around.policy.probes && !left.is_zero() {
            return Some(Err(Refused::new(word, Some(left.min(SOON)))));
        }
        let asked = Asked { now: around.now(), share: around.outside.share() };
        let made = self.step_with(around, |seen, leases| {
            let is_of_then = seen.generation() == word.generation();
            is_of_then.then(|| self.taking_a_place(seen, leases, around, asked))?
        })?;
        (made.word.phase() == Phase::HalfOpen).then(|| Ok(made.probe()))
    }

    /// The step that takes a place; or that opens, where too many were never heard of again. None, if all are taken.
    fn taking_a_place<O, C>(
        &self,
        seen: Word,
        leases: &Leases,
        around: &Around<'_, O, C>,
        asked: Asked,
    ) -> Option<Step> {
        let (out, won, lost) = (seen.out(), seen.won(), seen.lost());
        let until = asked.now + around.policy.lease;
        if out < around.policy.probes {
            return Some(
                Step::within(seen.with_probes(out + 1, won, lost), asked.now).taking(until),
            );
        }
        // What it says later is old news: its place is another one's.
        let hangs = leases.oldest(around.gate).filter(|lease| lease.until() <= asked.now)?;
        let lost = lost + 1;
        if lost >= MOST_LOST {
            let trip = Trip::new(Reason::Hanging, u32::from(lost), u32::from(MOST_LOST));
            return Some(self.opening(seen, trip, None, around, asked.now, asked.share));
        }
        let word = seen.with_probes(out, won, lost);
        Some(Step::within(word, asked.now).giving_back(hangs).taking(until))
    }

    /// Hears how a probe ended. It gives its place back in any case.
    pub(super) fn settle_probe<O: Outside, C>(
        &self,
        pass: Pass,
        verdict: Verdict,
        advice: Option<Duration>,
        around: &Around<'_, O, C>,
    ) {
        let (now, share) = (around.now(), around.outside.share());
        self.step_with(around, |seen, leases| {
            let is_of_then =
                seen.generation() == pass.generation() && seen.phase() == Phase::HalfOpen;
            let lease = is_of_then.then(|| leases.find(around.gate, pass.place()))??;
            match verdict {
                Verdict::Good { slow } if !slow || !around.policy.is_of_slow_calls() => {
                    Some(won(seen, lease, around, now))
                }
                Verdict::Good { .. } | Verdict::Bad { .. } | Verdict::Throttled => {
                    let trip = Trip::new(Reason::Probe, 1, 1);
                    Some(self.opening(seen, trip, advice, around, now, share))
                }
                Verdict::Nothing => {
                    let word =
                        seen.with_probes(seen.out().saturating_sub(1), seen.won(), seen.lost());
                    Some(Step::within(word, now).giving_back(lease))
                }
                // Its lease sees to that.
                Verdict::Hanging => None,
            }
        });
    }

    pub(crate) fn since(&self) -> Moment {
        Moment::from_nanos(self.since.load(Acquire))
    }

    fn leased_until(&self) -> Moment {
        Moment::from_nanos(self.lease.load(Acquire))
    }
}

/// One more has succeeded: it closes, or begins to, if these are enough.
fn won<O, C>(seen: Word, lease: Lease, around: &Around<'_, O, C>, now: Moment) -> Step {
    let won = seen.won().saturating_add(1);
    if won < around.policy.close_after {
        let word = seen.with_probes(seen.out().saturating_sub(1), won, 0);
        return Step::within(word, now).giving_back(lease);
    }
    let phase = if around.policy.ramp_up.is_some() { Phase::RampingUp } else { Phase::Closed };
    Step::to(seen.step(phase), now, Why::Recovered)
}
