use std::time::Duration;

use buttress_core::clock::Moment;

use crate::Penalty;
use crate::penalty::LONGEST;

/// What processes tell each other of a ban, on the clock of whoever reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Banned(Imposed),
    Lifted { at: Moment },
}

/// A ban, as whoever imposed it tells of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Imposed {
    pub(crate) began: Moment,
    pub(crate) length: Duration,
    /// The how manieth it is.
    pub(crate) steps: u32,
    /// When the quota has room again: others do not ask it while the ban is in force.
    pub(crate) room_at: Moment,
}

/// More steps make no ban longer: it has doubled beyond any bound before.
const MOST_STEPS: u32 = 64;

/// What is known of one key: the decision, without a table around it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record {
    /// Since when refusals are counted.
    since: Moment,
    refusals: u32,
    /// How many bans there were that are not forgiven.
    steps: u32,
    banned_at: Moment,
    /// How long the last ban is; nothing if there was none.
    length: Duration,
    /// When the quota has room again that it was banned for.
    room_at: Moment,
}

/// A ban that is in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct InForce {
    /// How long it still lasts.
    pub(crate) left: Duration,
    /// How long to wait before asking again: longer, if the quota has no room before.
    pub(crate) again: Duration,
}

impl Record {
    /// The ban that is in force, if there is one.
    ///
    /// If the clock has gone back, the ban begins anew: it neither ends at once nor lasts for years.
    pub(crate) fn banned(&mut self, now: Moment) -> Option<InForce> {
        if self.length.is_zero() {
            return None;
        }
        if now < self.banned_at {
            self.room_at = self.room_at - (self.banned_at - now);
            self.banned_at = now;
        }
        let left = (self.banned_at + self.length) - now;
        (!left.is_zero()).then(|| InForce { left, again: left.max(self.room_at - now) })
    }

    /// Counts a refusal by a quota that has room again after `wait`; the length of the ban that follows from it, if one
    /// does.
    ///
    /// Whoever was under way when a ban was imposed does not make it longer.
    pub(crate) fn refused(
        &mut self,
        penalty: &Penalty,
        now: Moment,
        wait: Duration,
    ) -> Option<Duration> {
        if self.banned(now).is_some() {
            self.room_at = self.room_at.max(now + wait);
            return None;
        }
        if now < self.since || now - self.since >= penalty.within {
            (self.since, self.refusals) = (now, 0);
        }
        self.refusals = self.refusals.saturating_add(1);
        if self.refusals < penalty.refusals {
            return None;
        }
        self.forgive(penalty, now);
        (self.banned_at, self.length) = (now, penalty.length(self.steps));
        self.room_at = now + wait;
        (self.steps, self.refusals) = (self.steps.saturating_add(1), 0);
        Some(self.length)
    }

    /// What there is to be told of a ban, if there was one.
    pub(crate) fn told(&self) -> Option<Told> {
        let Self { banned_at: began, length, steps, room_at, .. } = *self;
        let imposed = Imposed { began, length, steps, room_at };
        (!length.is_zero()).then_some(Told::Banned(imposed))
    }

    /// When the quota has room again, as far as anybody was told.
    pub(crate) fn room_at(&self) -> Moment {
        self.room_at
    }

    /// Hears of a ban that another process has imposed, or of one of its own. Of two bans the one that ends later
    /// holds, and no ban is longer than the longest one here, whatever is said. The quota has room when both say so.
    pub(crate) fn hear(&mut self, penalty: &Penalty, imposed: Imposed) {
        let Imposed { began, length, steps, room_at } = imposed;
        let length = length.min(penalty.at_most);
        self.room_at = self.room_at.max(room_at.min(began + LONGEST));
        let is_later = began + length > self.banned_at + self.length;
        if !is_later && !self.length.is_zero() {
            return;
        }
        self.forgive(penalty, began);
        (self.banned_at, self.length) = (began, length);
        (self.steps, self.refusals) = (self.steps.max(steps.min(MOST_STEPS)), 0);
    }

    /// Whether there was a ban, and it began until then.
    pub(crate) fn began_until(&self, moment: Moment) -> bool {
        !self.length.is_zero() && self.banned_at <= moment
    }

    /// How long it has to be kept after that, so that nothing is forgotten that would change a decision.
    pub(crate) fn kept(penalty: &Penalty, length: Duration, steps: u32) -> Duration {
        length.saturating_add(penalty.forgiven_after.saturating_mul(steps))
    }

    /// Whether it may be forgotten: nothing of it would change a decision.
    pub(crate) fn is_over(&self, penalty: &Penalty, now: Moment) -> bool {
        let mut later = *self;
        later.forgive(penalty, now);
        later.banned(now).is_none()
            && later.steps == 0
            && (now < self.since || now - self.since >= penalty.within)
    }

    /// When it is worth least: who is banned for longest is forgotten last.
    pub(crate) fn ends(&self) -> Moment {
        (self.banned_at + self.length).max(self.since)
    }

    fn forgive(&mut self, penalty: &Penalty, now: Moment) {
        let calm = now - (self.banned_at + self.length);
        let steps = calm.as_nanos() / penalty.forgiven_after.as_nanos().max(1);
        self.steps = self.steps.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests;
