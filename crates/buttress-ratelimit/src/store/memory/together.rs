//! Several charges: all are taken, or none is.

use buttress_core::clock::Moment;

use super::outcome::{Ask, Outcome, Time};
use super::seen::Seen;
use super::table::Table;
use super::tables::Tables;
use crate::{Charge, Charges, Limit, Limits, MOST_POLICIES, Retry, Source, Verdict};

/// The tables of a rule set, and the limits that count now.
#[derive(Clone, Copy)]
pub(super) struct Books<'a> {
    pub(super) tables: &'a Tables,
    pub(super) limits: &'a Limits,
}

/// What came of each charge, in their order.
pub(super) type Outcomes = [Option<Outcome>; MOST_POLICIES];

impl<'a> Books<'a> {
    /// Decides into a verdict that is where it will be needed: to move it costs as much as to decide.
    #[inline]
    pub(super) fn take(self, charges: &[Charge], time: Time<'_>, verdict: &mut Verdict) {
        match charges {
            [charge] if !charge.optional => match self.take_at_once(charge, time.now()) {
                Some(outcome) => note(verdict, &outcome, time),
                None => self.take_alone(charge, time, verdict),
            },
            _ => self.take_all(charges, time, verdict),
        }
    }

    #[inline(never)]
    fn take_alone(self, charge: &Charge, mut time: Time<'_>, verdict: &mut Verdict) {
        let outcome = self.take_one(charge, &mut time);
        note(verdict, &outcome, time);
    }

    pub(super) fn look(self, charges: &[Charge], now: Moment) -> Verdict {
        told(charges, &self.look_at_all(charges, now), now)
    }

    /// Looks at all before it takes the first, so that hardly anything is taken only to be given back.
    #[inline(never)]
    fn take_all(self, charges: &[Charge], mut time: Time<'_>, verdict: &mut Verdict) {
        let mut seen = [const { Seen::Nothing }; MOST_POLICIES];
        if !self.see_all(charges, time.now(), &mut seen) {
            return tell(verdict, charges, &self.as_seen(charges, &seen, time.now()), time.now());
        }
        let mut taken = [const { None }; MOST_POLICIES];
        for (at, charge) in required(charges) {
            let outcome = self.take_seen(charge, seen.get(at), &mut time);
            if outcome.room.is_err() {
                *verdict = self.undo(charges, &taken, (at, outcome), &mut time);
                return;
            }
            if let Some(place) = taken.get_mut(at) {
                *place = Some(outcome);
            }
        }
        for (charge, place) in charges.iter().zip(&mut taken).filter(|(charge, _)| charge.optional)
        {
            *place = Some(self.take_one(charge, &mut time));
        }
        tell(verdict, charges, &taken, time.now());
    }

    /// Somebody was faster with one of them: gives back the others.
    #[cold]
    fn undo(
        self,
        charges: &[Charge],
        taken: &Outcomes,
        refused: (usize, Outcome),
        time: &mut Time<'_>,
    ) -> Verdict {
        // By the time at which they were taken, what is over by now would come back once more.
        time.again();
        for (charge, taken) in charges.iter().zip(taken) {
            if let Some(taken) = taken.filter(|taken| taken.source == Source::Store) {
                self.give_back_one(charge, Some(taken.until), time);
            }
        }
        let mut seen = self.look_at_all(charges, time.now());
        // Others may have made room since. It was refused all the same.
        if let Some(place) = seen.get_mut(refused.0) {
            *place = Some(refused.1);
        }
        told(charges, &seen, time.now())
    }

    /// What of each was counted, and until when that counts.
    pub(super) fn count(self, charges: &[Charge], mut time: Time<'_>) -> Charges {
        let mut counted = Charges::new();
        for charge in charges {
            let ask = Ask { forced: true, ..Ask::from(charge) };
            let of = self.of(charge.policy);
            let outcome =
                of.map_or(Outcome::NO_POLICY, |(table, limit)| table.take(limit, ask, &mut time));
            let Outcome { until, source, .. } = outcome;
            counted.push(Charge { cost: outcome.counted(), until, source, ..*charge });
        }
        counted
    }

