//! The budgets of Finagle.

use buttress_core::clock::{Clock, ManualClock, secs};
use buttress_retry::{Budget, Cost};

use super::{Deviations, print};

const DEVIATIONS: &Deviations = &[
    ("ten repeats a second without any call", "three: a client with few calls needs few"),
    ("percentages count in thousandths", "in millionths"),
];

/// How many repeats there are for so many calls, all of which fail at once.
fn granted(budget: &Budget, calls: u32) -> u64 {
    let clock = ManualClock::new();
    let mut granted = 0;
    for _ in 0..calls {
        let deposit = budget.deposit(|| clock.now());
        while let Some(taken) = budget.take(Cost::Failure, Some(deposit), clock.now()) {
            taken.spend();
            granted += 1;
        }
    }
    granted
}

const CALLS: u32 = 10_000;

#[test]
fn a_share_of_the_calls() {
    print("finagle", DEVIATIONS);
    for percent in [10.0, 50.0, 25.0, 75.0, 99.0, 99.9, 99.99, 1.0, 0.1, 0.01, 200.0] {
        let granted = granted(&Budget::ratio(percent / 100.0).floor(0), CALLS);
        let expected = f64::from(CALLS) * percent / 100.0;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let difference = (granted as f64 - expected).abs();
        assert!(difference <= 1.0, "{percent} %: {granted}");
    }
}

#[test]
fn a_floor_beside_the_share() {
    let budget = Budget::percent(10).floor(10).window(secs(1));
    assert_eq!(granted(&budget, 100), 10 + 10);
    let budget = Budget::percent(0).floor(10).window(secs(1));
    assert_eq!(granted(&budget, 100), 10);
}
