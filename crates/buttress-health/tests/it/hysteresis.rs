//! A status changes after so many runs in a row, and only then.

use std::num::NonZeroU32;

use buttress_core::HealthStatus::{self, Degraded, Down, Up};
use buttress_health::Hysteresis;
use proptest::prelude::*;

fn any_status() -> impl Strategy<Value = HealthStatus> {
    prop_oneof![Just(Up), Just(Degraded), Just(Down)]
}

fn runs(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

/// The same, by looking at the last runs each time.
fn model(shown: HealthStatus, seen: &[HealthStatus], fall: usize, rise: usize) -> HealthStatus {
    let last = |count: usize| seen.len().checked_sub(count).map(|at| &seen[at..]);
    if let Some(mildest) = last(fall).and_then(|row| row.iter().min())
        && *mildest > shown
    {
        return *mildest;
    }
    if let Some(worst) = last(rise).and_then(|row| row.iter().max())
        && *worst < shown
    {
        return *worst;
    }
    shown
}

proptest! {
    #[test]
    fn it_is_what_the_last_runs_agree_on(
        fall in 1_u32..5,
        rise in 1_u32..5,
        seen in prop::collection::vec(any_status(), 1..60),
    ) {
        let mut hysteresis = Hysteresis::new(runs(fall), runs(rise));
        let mut expected = seen[0];
        for at in 0..seen.len() {
            if at > 0 {
                expected = model(expected, &seen[..=at], fall as usize, rise as usize);
            }
            prop_assert_eq!(hysteresis.observe(seen[at]), expected);
            prop_assert_eq!(hysteresis.shown(), Some(expected));
        }
    }

    #[test]
    fn it_never_flaps_faster_than_its_rows(
        fall in 2_u32..6,
        rise in 2_u32..6,
        seen in prop::collection::vec(any_status(), 1..200),
    ) {
        let mut hysteresis = Hysteresis::new(runs(fall), runs(rise));
        let mut shown = hysteresis.observe(seen[0]);
        let mut since = 0;
        for (at, seen) in seen.iter().enumerate().skip(1) {
            let next = hysteresis.observe(*seen);
            if next == shown {
                continue;
            }
            // From up to down and back takes a whole row of each.
            if (shown, next) == (Down, Up) {
                prop_assert!(at - since >= rise as usize);
            }
            (shown, since) = (next, at);
        }
    }
}

#[test]
fn one_run_each_shows_what_was_seen() {
    let mut hysteresis = Hysteresis::new(NonZeroU32::MIN, NonZeroU32::MIN);
    for seen in [Down, Up, Degraded, Down, Degraded, Up] {
        assert_eq!(hysteresis.observe(seen), seen);
    }
}

#[test]
fn it_goes_on_from_what_was_shown() {
    let mut hysteresis = Hysteresis::new(runs(2), runs(2)).resume(Some(Up));
    assert_eq!(hysteresis.observe(Down), Up);
    assert_eq!(hysteresis.observe(Down), Down);
}
