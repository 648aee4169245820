use std::time::Duration;

use buttress_core::Faults;
use buttress_core::clock::Moment;

/// A ban for whoever is refused again and again: longer each time, and forgiven in time.
///
/// While it lasts, requests are refused without a look at the limit, and do not make it longer. Banned is a key: all who
/// share it, as those do for whom it is [missing](crate::MissingKey), share the ban. Each process of a fleet bans for itself.
///
/// ```
/// use buttress_ratelimit::{Penalty, Quota, address};
/// use std::time::Duration;
///
/// // Twenty refusals within a minute: five minutes, then ten, then twenty, up to a day. An hour of peace takes one
/// // step back.
/// let penalty = Penalty::after(20)
///     .within(Duration::from_secs(60))
///     .lasts(Duration::from_secs(300))
///     .at_most(Duration::from_secs(86_400))
///     .forgiven_after(Duration::from_secs(3_600));
/// assert_eq!(penalty, Penalty::after(20));
///
/// let policy = Quota::per_minute(10).by(address()).penalty(penalty);
/// # drop(policy);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "a penalty bans nobody until it is part of a policy"]
pub struct Penalty {
    refusals: u32,
    within: Duration,
    lasts: Duration,
    at_most: Duration,
    forgiven_after: Duration,
}

/// The longest of all times here.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

impl Penalty {
    /// After so many refusals.
    pub const fn after(refusals: u32) -> Self {
        Self {
            refusals,
            within: Duration::from_secs(60),
            lasts: Duration::from_secs(300),
            at_most: Duration::from_secs(86_400),
            forgiven_after: Duration::from_secs(3_600),
        }
    }

    /// Within this time of the first of them. The default is a minute.
    pub const fn within(self, window: Duration) -> Self {
        Self { within: window, ..self }
    }

    /// How long the first ban lasts; each further one twice as long as the one before. The default is five minutes.
    pub const fn lasts(self, first: Duration) -> Self {
        Self { lasts: first, ..self }
    }

    /// How long a ban lasts at most. The default is a day.
    pub const fn at_most(self, longest: Duration) -> Self {
        Self { at_most: longest, ..self }
    }

    /// How long after the end of a ban one step is forgiven, and then one more each time. The default is an hour.
    pub const fn forgiven_after(self, calm: Duration) -> Self {
        Self { forgiven_after: calm, ..self }
    }

    pub(crate) fn check(&self, faults: &mut Faults, path: &str) {
        if self.refusals == 0 {
            faults.add(format!("{path}.refusals"), "must be at least 1");
        }
        let times = [
            ("within", self.within),
            ("lasts", self.lasts),
            ("at_most", self.at_most),
            ("forgiven_after", self.forgiven_after),
        ];
        for (name, time) in times {
            if time.is_zero() || time > LONGEST {
                faults.add(
                    format!("{path}.{name}"),
                    "must be longer than nothing, and at most 366 days",
                );
            }
        }
        if self.lasts > self.at_most {
            faults.add(format!("{path}.at_most"), "must not be shorter than the first ban");
        }
    }

    /// How long a ban lasts, if there were so many before.
    fn length(&self, steps: u32) -> Duration {
        let factor = 1_u32.checked_shl(steps).unwrap_or(u32::MAX);
        self.lasts.saturating_mul(factor).min(self.at_most)
    }
}

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
