use std::time::Duration;

use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;

use super::around::{Around, Counted, Counters};
use super::pass::Kind;
use super::step::Step;
use super::{Ended, Outside, Pass, Refused, Verdict};
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{AcqRel, Acquire};
use crate::phase::Phase;
use crate::word::Word;
use crate::{State, Transition, Trip, Why};

/// The state of one breaker: the word, and three times that belong to it.
///
/// Steps from one phase to another are made under a lock, which their rarity allows. The times are written before the
/// word is. Between two times of being open there is always another phase: so who looks at the word, at `until`, and
/// finds the word of the same generation, has the two that belong together.
#[derive(Debug)]
pub(crate) struct Gate {
    word: AtomicU64,
    /// When an open one is due.
    pub(super) until: AtomicU64,
    /// When the oldest lease of a probe is over, for who is refused without the lock. It is written after the word:
    /// whoever has an older one asks under the lock.
    pub(super) lease: AtomicU64,
    /// When it came to its phase.
    pub(super) since: AtomicU64,
}

/// What the end of a call is to a gate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum News {
    /// It changes nothing.
    None,
    /// One more success, that only has to be counted.
    OneMore,
    Some,
}

/// With so little left the exact time is asked for: a call that comes back when it was told to must not be refused
/// again because a recent time lags.
pub(crate) const NEARLY: Duration = Duration::from_millis(20);

/// What is said to those that come while calls are let in one by one.
pub(super) const SOON: Duration = Duration::from_secs(1);

impl Gate {
    pub(crate) fn new(word: Word, now: Moment) -> Self {
        Self {
            word: AtomicU64::new(word.bits()),
            until: AtomicU64::new(0),
            lease: AtomicU64::new(0),
            since: AtomicU64::new(now.as_nanos()),
        }
    }

    #[inline]
    pub(crate) fn word(&self) -> Word {
        Word::from_bits(self.word.load(Acquire))
    }

    pub(super) fn swap(&self, seen: Word, next: Word) -> bool {
        self.word.compare_exchange(seen.bits(), next.bits(), AcqRel, Acquire).is_ok()
    }

    /// Lets a call pass, or refuses it: where it is not simply closed.
    #[cold]
    pub(crate) fn enter<O: Outside, C>(&self, around: &Around<'_, O, C>) -> Result<Pass, Refused> {
        loop {
            let word = self.word();
            let answer = match word.phase() {
                Phase::Closed | Phase::ForcedClosed | Phase::MetricsOnly => {
                    return Ok(Pass::new(word, Kind::Ordinary));
                }
                Phase::Disabled => return Ok(Pass::new(word, Kind::Free)),
                Phase::Vacant => return Ok(Pass::new(word, Kind::Nobodys)),
                Phase::ForcedOpen => return Err(Refused::new(word, None)),
                Phase::Open => self.enter_open(word, around),
                Phase::HalfOpen => self.enter_half_open(word, around),
                Phase::RampingUp => self.enter_ramping(word, around),
            };
            // Nothing: somebody made a step meanwhile.
            if let Some(answer) = answer {
                return answer;
            }
        }
    }

    fn enter_open<O: Outside, C>(
        &self,
        word: Word,
        around: &Around<'_, O, C>,
    ) -> Option<Result<Pass, Refused>> {
        let recent = around.outside.recent();
        let now = if self.left(recent) < NEARLY { around.now() } else { recent };
        let left = self.left(now);
        if !left.is_zero() {
            let refused = Refused::new(word, Some(left));
            return (self.word().generation() == word.generation()).then_some(Err(refused));
        }
        let lease = now + around.policy.lease;
        let step = self.step(around, |seen| {
            // The place is its own: the first probe counts.
            let word = (seen.generation() == word.generation() && now >= self.until())
                .then(|| seen.step(Phase::HalfOpen).with_probes(1, 0, 0))?;
            Some(Step::to(word, now, Why::Due).taking(lease))
        });
        step.map(|made| Ok(made.probe()))
    }

    /// Whether such an end of this call is no [news](Self::news), as most are, at a glance. If not, it still may be
    /// none.
    #[inline]
    pub(crate) fn is_quiet(&self, pass: Pass, outcome: Outcome) -> bool {
        matches!(outcome, Outcome::Success) && self.word().is_quiet_for(pass)
    }

