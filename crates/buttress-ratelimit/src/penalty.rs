use std::time::Duration;

use buttress_core::Faults;

/// A ban for keys that are refused again and again: longer each time, and forgiven in time.
///
/// While it lasts, requests are refused without a look at the limit, and neither they nor those that were under way
/// make it longer. `Retry-After` says its end, or when the quota has room, if that is later. A refusal for want of
/// [room](crate::Source::Crowded) does not count; one by the share of a process while Redis is away does. A request
/// that several policies have no room for is a refusal of each of them, though `Retry-After`, metrics and audit tell of
/// the one that waits longest. Banned is a key: all who share it, as those do for whom it is
/// [missing](crate::MissingKey), share the ban. In a fleet each process counts the refusals that it gives, and a ban
/// that follows is one of all processes.
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
    pub(crate) refusals: u32,
    pub(crate) within: Duration,
    lasts: Duration,
    pub(crate) at_most: Duration,
    pub(crate) forgiven_after: Duration,
}

/// The longest of all times here.
pub(crate) const LONGEST: Duration = Duration::from_secs(366 * 86_400);

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
                    "must be greater than zero, and at most 366 days",
                );
            }
        }
        if self.lasts > self.at_most {
            faults.add(format!("{path}.at_most"), "must not be shorter than the first ban");
        }
    }

    /// How long a ban lasts, if there were so many before.
    pub(crate) fn length(&self, steps: u32) -> Duration {
        let factor = 1_u32.checked_shl(steps).unwrap_or(u32::MAX);
        self.lasts.saturating_mul(factor).min(self.at_most)
    }
}
