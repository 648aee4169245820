use buttress_circuit_breaker::machine::Policy;
use buttress_circuit_breaker::{Force, Over, Rule, State};
use buttress_core::outcome::Outcome;

use super::Hand;

#[test]
fn a_success_from_before_the_trip_does_not_close() {
    let hand = Hand::new(Policy::default().rules([Rule::InARow(1)]));
    let early = hand.passes();
    hand.fail();
    hand.wait(1_000);
    let probe = hand.passes();
    assert!(probe.is_probe());

    hand.settle(early, Outcome::Success);
    assert_eq!(hand.state(), State::HalfOpen, "it began before the trip");
    hand.settle(probe, Outcome::Success);
    assert_eq!(hand.state(), State::Closed);
}

#[test]
fn a_failure_from_before_does_not_reopen() {
    let hand = Hand::new(Policy::default().rules([Rule::InARow(1)]));
    let [early, later] = [hand.passes(), hand.passes()];
    hand.fail();
    hand.settle(early, Outcome::Failure);
    assert_eq!(hand.machine.snapshot(hand.now()).level(), 1, "it is open for no longer");

    hand.wait(1_000);
    hand.succeed();
    hand.settle(later, Outcome::Failure);
    assert_eq!(hand.state(), State::Closed, "closed as it was then, and not the same");
    assert_eq!(hand.machine.snapshot(hand.now()).in_a_row(), 0);
}

#[test]
fn old_news_is_in_no_window() {
    let hand = Hand::of(Rule::failure_rate(100, Over::Calls(10), 10));
    let early = hand.passes();
    hand.machine.reset(&hand.here);
    hand.settle(early, Outcome::Failure);
    assert_eq!(hand.counts(), (0, 0, 0));
    hand.fail();
    assert_eq!(hand.counts(), (1, 1, 0));
}

#[test]
fn a_probe_of_before_holds_no_place_of_today() {
    let hand = Hand::due(Policy::default());
    let early = hand.passes();
    hand.machine.force(Force::Open, &hand.here);
    hand.machine.force(Force::Release, &hand.here);
    hand.fail();
    hand.wait(1_000);
    let probe = hand.passes();
    hand.settle(early, Outcome::Ignored);
    assert!(hand.enter().is_err(), "the place that is given back is another one");
    hand.settle(probe, Outcome::Success);
    assert_eq!(hand.state(), State::Closed);
}
