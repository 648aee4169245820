use std::time::Duration;

use buttress_core::clock::Moment;

/// How long a call waits, as only what is not ready at once does; and whether its head was good. One number, because a
/// ticket is moved as often as a response is.
///
/// ```text
/// 63…2  time      nothing while it does not wait; else nanoseconds and one more: since when, or how long it was
///    1  answered  its head was good, and a body need not be read
///    0  over      the head came after that time: what its body takes is no slowness
/// ```
///
/// Nanoseconds of 146 years.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Wait(u64);

const OVER: u64 = 1;
const ANSWERED: u64 = 2;
const TIME: u32 = 2;
const LONGEST: u64 = u64::MAX >> TIME;

impl Wait {
    /// It does not wait yet.
    pub(super) const NOT: Self = Self(0);

    #[inline]
    pub(super) const fn has_begun(self) -> bool {
        self.0 >> TIME != 0
    }

    /// Since when, while it does.
    pub(super) fn begun(self) -> Option<Moment> {
        let time = (self.0 >> TIME).checked_sub(1)?;
        (self.0 & OVER == 0).then_some(Moment::from_nanos(time))
    }

    /// It waits from now on.
    pub(super) fn since(self, now: Moment) -> Self {
        self.with_time(now.as_nanos())
    }

    /// Whatever it waits for now is no slowness of whom was called.
    pub(super) fn over(self, now: impl FnOnce() -> Moment) -> Self {
        let Some(took) = self.took(now) else { return self };
        Self(self.with_time(u64::try_from(took.as_nanos()).unwrap_or(LONGEST)).0 | OVER)
    }

    /// How long it has waited, if it has.
    pub(super) fn took(self, now: impl FnOnce() -> Moment) -> Option<Duration> {
        let time = (self.0 >> TIME).checked_sub(1)?;
        Some(self.begun().map_or(Duration::from_nanos(time), |since| now() - since))
    }

    /// Its head was good.
    #[inline]
    pub(super) const fn answered(self) -> Self {
        Self(self.0 | ANSWERED)
    }

    pub(super) const fn is_answered(self) -> bool {
        self.0 & ANSWERED != 0
    }

    fn with_time(self, nanos: u64) -> Self {
        Self(self.0 & ANSWERED | nanos.saturating_add(1).min(LONGEST) << TIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_does_not_wait_has_not_waited() {
        let clock = || -> Moment { unreachable!("nobody has to look") };
        let wait = Wait::NOT.answered();
        assert!(!wait.has_begun() && wait.is_answered());
        assert_eq!((wait.took(clock), wait.over(clock)), (None, wait));
    }

    /// A hundred years are written down to the nanosecond, and whatever comes later does no harm.
    #[test]
    fn it_ends_at_the_end_of_time() {
        let wait = Wait::NOT.since(Moment::LAST);
        assert!(wait.has_begun() && wait.took(|| Moment::LAST).is_some());
        let over = Wait::NOT.since(Moment::FIRST).over(|| Moment::LAST);
        assert!(over.took(|| Moment::FIRST) > Some(Duration::from_secs(100 * 365 * 24 * 60 * 60)));
    }

    proptest! {
        #[test]
        fn it_is_as_long_as_the_clock_says(
            since in 0_u64..1 << 61, nanos in 0_u64..1 << 61, late: u64, is_answered: bool,
        ) {
            let (since, took) = (Moment::from_nanos(since), Duration::from_nanos(nanos));
            let answer = |wait: Wait| if is_answered { wait.answered() } else { wait };
            let waits = answer(Wait::NOT.since(since));
            prop_assert!(waits.has_begun());
            prop_assert_eq!(waits.took(|| since + took), Some(took));

            let over = answer(Wait::NOT).since(since).over(|| since + took);
            prop_assert_eq!(over.took(|| since + Duration::from_nanos(late)), Some(took));
            prop_assert_eq!(over.is_answered(), is_answered);
            prop_assert_eq!(over, waits.over(|| since + took));
        }
    }
}
