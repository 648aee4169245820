use buttress_core::clock::{ms, secs};
use proptest::prelude::*;

use super::*;

fn at(millis: u64) -> Moment {
    Moment::from_nanos(3_600_000_000_000) + ms(millis)
}

/// How many repeats there are if so many calls fail, one after another, and all of them.
fn granted(budget: &Budget, calls: u64) -> u64 {
    let mut granted = 0;
    for _ in 0..calls {
        let deposit = budget.deposit(|| at(0));
        while let Some(taken) = budget.take(Cost::Failure, Some(deposit), at(0)) {
            taken.spend();
            granted += 1;
        }
    }
    granted
}

fn is_within_one_percent(granted: u64, expected: f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let difference = (granted as f64 - expected).abs();
    difference <= (expected / 100.0).max(1.0)
}

#[test]
fn every_percentage_is_within_one() {
    for percent in 0..=100 {
        let budget = Budget::percent(percent).floor(0);
        let granted = granted(&budget, 10_000);
        assert!(
            is_within_one_percent(granted, 100.0 * f64::from(percent)),
            "{percent} %: {granted}"
        );
        assert_eq!(granted, u64::from(percent) * 100, "and in truth exactly");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Of a ratio its whole millionths count, and of these every one.
    #[test]
    fn every_ratio_is_exact(ratio in 0.000_001..10.0_f64, calls in 1..2_000_u64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range above")]
        let millionths = (ratio * 1_000_000.0).round() as u64;
        let granted = granted(&Budget::ratio(ratio).floor(0), calls);
        prop_assert_eq!(granted, millionths * calls / 1_000_000, "{} of {}", ratio, calls);
    }

    /// Against a model that keeps every call and every repeat: never more than the window holds, and no less than its
    /// younger nine tenths.
    #[test]
    fn the_window_slides(steps in prop::collection::vec((0..400_u64, any::<bool>()), 1..300), percent in 1..150_u64) {
        let budget = Budget::percent(u32::try_from(percent).unwrap()).floor(0);
        let (mut now, mut calls, mut repeats) = (0, Vec::new(), Vec::<u64>::new());
        for (wait, is_repeat) in steps {
            now += wait;
            // A call that had to wait says what time it is.
            budget.look(at(now));
            if is_repeat {
                let since = |all: &[u64], age: u64| all.iter().filter(|at| **at + age > now).count() as u64;
                let most = percent * since(&calls, 10_000);
                let least = percent * since(&calls, 9_000);
                match budget.take(Cost::Failure, None, at(now)) {
                    Some(taken) => {
                        taken.spend();
                        prop_assert!(100 * (since(&repeats, 9_000) + 1) <= most, "too many at {now}");
                        repeats.push(now);
                    }
                    None => prop_assert!(100 * (since(&repeats, 10_000) + 1) > least, "too few at {now}"),
                }
            } else {
                budget.deposit(|| at(now));
                calls.push(now);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Where no call has to wait, hardly any looks at the clock, whatever the pauses between them. None is forgotten by
    /// that, and none counts twice.
    #[test]
    fn calls_that_are_ready_at_once_count_whatever_the_pauses(
        steps in prop::collection::vec((0..40_u64, 0..1_500_u64, 0..100_u64), 1..40),
        percent in 1..150_u64,
    ) {
        let budget = Budget::percent(u32::try_from(percent).unwrap()).floor(0);
        let (mut now, mut calls, mut repeats) = (0, Vec::new(), Vec::<u64>::new());
        for (long, short, burst) in steps {
            now += if long < 4 { 20_000 * long + short } else { short };
            for _ in 0..burst {
                let _ = budget.deposit(|| at(now));
                calls.push(now);
            }
            let since = |all: &[u64], age: u64| all.iter().filter(|at| **at + age > now).count() as u64;
            if let Some(taken) = budget.take(Cost::Failure, None, at(now)) {
                taken.spend();
                repeats.push(now);
                let (repeats, calls) = (repeats.len() as u64, calls.len() as u64);
                prop_assert!(100 * repeats <= percent * calls, "too many at {now}");
            } else {
                let least = percent * since(&calls, 8_000);
                prop_assert!(100 * (since(&repeats, 10_000) + 1) > least, "too few at {now}");
            }
        }
    }
}

#[test]
fn fifty_calls_after_a_minute_of_silence_are_fifty() {
    let budget = Budget::percent(20).floor(0);
    let first = budget.deposit(|| at(0));
    assert!(budget.take(Cost::Failure, Some(first), at(0)).is_none(), "a fifth of one");
    for _ in 0..50 {
        let _ = budget.deposit(|| at(60_000));
    }
    let last = budget.deposit(|| at(60_000));
    let take = || budget.take(Cost::Failure, Some(last), at(60_000));
    let taken: Vec<_> = std::iter::from_fn(take).collect();
    assert_eq!(taken.len(), 10);
}

#[test]
fn calls_before_a_silence_that_are_known_do_not_count_after_it() {
    let budget = Budget::percent(100).floor(0);
    for _ in 0..50 {
        let _ = budget.deposit(|| at(0));
        budget.look(at(0));
    }
    let _ = budget.deposit(|| at(60_000));
    let taken: Vec<_> =
        std::iter::from_fn(|| budget.take(Cost::Failure, None, at(60_000))).collect();
    assert!(taken.len() <= 2, "{}", taken.len());
}

/// However often nobody knows better: else bursts that come now and then would add up.
#[test]
fn calls_go_along_with_the_time_once() {
    let budget = Budget::percent(100).floor(0);
    for burst in 0..20 {
        for _ in 0..64 {
            let _ = budget.deposit(|| at(burst * 3_000));
        }
    }
    let left = budget.left(at(57_000));
    assert!((3.0 * 64.0..=4.0 * 64.0).contains(&left), "{left}");
}

/// So that a client with few calls is not without any, and its share holds all the same.
#[test]
fn one_is_ahead_and_is_earned_again() {
    let budget = Budget::percent(10).floor(0).one_ahead();
    let take = |now| budget.take(Cost::Hedge, None, at(now)).map(Taken::spend).is_some();
    let mut granted = Vec::new();
    for call in 0..100 {
        let now = call * 5_000;
        let _ = budget.deposit(|| at(now));
        budget.look(at(now));
        granted.extend(take(now).then_some(call));
    }
    assert_eq!(granted, [0, 9, 19, 29, 39, 49, 59, 69, 79, 89, 99]);

    // Of many calls there is their share, and not one beside.
    let (budget, mut granted) = (Budget::percent(10).floor(0).one_ahead(), 0);
    for _ in 0..1_000 {
        let _ = budget.deposit(|| at(0));
        granted += u32::from(budget.take(Cost::Hedge, None, at(0)).map(Taken::spend).is_some());
    }
    assert_eq!(granted, 100);
}

#[test]
fn repeats_earn_nothing() {
    let budget = Budget::percent(50).floor(0);
    for _ in 0..100 {
        let _ = budget.deposit(|| at(0));
    }
    let taken: Vec<_> = std::iter::from_fn(|| budget.take(Cost::Failure, None, at(0))).collect();
    assert_eq!(taken.len(), 50);
    taken.into_iter().for_each(Taken::spend);
    for _ in 0..100 {
        budget.succeeded(Some(Cost::Failure));
    }
    assert!(budget.take(Cost::Failure, None, at(0)).is_none());
}

#[test]
fn what_is_not_spent_is_given_back_while_it_counts() {
    let budget = Budget::percent(0).floor(1).window(secs(1));
    let taken = budget.take(Cost::Failure, None, at(0)).unwrap();
    assert!(budget.take(Cost::Failure, None, at(900)).is_none());
    drop(taken);
    assert!(budget.take(Cost::Failure, None, at(900)).is_some());

    let late = budget.take(Cost::Failure, None, at(900)).unwrap();
    budget.take(Cost::Failure, None, at(2_000)).unwrap().spend();
    drop(late);
    assert!(budget.take(Cost::Failure, None, at(2_000)).is_none(), "its time has gone by itself");
}

#[test]
fn there_are_a_few_without_any_call() {
    let budget = Budget::percent(10);
    let all: Vec<_> = std::iter::from_fn(|| budget.take(Cost::Failure, None, at(0))).collect();
    assert_eq!(all.len(), 30, "three a second, of ten seconds");
}

#[test]
fn a_call_after_a_long_silence_counts() {
    let budget = Budget::percent(100).floor(0);
    let first = budget.deposit(|| at(0));
    budget.take(Cost::Failure, Some(first), at(0)).unwrap().spend();
    // Nobody has looked at a clock meanwhile.
    let deposit = budget.deposit(|| at(60_000));
    assert!(budget.take(Cost::Failure, Some(deposit), at(60_000)).is_some());
}

#[test]
fn throttled_ones_cost_twice_as_much() {
    let budget = Budget::percent(10).floor(0);
    for _ in 0..10 {
        let _ = budget.deposit(|| at(0));
    }
    assert!(budget.take(Cost::Throttled, None, at(0)).is_none());
    assert!(budget.take(Cost::Failure, None, at(0)).is_some());
    let dear = budget.cost(Cost::Hedge, 0.5);
    assert_eq!((dear.price(Cost::Hedge), dear.price(Cost::Throttled)), (0.5, 2.0));
}

#[test]
fn nonsense_is_refused() {
    let faults = |budget: Budget| match budget.check() {
        Ok(()) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.path().to_owned()).collect(),
    };
    for ratio in [-0.1, 10.1, f64::NAN, f64::INFINITY] {
        assert_eq!(faults(Budget::ratio(ratio)), ["ratio"], "{ratio}");
    }
    assert_eq!(faults(Budget::percent(0).floor(0).window(secs(0))), ["ratio", "window"]);
    assert_eq!(faults(Budget::tokens(0, 0.1)), ["tokens"]);
    for per_success in [f64::NAN, -0.1, 0.0, 0.000_4, 10.001, f64::INFINITY] {
        assert_eq!(faults(Budget::tokens(10, per_success)), ["per_success"], "{per_success}");
    }
    for per_success in [0.001, 10.0] {
        assert_eq!(faults(Budget::tokens(10, per_success)), [""; 0], "{per_success}");
    }
    assert_eq!(faults(Budget::quota(0)), ["tokens"]);
    assert_eq!(faults(Budget::quota(4)), ["tokens"], "a repeat costs five");
    assert_eq!(
        faults(Budget::quota(5)),
        [""; 0],
        "without an answer it costs ten, and is not made"
    );
    assert_eq!(faults(Budget::quota(4).cost(Cost::Failure, 4.0)), [""; 0]);
    assert_eq!(faults(Budget::quota(9).cost(Cost::Failure, -1.0)), ["cost"]);
    assert_eq!(faults(Budget::dangerous_unlimited()), [""; 0]);
    assert_eq!(faults(Budget::default()), [""; 0]);
    // What such a budget does not have.
    for budget in [Budget::tokens(10, 0.1), Budget::quota(500), Budget::dangerous_unlimited()] {
        assert_eq!(faults(budget.floor(1).window(secs(1))), ["floor", "window"]);
    }
    for budget in [Budget::tokens(10, 0.1), Budget::dangerous_unlimited()] {
        assert_eq!(faults(budget.cost(Cost::Throttled, 2.0)), ["cost"]);
    }
}
