use std::cell::Cell;

use buttress_circuit_breaker::machine::{Machine, Outside, Policy};
use buttress_circuit_breaker::{Force, Mode, Over, Rule, State, Transition, Trip, Why};
use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;

use super::Hand;

fn steps(hand: &Hand) -> Vec<(State, State)> {
    hand.here.told.borrow().iter().map(|step| (step.from(), step.to())).collect()
}

#[test]
fn a_force_beats_all_it_knows() {
    let hand = Hand::of(Rule::InARow(1));
    hand.machine.force(Force::Closed, &hand.here);
    (0..10).for_each(|_| hand.fail());
    assert!(!hand.machine.trip(Trip::fleet(3, 2), &hand.here));
    assert_eq!(hand.state(), State::ForcedClosed);
    assert_eq!(hand.machine.snapshot(hand.now()).in_a_row(), 10, "it counts");

    hand.machine.force(Force::Open, &hand.here);
    hand.wait(1_000_000);
    assert_eq!(hand.refused().wait(), None, "time does not open it");

    hand.machine.force(Force::Off, &hand.here);
    (0..10).for_each(|_| hand.fail());
    assert_eq!(hand.state(), State::Disabled);
    assert_eq!(hand.machine.snapshot(hand.now()).in_a_row(), 0, "it counts nothing");

    hand.machine.force(Force::Release, &hand.here);
    hand.fail();
    assert_eq!(hand.state(), State::Open, "by its own rules again");
    assert_eq!(hand.machine.snapshot(hand.now()).level(), 1);
}

#[test]
fn what_is_so_already_is_no_step() {
    let hand = Hand::of(Rule::InARow(2));
    hand.fail();
    hand.machine.force(Force::Release, &hand.here);
    assert_eq!(hand.machine.snapshot(hand.now()).in_a_row(), 1, "nobody had held it");
    hand.machine.force(Force::Open, &hand.here);
    hand.machine.force(Force::Open, &hand.here);
    assert_eq!(steps(&hand), [(State::Closed, State::ForcedOpen)]);
}

#[test]
fn one_that_only_counts_tells_once_what_it_would_have_done() {
    let policy = Policy::default().rules([Rule::InARow(2)]).mode(Mode::MetricsOnly);
    let hand = Hand::new(policy);
    (0..10).for_each(|_| hand.fail());
    assert_eq!(hand.state(), State::MetricsOnly);
    let told = hand.here.told.borrow().clone();
    assert_eq!(told.len(), 1);
    assert!(matches!(told[0].why(), Why::WouldTrip(_)));
    drop(told);

    let policy = Policy::default().rules([Rule::InARow(2)]);
    hand.machine.reconfigure(policy, &hand.here).expect("it is right");
    hand.machine.force(Force::Release, &hand.here);
    hand.fail();
    hand.fail();
    assert_eq!(hand.state(), State::Open);
}

#[test]
fn who_is_released_is_as_the_settings_say() {
    for mode in [Mode::Active, Mode::MetricsOnly, Mode::Off] {
        let hand = Hand::new(Policy::default().rules([Rule::InARow(1)]).mode(mode));
        hand.machine.force(Force::Release, &hand.here);
        assert_eq!(steps(&hand), [], "nobody had held it");
        hand.machine.force(Force::Open, &hand.here);
        hand.machine.force(Force::Release, &hand.here);
        assert_eq!(hand.state(), mode.state());
        let told = hand.here.told.borrow().clone();
        assert_eq!((told[1].to(), told[1].why()), (mode.state(), Why::Released));
        drop(told);
        hand.fail();
        let opens = mode == Mode::Active;
        assert_eq!(hand.state().is_open(), opens, "{mode:?}");
    }
}

#[test]
fn a_reset_forgets_all() {
    let hand = Hand::of(Rule::failure_rate(50, Over::Calls(4), 4));
    (0..3).for_each(|_| hand.fail());
    hand.machine.reset(&hand.here);
    assert_eq!((hand.counts(), steps(&hand)), ((0, 0, 0), vec![]), "nobody need hear of it");
    (0..4).for_each(|_| hand.fail());
    assert_eq!(hand.state(), State::Open);
    hand.machine.reset(&hand.here);
    assert_eq!(hand.state(), State::Closed);
    (0..4).for_each(|_| hand.fail());
    assert_eq!(hand.machine.snapshot(hand.now()).level(), 1, "as if it had never opened");
}

