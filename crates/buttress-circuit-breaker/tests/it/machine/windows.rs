use std::time::Duration;

use buttress_circuit_breaker::machine::{Ended, Machine, Policy};
use buttress_circuit_breaker::{Over, Rule, State};
use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;
use buttress_testkit::allocations;

use super::Hand;

const NEVER: u32 = 100;

#[test]
fn a_count_window_forgets_what_slid_out() {
    let hand = Hand::of(Rule::failure_rate(50, Over::Calls(10), 10));
    (0..1_000).for_each(|_| hand.succeed());
    (0..5).for_each(|_| hand.fail());
    assert_eq!(hand.state(), State::Open, "five of the last ten, whatever was before");
}

#[test]
fn a_success_that_reaches_the_minimum_trips() {
    let hand = Hand::of(Rule::failure_rate(50, Over::Calls(20), 20));
    (0..10).for_each(|_| hand.fail());
    (0..9).for_each(|_| hand.succeed());
    assert_eq!(hand.state(), State::Closed);
    hand.succeed();
    assert_eq!(hand.state(), State::Open);
    assert_eq!(hand.trip().unwrap().to_string(), "failure_rate (50 of 50)");
}

#[test]
fn sparse_failures_do_not_trip() {
    let hand = Hand::of(Rule::failures(3, Duration::from_secs(10)));
    for _ in 0..100 {
        hand.fail();
        hand.wait(5_000);
    }
    assert_eq!(hand.state(), State::Closed, "never three in ten seconds");
    hand.fail();
    hand.fail();
    assert_eq!(hand.state(), State::Open, "the last one was 5 s ago");
}

#[test]
fn the_minimum_and_not_the_window_begins_it() {
    for over in [Over::Calls(1_000), Over::Time(Duration::from_secs(3_600))] {
        let hand = Hand::of(Rule::failure_rate(50, over, 4));
        (0..3).for_each(|_| hand.fail());
        assert_eq!(hand.state(), State::Closed);
        hand.fail();
        assert_eq!(hand.state(), State::Open, "four are enough of {over}");
    }
}

#[test]
fn a_time_window_forgets_by_itself() {
    let hand = Hand::of(Rule::failure_rate(NEVER, Over::Time(Duration::from_secs(10)), 1_000));
    hand.fail();
    hand.wait(9_499);
    assert_eq!(hand.counts(), (1, 1, 0), "at least 95 % of the time");
    hand.wait(501);
    assert_eq!(hand.counts(), (0, 0, 0), "never more than all of it");
}

/// What it knows is all that a call may have to go through: as much after a million calls as before the first, as much
/// for an hour as for a second, and little. That its sums are the right ones shows that it needs no more.
#[test]
fn a_call_costs_the_same_after_a_million() {
    let hand = |time, calls| {
        let rules = [
            Rule::failure_rate(NEVER, Over::Time(time), 2),
            Rule::slow_rate(NEVER, Over::Calls(calls), 2),
            Rule::failures(64, Duration::from_millis(1)),
        ];
        Hand::new(Policy::default().rules(rules))
    };
    let taken = |time, calls| {
        let (_hand, count) = allocations::of(|| hand(Duration::from_secs(time), calls));
        count.kept_bytes()
    };
    assert_eq!(taken(1, 1_000), taken(3_600, 1_000_000));
    assert!(taken(10, 1_000) < 2 * (256 + 16 * 128 + 80 * 24) + 2_048, "what its page says");

    let hand = hand(Duration::from_secs(10), 1_000);
    let call = |nth: u64| {
        let ended = if nth.is_multiple_of(10) { Outcome::Failure } else { Outcome::Success };
        hand.call(ended);
        if nth.is_multiple_of(200) {
            hand.wait(1);
        }
    };
    (0..1_000).for_each(call);
    let ((), count) = allocations::of(|| (1_000..1_000_000).for_each(call));
    assert_eq!(count.allocations(), 0);
    assert_eq!(hand.counts(), (1_000_000, 100_000, 0));
}

/// With much traffic, successes come to the window together: those that are not there yet are a hundredth of it.
#[test]
fn much_traffic_is_counted_to_a_hundredth() {
    let rule = Rule::failure_rate(20, Over::Time(Duration::from_secs(10)), 50_000);
    let hand = Hand::of(rule);
    let mut calls = 0;
    while hand.state() == State::Closed {
        calls += 1;
        hand.call(if calls % 5 == 0 { Outcome::Failure } else { Outcome::Success });
        assert!(calls <= 50_005, "it is enough by now");
    }
    assert!(calls >= 50_000, "not before: {calls}");
}

/// Whatever the calls, a window of calls has them exactly if it is asked to.
#[test]
fn exact_counts_are_exact() {
    let rules = [Rule::failure_rate(NEVER, Over::Calls(1_000), 1_000)];
    let hand = Hand::new(Policy::default().rules(rules).exact_counts(true));
    let slow = Ended::new(Outcome::Success).after(Duration::from_secs(11));
    (0..600).for_each(|_| hand.fail());
    (0..700).for_each(|_| hand.call(slow));
    assert_eq!(hand.counts(), (1_000, 300, 700));
}

#[test]
fn as_many_calls_as_the_window_has_are_reached() {
    for calls in [119, 1_000, 1_039] {
        let hand = Hand::of(Rule::failure_rate(100, Over::Calls(calls), calls));
        (1..calls).for_each(|_| hand.fail());
        assert_eq!(hand.state(), State::Closed);
        hand.fail();
        assert_eq!(hand.state(), State::Open, "all {calls} failed");
    }
}

#[test]
fn a_window_of_calls_is_exact_up_to_eighty() {
    let hand = Hand::of(Rule::failure_rate(NEVER, Over::Calls(79), 79));
    (0..50).for_each(|_| hand.fail());
    (0..50).for_each(|_| hand.succeed());
    assert_eq!(hand.counts(), (79, 29, 0));
}

/// One that is idle for long, after much traffic, counts what comes then.
#[test]
fn what_waits_to_be_counted_is_never_older_than_the_window() {
    let rule = Rule::failure_rate(50, Over::Time(Duration::from_secs(10)), 2);
    let hand = Hand::of(rule);
    (0..200_000).for_each(|_| hand.succeed());
    hand.wait(3_600_000);
    hand.fail();
    assert_eq!(hand.counts(), (1, 1, 0), "what was an hour ago counts no more");
    hand.succeed();
    assert_eq!(hand.state(), State::Open, "one of two");
}

#[test]
fn a_machine_takes_what_its_page_says() {
    assert!(size_of::<Machine>() <= 400, "{}", size_of::<Machine>());
    let policy = Policy::default();
    let (_, count) = allocations::of(|| Machine::new(policy, Moment::FIRST));
    assert!(count.kept_bytes() < 200, "{count:?}");
}

#[test]
fn a_snapshot_is_of_a_rate_or_of_nothing() {
    let many = Rule::failures(100, Duration::from_secs(60));
    let rate = Rule::failure_rate(50, Over::Calls(10), 10);
    for (rules, expected) in [(vec![many, rate], (5, 2, 0)), (vec![many], (0, 0, 0))] {
        let hand = Hand::new(Policy::default().rules(rules));
        (0..3).for_each(|_| hand.succeed());
        (0..2).for_each(|_| hand.fail());
        assert_eq!(hand.counts(), expected);
    }
}
