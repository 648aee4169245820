use std::time::Duration;

use buttress_core::Faults;

use crate::policy::LONGEST;

/// For how long a breaker opens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Growth {
    pub(crate) first: Duration,
    pub(crate) last: Duration,
    /// Percent, up and down.
    pub(crate) jitter: u32,
}

impl Growth {
    /// The open time at the `level`th trip that no stability followed, counted from 1. `share` is drawn from 0 up to 1.
    pub(crate) fn open_time(&self, level: u8, share: f64) -> Duration {
        let doubled = 1_u32 << level.saturating_sub(1).min(31);
        // Not above a day, so a factor of two stays far from what a duration cannot hold.
        let bare = self.first.saturating_mul(doubled).min(self.last).min(LONGEST);
        let margin = f64::from(self.jitter.min(100)) / 100.0;
        // Chance does not lead out of what was promised. It is drawn from what is left of its range, and not cut off at
        // the end: half of all that open at the same time would be due in the same instant.
        let least = bare.mul_f64(1.0 - margin).max(self.first.min(self.last));
        let most = bare.mul_f64(1.0 + margin).min(self.last);
        least + most.saturating_sub(least).mul_f64(share.clamp(0.0, 1.0))
    }

    /// The same where the failure asked for more.
    pub(crate) fn advised(
        own: Duration,
        advice: Option<Duration>,
        at_most: Option<Duration>,
    ) -> Duration {
        match (advice, at_most) {
            (Some(advice), Some(at_most)) => own.max(advice.min(at_most)),
            _ => own,
        }
    }

    pub(crate) fn check(&self, faults: &mut Faults) {
        let (first, last) = (self.first, self.last);
        if first.is_zero() || first > last || last > LONGEST {
            let reason = "must begin above 0, and end not before it begins and not after a day";
            faults.add("open_for", format_args!("{reason}: it is {first:?} to {last:?}"));
        }
        if self.jitter > 100 {
            faults.add("jitter", format_args!("must be 100 % at most, not {}", self.jitter));
        }
    }
}

impl Default for Growth {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), last: Duration::from_secs(32), jitter: 10 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bare(first: u64, last: u64) -> Growth {
        Growth { first: Duration::from_secs(first), last: Duration::from_secs(last), jitter: 0 }
    }

    #[test]
    fn it_doubles_up_to_the_last() {
        let seconds = |level| bare(1, 32).open_time(level, 0.5).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 6, 7, 31, 255].map(seconds), [1, 2, 4, 8, 16, 32, 32, 32, 32]);
        assert_eq!(bare(1, 32).open_time(0, 0.5).as_secs(), 1, "before any trip");
    }

    #[test]
    fn jitter_goes_both_ways() {
        let growth = Growth { jitter: 10, ..bare(1, 32) };
        assert_eq!(growth.open_time(2, 0.0), Duration::from_millis(1_800));
        assert_eq!(growth.open_time(2, 1.0), Duration::from_millis(2_200));
        assert_eq!(growth.open_time(1, 0.0), Duration::from_secs(1), "not below the first");
        assert_eq!(growth.open_time(6, 1.0), Duration::from_secs(32), "not above the last");
    }

    /// Where many have opened together, no two are due together; also for the first and for the longest time.
    #[test]
    fn no_time_is_more_likely_than_others() {
        let growth = Growth { jitter: 10, ..bare(1, 32) };
        for (level, least, most) in
            [(1, 1_000, 1_100), (2, 1_800, 2_200), (6, 28_800, 32_000), (9, 28_800, 32_000)]
        {
            let times: Vec<_> = (0..=100_u8)
                .map(|share| growth.open_time(level, f64::from(share) / 100.0))
                .collect();
            let [least, most] = [least, most].map(Duration::from_millis);
            assert_eq!((times[0], times[100]), (least, most), "at level {level}");
            assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "at level {level}");
        }
    }

    #[test]
    fn advice_prolongs_up_to_its_limit() {
        let [own, more, most] = [2, 5, 9].map(Duration::from_secs);
        assert_eq!(Growth::advised(own, Some(more), Some(most)), more);
        assert_eq!(Growth::advised(own, Some(Duration::MAX), Some(most)), most);
        assert_eq!(Growth::advised(own, Some(Duration::ZERO), Some(most)), own);
        assert_eq!(Growth::advised(own, Some(more), None), own, "not asked to follow it");
    }

    proptest! {
        /// Jitter and growth never leave the range, whatever is drawn, and nothing overflows.
        #[test]
        fn open_time_stays_within_its_range(
            first in 1_u64..86_400_000_000_000, more in 0_u64..86_400_000_000_000,
            jitter in 0_u32..=100, level: u8, share in -1.0_f64..2.0,
        ) {
            let (first, last) = (Duration::from_nanos(first), Duration::from_nanos(first + more));
            let time = Growth { first, last, jitter }.open_time(level, share);
            prop_assert!((first..=last).contains(&time));
        }
    }
}
