//! What holds for any input: of the rule of a queue that stands, and of the policies of a limit that adapts.

use std::time::Duration;

use buttress_core::clock::{Moment, ms};
use buttress_overload::adaptive::{Aimd, Gradient, LimitPolicy, Seen};
use buttress_overload::shed::Codel;
use proptest::prelude::*;

/// When calls leave a queue, in milliseconds after the one before, and how long they have waited: some for next to
/// nothing.
fn calls() -> impl Strategy<Value = Vec<(u64, Duration)>> {
    let wait = prop_oneof![0..=1_u64, 0..1_000_u64];
    prop::collection::vec((0..300_u64, wait.prop_map(ms)), 1..200)
}

proptest! {
    #[test]
    fn a_queue_in_which_nobody_waits_for_longer_than_the_target_never_stands(
        target in 0..50_u64,
        interval in 1..500_u64,
        calls in calls(),
    ) {
        let (target, mut now) = (ms(target), Moment::FIRST);
        let mut codel = Codel::new(target, ms(interval));
        for (later, waited) in calls {
            now = now + ms(later);
            prop_assert!(!codel.refuses(waited.min(target), now));
            prop_assert!(!codel.is_standing(now));
        }
    }

    /// Whatever the others have waited, if behind each of them one leaves that did not have to.
    #[test]
    fn a_queue_in_which_one_in_two_is_served_at_once_refuses_nobody(
        target in 0..50_u64,
        interval in 1..500_u64,
        calls in calls(),
    ) {
        let mut now = Moment::FIRST;
        let mut codel = Codel::new(ms(target), ms(interval));
        for (later, waited) in calls {
            now = now + ms(later);
            prop_assert!(!codel.refuses(waited, now));
            prop_assert!(!codel.refuses(ms(target), now));
            prop_assert!(!codel.is_standing(now));
        }
    }

    #[test]
    fn a_limit_stays_between_its_bounds(
        mut bounds in prop::array::uniform3(prop_oneof![1..40_u32, 1..=u32::MAX]),
        tolerance in 1.0..=2.0_f64,
        windows in prop::collection::vec(window(), 1..200),
    ) {
        bounds.sort_unstable();
        let [least, first, most] = bounds;
        let aimd = Aimd::new().between(least, most).starting_at(first);
        let gradient = Gradient::new().between(least, most).starting_at(first);
        let gradient = gradient.tolerance(tolerance).measured_every(ms(1_000));
        let policies: [Box<dyn LimitPolicy>; 2] = [Box::new(aimd), Box::new(gradient)];
        for mut policy in policies {
            prop_assert_eq!(policy.limit(), first);
            let mut now = Moment::FIRST;
            for (later, seen) in &windows {
                now = now + *later;
                let next = policy.learn(seen, now);
                prop_assert!((least..=most).contains(&next), "{} of {:?}", next, policy);
                prop_assert!((least..=most).contains(&policy.limit()), "{:?}", policy);
            }
        }
    }
}

/// What was seen, and how long after the window before: anything, however absurd, and often what is usual.
fn window() -> impl Strategy<Value = (Duration, Seen)> {
    let count = || prop_oneof![0..500_u32, any::<u32>()];
    let took = prop_oneof![(0..2_000_u64).prop_map(ms), any::<Duration>()];
    let seen = (count(), count(), count(), took).prop_map(|(successes, dropped, busiest, took)| {
        Seen::successes(successes, took).dropped(dropped).busiest(busiest)
    });
    let usual = (0..500_u32, 0..60_u32, 0..2_000_u64).prop_map(|(successes, busiest, took)| {
        Seen::successes(successes, ms(took)).busiest(busiest)
    });
    ((0..2_000_u64).prop_map(ms), prop_oneof![seen, usual])
}