/// It begins anew as its settings say: one that only counts refuses nothing after it either.
#[test]
fn a_reset_is_a_beginning_by_the_mode() {
    for mode in [Mode::Active, Mode::MetricsOnly, Mode::Off] {
        let hand = Hand::new(Policy::default().rules([Rule::InARow(2)]).mode(mode));
        hand.fail();
        hand.machine.reset(&hand.here);
        assert_eq!((hand.state(), steps(&hand)), (mode.state(), vec![]), "{mode:?}");
        assert_eq!(hand.machine.snapshot(hand.now()).in_a_row(), 0);
        hand.fail();
        hand.fail();
        assert_eq!(hand.state().is_open(), mode == Mode::Active, "{mode:?}");
    }
    // Closed by the settings of before, which it keeps until it is begun anew.
    let hand = Hand::of(Rule::InARow(1));
    let counts = Policy::default().rules([Rule::InARow(1)]).mode(Mode::MetricsOnly);
    hand.machine.reconfigure(counts, &hand.here).expect("it is right");
    hand.machine.reset(&hand.here);
    assert_eq!(steps(&hand), [(State::Closed, State::MetricsOnly)]);
}

/// What an operator or a fleet said is said until it is taken back.
#[test]
fn a_reset_lifts_no_force() {
    for force in [Force::Open, Force::Closed, Force::Off, Force::MetricsOnly] {
        let hand = Hand::of(Rule::InARow(9));
        hand.machine.force(force, &hand.here);
        if force != Force::Open {
            hand.fail();
        }
        hand.machine.reset(&hand.here);
        assert_eq!(hand.state(), force.state());
        assert_eq!(hand.machine.snapshot(hand.now()).in_a_row(), 0, "{force:?}");
        assert_eq!(steps(&hand).len(), 1, "nobody need hear of it");
        hand.machine.force(Force::Release, &hand.here);
        assert_eq!(hand.state(), State::Closed);
    }
}

#[test]
fn another_policy_counts_from_now_on() {
    let hand = Hand::of(Rule::InARow(3));
    hand.fail();
    hand.fail();
    let policy = Policy::default().rules([Rule::failure_rate(50, Over::Calls(4), 2)]);
    hand.machine.reconfigure(policy, &hand.here).expect("it is right");
    hand.succeed();
    assert_eq!(hand.counts(), (1, 0, 0), "successes count now, and what was before does not");
    hand.fail();
    assert_eq!(hand.state(), State::Open);

    let wrong = Policy::default().probes(0);
    assert!(hand.machine.reconfigure(wrong, &hand.here).is_err());
    assert_eq!(hand.state(), State::Open, "and the old one stays");
}

/// Gives a machine another policy while somebody else does, who has looked at his own already.
struct Meddler<'a> {
    machine: &'a Machine,
    policy: Cell<Option<Policy>>,
}

impl Outside for Meddler<'_> {
    fn now(&self) -> Moment {
        if let Some(policy) = self.policy.take() {
            self.machine.reconfigure(policy, &Moment::FIRST).expect("it is right");
        }
        Moment::FIRST
    }

    fn tell(&self, _: &Transition) {}
}

#[test]
fn of_two_changes_at_a_time_one_holds_and_counts_what_it_needs() {
    let streak = || Policy::default().rules([Rule::InARow(9)]);
    let rate = Policy::default().rules([Rule::failure_rate(50, Over::Calls(10), 5)]);
    let machine = Machine::new(streak(), Moment::FIRST).expect("it is right");
    let meddler = Meddler { machine: &machine, policy: Cell::new(Some(rate)) };
    machine.reconfigure(streak(), &meddler).expect("it is right");

    let now = Moment::FIRST;
    for outcome in [Outcome::Success; 8].into_iter().chain([Outcome::Failure; 2]) {
        machine.settle(machine.enter(&now).expect("it is closed"), outcome, &now);
    }
    let seen = machine.snapshot(now);
    assert_eq!((seen.state(), seen.calls(), seen.failed()), (State::Closed, 10, 2));
}
