//! What stops a request before it is charged, and what it is punished with.

use std::time::Duration;

use buttress_core::stage::RequestHead;
use buttress_core::{Key, Problem};

use crate::inner::Inner;
use crate::live::Live;
use crate::record::InForce;
use crate::rule::Rule;
use crate::{Charge, Charges, Retry, Source, Standing, Verdict, answer};

/// Why a request is not even charged.
pub(crate) enum Stopped<'a> {
    /// It lacks what the policy wants to know.
    KeyMissing(&'a Rule),
    Banned(&'a Rule, Key, InForce),
}

impl Stopped<'_> {
    /// Of two reasons the one that keeps a request away for longer.
    pub(crate) fn or_longer(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.again() >= self.again() => other,
            _ => self,
        }
    }

    const fn again(&self) -> Option<Duration> {
        match self {
            Self::KeyMissing(_) => None,
            Self::Banned(.., ban) => Some(ban.again),
        }
    }
}

impl<S> Inner<S> {
    /// The ban that this charge falls under.
    #[inline]
    pub(crate) fn ban_of(&self, rule: &Rule, charge: &Charge) -> Option<InForce> {
        let bans = self.bans.as_deref()?;
        // What is on trial here refuses nobody, whatever others have imposed.
        if rule.shadow || rule.penalty.is_none() || !bans.any() {
            return None;
        }
        bans.banned(charge.policy(), charge.key(), self.clock.now())
    }

    /// Tells metrics and audit why a request is not charged; the answer.
    #[cold]
    pub(crate) fn stop(&self, stopped: &Stopped<'_>, request: &dyn RequestHead) -> Problem {
        match *stopped {
            Stopped::KeyMissing(rule) => {
                self.metered(rule.number(), |meters| meters.key_missing.increment(1));
                self.violations.key_missing(rule, request);
                answer::key_missing()
            }
            Stopped::Banned(rule, key, ban) => {
                self.metered(rule.number(), |meters| meters.banned.increment(1));
                self.violations.still_banned(rule, key, ban.left, request);
                let mut verdict = Verdict::refused(0, Retry::After(ban.again));
                verdict.push(Standing::new(0, ban.again, Source::Remembered));
                let charges = Charge::new(rule.number(), key, 1).into();
                let problem = rule.answers.banned(ban.again);
                self.telling(problem, &self.live.load(), &charges, &verdict)
            }
        }
    }

    /// The same problem, with what a refusal says of quotas.
    pub(crate) fn telling(
        &self,
        problem: Problem,
        live: &Live,
        charges: &Charges,
        verdict: &Verdict,
    ) -> Problem {
        let mut told = Some(problem);
        if self.forms.any() {
            self.writer(live).write(charges, verdict, &mut told);
        }
        told.unwrap_or_else(answer::unavailable)
    }

    /// Counts a refusal for each policy that had no room, whichever of them waits longest; the answer, if a ban is in
    /// force then. What is told of the verdict tells of bans, too.
    pub(crate) fn punish_all(
        &self,
        charges: &Charges,
        verdict: &mut Verdict,
        request: &dyn RequestHead,
    ) -> Option<Problem> {
        let (longest, retry) = verdict.refusal()?;
        let mut found: Option<(&Rule, Duration)> = None;
        let before = *verdict;
        for ((charge, standing), at) in
            charges.as_slice().iter().zip(before.standings()).zip(0_u8..)
        {
            let Some(rule) = self.rule(charge.policy()).filter(|_| verdict.is_refused(at)) else {
                continue;
            };
            // Of the others it is only known that they wait no longer.
            let retry = if at == longest { retry } else { Retry::Unknown };
            let Some(ban) = self.punish(rule, charge, (standing.source(), retry), request) else {
                continue;
            };
            verdict.ban(at, ban.again);
            if found.is_none_or(|(_, again)| ban.again > again) {
                found = Some((rule, ban.again));
            }
        }
        let (rule, again) = found?;
        let wait = if let Retry::After(wait) = retry { wait } else { Duration::ZERO };
        Some(rule.answers.banned(again.max(wait)))
    }

    /// Counts a refusal of whoever may be banned for it; the ban that is in force then, if there is one.
    fn punish(
        &self,
        rule: &Rule,
        charge: &Charge,
        (source, retry): (Source, Retry),
        request: &dyn RequestHead,
    ) -> Option<InForce> {
        // That there is no room is the fault of whoever was refused no more than of anybody else.
        let bans = self.bans.as_deref().filter(|_| source != Source::Crowded)?;
        let wait = match retry {
            Retry::After(wait) => wait,
            Retry::Unknown | Retry::Never => Duration::ZERO,
        };
        let punished = bans.refused(charge, self.clock.now(), wait)?;
        if punished.is_new {
            self.metered(charge.policy(), |meters| meters.bans.increment(1));
            // Those whose time is over are taken off when somebody looks: to count them now would let a flood pay for
            // it.
            self.meters.banned.add(1.0);
            self.violations.banned(rule, charge.key(), punished.ban.left, request);
        }
        Some(punished.ban)
    }

    pub(crate) fn note_banned(&self, count: usize) {
        self.meters.banned.set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    }
}
