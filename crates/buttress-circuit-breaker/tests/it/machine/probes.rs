use std::time::Duration;

use buttress_circuit_breaker::machine::{Ended, Pass, Policy};
use buttress_circuit_breaker::{Over, Reason, Rule, State};
use buttress_core::outcome::Outcome;

use super::Hand;

#[test]
fn an_ignored_probe_gives_its_place_back() {
    for outcome in [Outcome::Ignored, Outcome::Rejected, Outcome::Abandoned] {
        let hand = Hand::due(Policy::default());
        hand.call(outcome);
        assert_eq!(hand.state(), State::HalfOpen);
        assert!(hand.passes().is_probe(), "{outcome:?} says nothing, and holds nothing");
    }
}

#[test]
fn the_first_probe_counts() {
    let hand = Hand::due(Policy::default().probes(2));
    let probes = [hand.passes(), hand.passes()];
    assert!(probes.iter().all(Pass::is_probe));
    assert_eq!(hand.machine.snapshot(hand.now()).probes(), 2);
    assert_eq!(
        hand.refused().state(),
        State::HalfOpen,
        "the one that made it half-open is one of two"
    );
}

#[test]
fn half_open_needs_no_minimum() {
    let rules = [Rule::failure_rate(50, Over::Calls(100), 20)];
    let hand = Hand::new(Policy::default().rules(rules).close_after(2));
    (0..20).for_each(|_| hand.fail());
    assert_eq!(hand.state(), State::Open);
    hand.wait(1_000);
    hand.succeed();
    assert_eq!(hand.state(), State::HalfOpen);
    hand.succeed();
    assert_eq!(hand.state(), State::Closed, "two are enough, though the rate asks for twenty");
}

#[test]
fn one_failed_probe_opens_again() {
    for outcome in [Outcome::Failure, Outcome::Panicked, Outcome::Throttled] {
        let hand = Hand::due(Policy::default().close_after(3));
        hand.succeed();
        hand.call(outcome);
        assert_eq!(hand.state(), State::Open);
        assert_eq!(hand.trip().unwrap().reason(), Reason::Probe);
        assert_eq!(hand.refused().wait(), Some(Duration::from_secs(2)), "for twice as long");
    }
}

#[test]
fn a_probe_that_hangs_loses_its_place_and_its_word() {
    let hand = Hand::due(Policy::default().lease(Duration::from_secs(30)));
    let hung = hand.passes();
    hand.wait(29_999);
    assert_eq!(hand.refused().wait(), Some(Duration::from_millis(1)));
    hand.wait(1);
    let next = hand.passes();
    assert!(next.is_probe());

    hand.settle(hung, Outcome::Success);
    assert_eq!(hand.state(), State::HalfOpen, "nobody waits for its word any more");
    assert!(hand.enter().is_err(), "nor does it give back the place of the next one");
    hand.settle(next, Outcome::Success);
    assert_eq!(hand.state(), State::Closed);
}

#[test]
fn who_only_hangs_gets_three_calls() {
    let hand = Hand::due(Policy::default().lease(Duration::from_secs(30)));
    for _ in 0..3 {
        let _hung = hand.passes();
        hand.wait(30_000);
    }
    assert_eq!(hand.refused().reason(), Some(Reason::Hanging));
    assert_eq!(hand.trip().unwrap().to_string(), "hanging (3 of 3)");
}

#[test]
fn each_of_several_probes_has_a_lease_of_its_own() {
    let hand = Hand::due(Policy::default().probes(2).close_after(2).lease(Duration::from_secs(30)));
    let hung = hand.passes();
    hand.wait(20_000);
    let second = hand.passes();
    assert_eq!(hand.refused().wait(), Some(Duration::from_secs(1)));
    hand.wait(9_999);
    assert_eq!(hand.refused().wait(), Some(Duration::from_millis(1)), "that of the first is over");

    hand.wait(1);
    let third = hand.passes();
    assert!(third.is_probe(), "it has the place of the first one, though the second is out");
    assert!(hand.enter().is_err(), "which keeps its own");
    for late in [Outcome::Failure, Outcome::Ignored, Outcome::Success] {
        hand.settle(hung, late);
        assert_eq!(hand.machine.snapshot(hand.now()).probes(), 2, "that is old news: {late:?}");
    }
    hand.settle(second, Outcome::Success);
    hand.settle(third, Outcome::Success);
    assert_eq!(hand.state(), State::Closed);
}

/// However many others come and go, one that hangs does not keep its place.
#[test]
fn others_do_not_renew_the_lease_of_one_that_hangs() {
    let hand = Hand::due(Policy::default().probes(2).lease(Duration::from_secs(30)));
    let _hung = hand.passes();
    for _ in 0..3 {
        hand.call(Outcome::Ignored);
        hand.wait(10_000);
    }
    let [_second, third] = [hand.passes(), hand.passes()];
    assert!(third.is_probe());
    assert!(hand.enter().is_err(), "and no more than two at a time");
}

#[test]
fn several_that_only_hang_get_three_leases_together() {
    let hand = Hand::due(Policy::default().probes(2).lease(Duration::from_secs(30)));
    let _hung = [hand.passes(), hand.passes()];
    hand.wait(30_000);
    let [_third, fourth] = [hand.passes(), hand.passes()];
    hand.settle(fourth, Outcome::Ignored);
    hand.wait(30_000);
    let _fifth = hand.passes();
    assert_eq!(hand.refused().reason(), Some(Reason::Hanging), "the third one was lost");
}

#[test]
fn a_slow_probe_is_none_where_slowness_trips() {
    let rules = [Rule::slow_rate(50, Over::Calls(2), 2)];
    let hand = Hand::new(Policy::default().rules(rules).slow(Duration::from_millis(100)));
    let slow = Ended::new(Outcome::Success).after(Duration::from_millis(101));
    (0..2).for_each(|_| hand.call(slow));
    hand.wait(1_000);
    hand.call(slow);
    assert_eq!(hand.state(), State::Open);
    hand.wait(2_000);
    hand.call(Ended::new(Outcome::Success).after(Duration::from_millis(100)));
    assert_eq!(hand.state(), State::Closed);
}

#[test]
fn a_refusal_while_half_open_says_soon() {
    let hand = Hand::due(Policy::default());
    let _probe = hand.passes();
    let refused = hand.refused();
    assert_eq!((refused.state(), refused.reason()), (State::HalfOpen, None));
    assert_eq!(refused.wait(), Some(Duration::from_secs(1)), "and not the lease of 30 s");
}

/// Places of before are free, so leases of before must not hold those of today.
#[test]
fn a_shorter_lease_counts_from_when_it_is_said() {
    let day = Duration::from_secs(86_400);
    let hand = Hand::due(Policy::default().lease(day));
    let _hangs = hand.passes();
    let shorter = Policy::default().lease(Duration::from_secs(1));
    hand.machine.reconfigure(shorter, &hand.here).expect("it is right");
    let _hangs_too = hand.passes();
    hand.wait(1_000);
    assert!(hand.passes().is_probe(), "the place of one that hangs is given to another one");
}
