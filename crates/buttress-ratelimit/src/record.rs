use std::time::Duration;

use buttress_core::clock::Moment;

use crate::Penalty;

/// What processes tell each other of a ban, on the clock of whoever reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Banned { began: Moment, length: Duration, steps: u32 },
    Lifted { at: Moment },
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
}

impl Record {
    /// How long a ban still lasts, if there is one.
    ///
    /// If the clock has gone back, the ban begins anew: it neither ends at once nor lasts for years.
    pub(crate) fn banned(&mut self, now: Moment) -> Option<Duration> {
        if self.length.is_zero() {
            return None;
        }
        if now < self.banned_at {
            self.banned_at = now;
        }
        let left = (self.banned_at + self.length) - now;
        (!left.is_zero()).then_some(left)
    }

    /// Counts a refusal; the length of the ban that follows from it, if one does.
    pub(crate) fn refused(&mut self, penalty: &Penalty, now: Moment) -> Option<Duration> {
        if now < self.since || now - self.since >= penalty.within {
            (self.since, self.refusals) = (now, 0);
        }
        self.refusals = self.refusals.saturating_add(1);
        if self.refusals < penalty.refusals {
            return None;
        }
        self.forgive(penalty, now);
        (self.banned_at, self.length) = (now, penalty.length(self.steps));
        (self.steps, self.refusals) = (self.steps.saturating_add(1), 0);
        Some(self.length)
    }

    /// What there is to be told of a ban, if there was one.
    pub(crate) fn told(&self) -> Option<Told> {
        let Self { banned_at, length, steps, .. } = *self;
        (!length.is_zero()).then_some(Told::Banned { began: banned_at, length, steps })
    }

    /// Hears of a ban that another process has imposed, or of one of its own. Of two bans the one that ends later holds,
    /// and no ban is longer than the longest one here, whatever is said.
    pub(crate) fn hear(&mut self, penalty: &Penalty, began: Moment, length: Duration, steps: u32) {
        let length = length.min(penalty.at_most);
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn penalty() -> Penalty {
        Penalty::after(3)
            .within(SECOND * 10)
            .lasts(SECOND * 60)
            .at_most(SECOND * 200)
            .forgiven_after(SECOND * 100)
    }

    fn refuse(record: &mut Record, now: Moment) -> Option<Duration> {
        let bans: Vec<_> = (0..3).filter_map(|_| record.refused(&penalty(), now)).collect();
        bans.first().copied()
    }

    #[test]
    fn bans_grow_up_to_a_bound_and_are_forgiven() {
        let mut record = Record::default();
        let mut now = Moment::from_nanos(1);
        for seconds in [60, 120, 200, 200] {
            assert_eq!(refuse(&mut record, now), Some(SECOND * seconds));
            assert_eq!(record.banned(now), Some(SECOND * seconds));
            now = now + SECOND * seconds;
            assert_eq!(record.banned(now), None);
        }
        // Four steps; three are forgiven, one is left.
        now = now + SECOND * 399;
        assert_eq!(refuse(&mut record, now), Some(SECOND * 120));
    }

    #[test]
    fn refusals_of_another_window_do_not_add_up() {
        let mut record = Record::default();
        let start = Moment::from_nanos(5);
        assert_eq!(record.refused(&penalty(), start), None);
        assert_eq!(record.refused(&penalty(), start), None);
        assert_eq!(record.refused(&penalty(), start + SECOND * 10), None);
        assert_eq!(record.refused(&penalty(), start + SECOND * 11), None);
        assert_eq!(record.refused(&penalty(), start + SECOND * 12), Some(SECOND * 60));
    }

    #[test]
    fn of_two_bans_the_one_that_ends_later_holds() {
        let mut record = Record::default();
        let now = Moment::from_nanos(1_000_000_000_000);
        assert_eq!(refuse(&mut record, now), Some(SECOND * 60));
        record.hear(&penalty(), now, SECOND * 59, 9);
        assert_eq!((record.banned(now), record.steps), (Some(SECOND * 60), 1));
        record.hear(&penalty(), now + SECOND, SECOND * 120, 2);
        assert_eq!((record.banned(now + SECOND), record.steps), (Some(SECOND * 120), 2));
        // The next one grows, whoever imposes it.
        assert_eq!(refuse(&mut record, now + SECOND * 121), Some(SECOND * 200));
    }

    #[test]
    fn what_is_over_is_heard_for_what_follows_from_it() {
        let mut record = Record::default();
        let now = Moment::from_nanos(1_000_000_000_000);
        record.hear(&penalty(), now - SECOND * 500, SECOND * 120, 3);
        assert_eq!(record.banned(now), None);
        // Three steps: 380 seconds of peace have taken all of them back.
        assert_eq!(refuse(&mut record, now), Some(SECOND * 60));
        let mut record = Record::default();
        record.hear(&penalty(), now - SECOND * 130, SECOND * 120, 1);
        assert_eq!(refuse(&mut record, now), Some(SECOND * 120));
    }

    #[test]
    fn what_is_told_is_as_long_as_the_longest_ban_at_most() {
        let mut record = Record::default();
        let now = Moment::from_nanos(1);
        record.hear(&penalty(), now, Duration::MAX, u32::MAX);
        assert_eq!(record.banned(now), Some(SECOND * 200));
        assert_eq!(record.steps, MOST_STEPS);
    }

    proptest! {
        /// Whatever the clock does: nobody is banned for longer than the longest ban, and nobody who is banned gets away
        /// by it.
        #[test]
        fn a_clock_that_jumps_locks_nobody_out(jumps in prop::collection::vec(any::<u64>(), 1..60)) {
            let mut record = Record::default();
            for jump in jumps {
                let now = Moment::from_nanos(jump);
                let before = record.banned(now);
                prop_assert!(before.is_none_or(|left| left <= SECOND * 200));
                if let Some(length) = refuse(&mut record, now) {
                    prop_assert!(length <= SECOND * 200);
                    let back = Moment::from_nanos(jump / 2);
                    prop_assert!(record.banned(back).is_some());
                }
            }
        }
    }
}
