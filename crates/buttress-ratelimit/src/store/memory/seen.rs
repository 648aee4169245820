//! What several charges see before the first of them is taken.

use buttress_core::clock::Moment;

use super::cells::Found;
use super::outcome::{Outcome, Time};
use super::together::{Books, Outcomes};
use crate::{Charge, MOST_POLICIES};

/// What one of them has seen.
pub(super) enum Seen<'a> {
    /// It has not looked.
    Nothing,
    /// Its key, and room.
    Room(Found<'a>),
    /// Anything else, and how it stands.
    Other(Outcome),
}

impl Seen<'_> {
    #[inline]
    const fn has_room(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Room(_) => true,
            Self::Other(outcome) => outcome.room.is_ok(),
        }
    }
}

impl<'a> Books<'a> {
    /// Whether all have room that have to; and where those were found, into a place that exists.
    #[inline]
    pub(super) fn see_all(
        self,
        charges: &[Charge],
        now: Moment,
        seen: &mut [Seen<'a>; MOST_POLICIES],
    ) -> bool {
        let mut all = true;
        for (place, charge) in seen.iter_mut().zip(charges) {
            *place = self.see(charge, now);
            all &= charge.optional || place.has_room();
        }
        all
    }

    #[inline]
    fn see(self, charge: &Charge, now: Moment) -> Seen<'a> {
        let Some((table, limit)) = self.of(charge.policy) else {
            return Seen::Other(Outcome::NO_POLICY);
        };
        match table.find(limit, charge.into(), now) {
            Some(found) => Seen::Room(found),
            None => Seen::Other(table.look(limit, charge.into(), now)),
        }
    }

    /// Takes one where it was seen; anew if somebody was faster, or if it has no place there.
    #[inline]
    pub(super) fn take_seen(
        self,
        charge: &Charge,
        seen: Option<&Seen<'_>>,
        time: &mut Time<'_>,
    ) -> Outcome {
        if let Some(Seen::Room(found)) = seen
            && let Some((_, limit)) = self.of(charge.policy)
            && let Some(outcome) = found.take(limit, charge.key, time.now())
        {
            return outcome;
        }
        self.take_one(charge, time)
    }

    /// How all stood when they were seen: to look once more could find that others have made room since.
    pub(super) fn as_seen(self, charges: &[Charge], seen: &[Seen<'_>], now: Moment) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for ((place, charge), seen) in outcomes.iter_mut().zip(charges).zip(seen) {
            *place = match (seen, self.of(charge.policy)) {
                (Seen::Room(found), Some((_, limit))) => Some(found.seen(limit, now)),
                (Seen::Other(outcome), _) => Some(*outcome),
                _ => None,
            };
        }
        outcomes
    }
}
