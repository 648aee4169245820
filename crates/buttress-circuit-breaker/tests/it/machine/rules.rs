use std::time::Duration;

use buttress_circuit_breaker::machine::{Ended, Policy};
use buttress_circuit_breaker::{Over, Reason, Rule, State, Trip};
use buttress_core::Fault;
use buttress_core::outcome::Outcome;

use super::Hand;

#[test]
fn failures_in_a_row_trip() {
    let hand = Hand::of(Rule::InARow(3));
    hand.fail();
    hand.fail();
    hand.succeed();
    hand.fail();
    hand.fail();
    assert_eq!(hand.state(), State::Closed, "one of them succeeded");
    hand.call(Outcome::Panicked);
    assert_eq!(hand.trip(), Some(Trip::new(Reason::InARow, 3, 3)));
}

#[test]
fn what_says_nothing_breaks_no_row() {
    let hand = Hand::of(Rule::InARow(2));
    hand.fail();
    for outcome in [Outcome::Ignored, Outcome::Rejected, Outcome::Abandoned, Outcome::Throttled] {
        hand.call(outcome);
    }
    assert_eq!(hand.machine.snapshot(hand.now()).in_a_row(), 1);
    hand.fail();
    assert_eq!(hand.state(), State::Open);
}

#[test]
fn throttled_answers_count_for_themselves() {
    let rules =
        [Rule::failure_rate(1, Over::Calls(4), 1), Rule::throttled(3, Duration::from_secs(10))];
    let hand = Hand::new(Policy::default().rules(rules));
    (0..2).for_each(|_| hand.call(Outcome::Throttled));
    assert_eq!(hand.counts(), (0, 0, 0), "they are no part of a rate");
    hand.wait(10_000);
    hand.call(Outcome::Throttled);
    hand.call(Outcome::Throttled);
    assert_eq!(hand.state(), State::Closed, "two in ten seconds");
    hand.call(Outcome::Throttled);
    assert_eq!(hand.trip(), Some(Trip::new(Reason::Throttled, 3, 3)));
}

#[test]
fn the_first_rule_that_holds_is_the_reason() {
    let [row, rate] = [Rule::InARow(2), Rule::failure_rate(50, Over::Calls(2), 2)];
    for (rules, reason) in [([row, rate], Reason::InARow), ([rate, row], Reason::FailureRate)] {
        let hand = Hand::new(Policy::default().rules(rules));
        hand.fail();
        hand.fail();
        assert_eq!(hand.trip().unwrap().reason(), reason);
    }
}

#[test]
fn many_failures_in_a_time_are_counted_in_buckets() {
    let hand = Hand::of(Rule::failures(1_000, Duration::from_secs(10)));
    (0..999).for_each(|_| hand.fail());
    (0..10).for_each(|_| hand.succeed());
    assert_eq!(hand.state(), State::Closed);
    hand.fail();
    assert_eq!(hand.trip(), Some(Trip::new(Reason::Failures, 1_000, 1_000)));

    let hand = Hand::of(Rule::failures(1_000, Duration::from_secs(10)));
    for _ in 0..5 {
        (0..999).for_each(|_| hand.fail());
        assert_eq!(hand.state(), State::Closed, "those of before have slid out");
        hand.wait(10_001);
    }
}

#[test]
fn without_a_rule_only_a_switch_trips() {
    let hand = Hand::new(Policy::default().rules([]));
    (0..1_000).for_each(|_| hand.fail());
    assert_eq!(hand.state(), State::Closed);
    assert!(hand.machine.trip(Trip::switch(), &hand.here));
    assert_eq!(hand.refused().reason(), Some(Reason::Switch));
    assert!(!hand.machine.trip(Trip::fleet(3, 2), &hand.here), "it is open already");
}

#[test]
fn while_it_ramps_up_half_the_calls_are_enough() {
    let rules = [Rule::failure_rate(50, Over::Calls(20), 10)];
    let policy = Policy::default().rules(rules).ramp_up(Duration::from_secs(10));
    let hand = Hand::new(policy);
    assert!(hand.machine.trip(Trip::switch(), &hand.here));
    hand.wait(1_000);
    hand.succeed();
    assert_eq!(hand.state(), State::RampingUp);
    (0..4).for_each(|_| hand.fail());
    assert_eq!(hand.state(), State::RampingUp);
    hand.fail();
    assert_eq!(hand.state(), State::Open);
}

#[test]
fn a_slow_failure_is_both() {
    let hand = Hand::of(Rule::slow_rate(100, Over::Calls(5), 5));
    hand.call(Ended::new(Outcome::Failure).after(Duration::from_secs(11)));
    hand.call(Ended::new(Outcome::Success).after(Duration::from_secs(10)));
    assert_eq!(hand.counts(), (2, 1, 1), "as slow as may be is not slow");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let day = Duration::from_secs(24 * 60 * 60);
    let policy = Policy::default()
        .rules([
            Rule::InARow(65_536),
            Rule::failures(0, Duration::ZERO),
            Rule::failure_rate(101, Over::Calls(5), 6),
            Rule::slow_rate(0, Over::Time(day * 2), 0),
            Rule::throttled(65, day),
        ])
        .open_for(Duration::from_secs(2), Duration::from_secs(1))
        .jitter(101)
        .probes(0)
        .close_after(0)
        .lease(Duration::ZERO)
        .slow(day * 2);
    let error = policy.check().unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    let expected = [
        "rules[0]",
        "rules[1].n",
        "rules[1].within",
        "rules[2].percent",
        "rules[2].at_least",
        "rules[3].percent",
        "rules[3].at_least",
        "rules[3].over",
        "rules[4].n",
        "open_for",
        "jitter",
        "lease",
        "slow",
        "probes",
        "close_after",
    ];
    assert_eq!(paths, expected);
    let nine = Policy::default().rules([Rule::InARow(1); 9]).check().unwrap_err();
    assert_eq!(nine.to_string(), "wrong setting rules: are 9, and can be 8");
}

#[test]
fn exact_counts_have_a_limit() {
    let inexact = Rule::failure_rate(50, Over::Calls(4_097), 1);
    let error = Policy::default().rules([inexact]).exact_counts(true).check().unwrap_err();
    assert_eq!(error.faults()[0].path(), "rules[0].over");
}