    pub(super) fn give_back(self, charges: &[Charge], mut time: Time<'_>) {
        // What was admitted without being counted has nothing to give back.
        for charge in charges.iter().filter(|charge| charge.source == Source::Store) {
            self.give_back_one(charge, charge.until(), &mut time);
        }
    }

    pub(super) fn forget(self, charges: &[Charge], now: Moment) -> Verdict {
        for charge in charges {
            if let Some((table, _)) = self.of(charge.policy) {
                table.forget(charge.key);
            }
        }
        self.look(charges, now)
    }

    /// One, if that is simple.
    #[expect(clippy::inline_always, reason = "a call would write the outcome down")]
    #[inline(always)]
    pub(super) fn take_at_once(self, charge: &Charge, now: Moment) -> Option<Outcome> {
        let (table, limit) = self.of(charge.policy)?;
        table.take_at_once(limit, charge.into(), now)
    }

    #[inline(never)]
    pub(super) fn take_one(self, charge: &Charge, time: &mut Time<'_>) -> Outcome {
        let Some((table, limit)) = self.of(charge.policy) else { return Outcome::NO_POLICY };
        let at_once = table.take_at_once(limit, charge.into(), time.now());
        at_once.unwrap_or_else(|| table.take(limit, charge.into(), time))
    }

    fn give_back_one(self, charge: &Charge, until: Option<u64>, time: &mut Time<'_>) {
        if let Some((table, limit)) = self.of(charge.policy) {
            table.give_back(limit, charge.into(), until, time);
        }
    }

    fn look_at_all(self, charges: &[Charge], now: Moment) -> Outcomes {
        let mut seen = Outcomes::default();
        for (place, charge) in seen.iter_mut().zip(charges) {
            let found =
                self.of(charge.policy).map(|(table, limit)| table.look(limit, charge.into(), now));
            *place = Some(found.unwrap_or(Outcome::NO_POLICY));
        }
        seen
    }

    #[inline]
    pub(super) fn of(self, policy: u8) -> Option<(&'a Table, &'a Limit)> {
        let policy = usize::from(policy);
        Some((self.tables.all().get(policy)?, self.limits.all().get(policy)?))
    }
}

fn required(charges: &[Charge]) -> impl Iterator<Item = (usize, &Charge)> {
    charges.iter().enumerate().filter(|(_, charge)| !charge.optional)
}

/// What came of one alone.
#[inline]
fn note(verdict: &mut Verdict, outcome: &Outcome, time: Time<'_>) {
    let room = outcome.room.map_err(|retry| (0, retry));
    verdict.note_one(room, outcome.standing(time.now()), time.now().as_nanos());
}

fn told(charges: &[Charge], outcomes: &[Option<Outcome>], now: Moment) -> Verdict {
    let mut verdict = Verdict::taken();
    tell(&mut verdict, charges, outcomes, now);
    verdict
}

/// What all of them mean together. Of those that are refused, the one that has to wait longest is told.
#[inline]
fn tell(verdict: &mut Verdict, charges: &[Charge], outcomes: &[Option<Outcome>], now: Moment) {
    let mut longest: Option<(u8, Retry)> = None;
    let mut delay = 0;
    for ((charge, outcome), at) in charges.iter().zip(outcomes.iter().flatten()).zip(0_u8..) {
        verdict.push(outcome.standing(now));
        match outcome.room {
            Ok(wait) if !charge.optional => delay = delay.max(wait),
            Ok(_) => {}
            Err(_) if charge.optional => verdict.miss(at),
            Err(retry) => {
                verdict.refuse(at);
                if longest.is_none_or(|(_, other)| retry.rank() > other.rank()) {
                    longest = Some((at, retry));
                }
            }
        }
    }
    verdict.note(longest.map_or(Ok(delay), Err), now.as_nanos());
}
