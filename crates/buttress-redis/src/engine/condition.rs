use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::Duration;

use buttress_core::clock::Moment;

/// Whether a store answers, and when that changed: so that a log has a line for each change.
///
/// It is ill with the first failure, and well with the first success after a second without one. So a store that
/// fails now and then is ill all the time, and not well and ill again with each request.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// When it failed last; 0 if it is well.
    failed: AtomicU64,
}

impl Condition {
    const QUIET: Duration = Duration::from_secs(1);

    /// Notes a failure. Whether it was well until now.
    pub(super) fn failed(&self, now: Moment) -> bool {
        // The first moment is a moment too.
        self.failed.swap(now.as_nanos().max(1), AcqRel) == 0
    }

    /// Notes a success. Whether it was ill until now.
    pub(super) fn succeeded(&self, now: impl FnOnce() -> Moment) -> bool {
        // As long as all is well, this look is all there is.
        let failed = self.failed.load(Relaxed);
        if failed == 0 || now() - Moment::from_nanos(failed) < Self::QUIET {
            return false;
        }
        // Not if somebody else noted a failure, or this very success, in between.
        self.failed.compare_exchange(failed, 0, AcqRel, Relaxed).is_ok()
    }

    /// Whether it failed within the last second.
    pub(super) fn is_failing(&self, now: Moment) -> bool {
        let failed = self.failed.load(Acquire);
        failed != 0 && now - Moment::from_nanos(failed) < Self::QUIET
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::FIRST + Duration::from_millis(millis)
    }

    #[test]
    fn ill_at_once_and_well_after_a_quiet_second() {
        let condition = Condition::default();
        assert!(!condition.succeeded(|| at(0)) && !condition.is_failing(at(0)));
        assert!(condition.failed(at(0)), "the first one");
        assert!(!condition.failed(at(900)), "one more");
        assert!(!condition.succeeded(|| at(1_899)), "too soon after");
        assert!(condition.is_failing(at(1_899)) && !condition.is_failing(at(1_900)));
        assert!(condition.succeeded(|| at(1_900)));
        assert!(!condition.succeeded(|| at(1_901)), "once");
        assert!(condition.failed(at(1_902)), "and again");
    }

    proptest! {
        /// However it comes and goes, changes alternate, and each change for the better took a second.
        #[test]
        fn changes_are_few(events in prop::collection::vec((any::<bool>(), 0_u64..700), 1..200)) {
            let (condition, mut now, mut ill, mut better) = (Condition::default(), 0, false, 0);
            for (success, later) in &events {
                now += later;
                if *success && condition.succeeded(|| at(now)) {
                    prop_assert!(ill);
                    (ill, better) = (false, better + 1);
                } else if !success && condition.failed(at(now)) {
                    prop_assert!(!ill);
                    ill = true;
                }
            }
            prop_assert!(better <= now / 1_000);
        }
    }
}