    /// What such an end of this call would be to it.
    #[inline]
    pub(crate) fn news(&self, pass: Pass, outcome: Outcome) -> News {
        let word = self.word();
        if word.generation() != pass.generation() {
            return News::None;
        }
        match pass.kind() {
            Kind::Ordinary if matches!(outcome, Outcome::Success) && word.streak() == 0 => {
                if word.is_windowed() { News::OneMore } else { News::None }
            }
            Kind::Ordinary | Kind::Probe => News::Some,
            Kind::Free | Kind::Nobodys => News::None,
        }
    }

    /// Hears how a call ended, that is news.
    #[cold]
    pub(crate) fn settle_news<O: Outside, C: Counters>(
        &self,
        pass: Pass,
        ended: &Ended,
        around: &Around<'_, O, C>,
    ) {
        let verdict = ended.verdict(around.policy);
        let advice = ended.advice().filter(|_| verdict.is_bad());
        match (pass.kind(), verdict) {
            (Kind::Probe, _) => self.settle_probe(pass, verdict, advice, around),
            (Kind::Free | Kind::Nobodys, _) | (Kind::Ordinary, Verdict::Nothing) => {}
            (Kind::Ordinary, _) => self.settle(pass, verdict, advice, around),
        }
    }

    /// Hears how a call ended that counts.
    pub(crate) fn settle<O: Outside, C: Counters>(
        &self,
        pass: Pass,
        verdict: Verdict,
        advice: Option<Duration>,
        around: &Around<'_, O, C>,
    ) {
        let Some(streak) = self.count_in_a_row(pass, verdict) else { return };
        let word = self.word();
        let call = Counted {
            policy: around.policy,
            verdict,
            streak,
            known: pass.is_counted(),
            generation: pass.generation(),
            halved: word.phase() == Phase::RampingUp,
            now: || match verdict {
                Verdict::Good { slow: false } => around.outside.recent(),
                _ => around.outside.now(),
            },
        };
        if let Some(trip) = around.counters.count(&call) {
            self.heed(trip, word.phase(), pass, advice, around);
        }
    }

    /// A rule holds.
    #[cold]
    pub(crate) fn heed<O: Outside, C>(
        &self,
        trip: Trip,
        phase: Phase,
        pass: Pass,
        advice: Option<Duration>,
        around: &Around<'_, O, C>,
    ) {
        match phase {
            Phase::MetricsOnly => self.tell_once(pass, trip, around),
            Phase::Closed | Phase::RampingUp => {
                let of_then = |seen: Word| seen.generation() == pass.generation();
                self.open(trip, advice, around, of_then);
            }
            _ => {}
        }
    }

    /// Failures in a row after this one; nothing if the call belongs to another time.
    fn count_in_a_row(&self, pass: Pass, verdict: Verdict) -> Option<u16> {
        loop {
            let word = self.word();
            if word.generation() != pass.generation() || !word.phase().counts() {
                return None;
            }
            let streak = match verdict {
                Verdict::Good { .. } => 0,
                Verdict::Bad { .. } => word.streak().saturating_add(1),
                Verdict::Hanging | Verdict::Throttled | Verdict::Nothing => word.streak(),
            };
            if streak == word.streak() || self.swap(word, word.with_streak(streak)) {
                return Some(streak);
            }
        }
    }

    fn tell_once<O: Outside, C>(&self, pass: Pass, trip: Trip, around: &Around<'_, O, C>) {
        loop {
            let word = self.word();
            if word.generation() != pass.generation() || word.is_told() {
                return;
            }
            if self.swap(word, word.told()) {
                let (state, at) = (State::MetricsOnly, around.now());
                let why = Why::WouldTrip(trip);
                let step = Transition::new(state, state, why, at, word.generation());
                return around.outside.tell(&step);
            }
        }
    }

    /// For how long it stays open. What is taken for now may be a little before it opened: nobody waits for longer than
    /// it is open.
    pub(crate) fn left(&self, now: Moment) -> Duration {
        self.until() - now.max(self.since())
    }

    pub(crate) fn until(&self) -> Moment {
        Moment::from_nanos(self.until.load(Acquire))
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
