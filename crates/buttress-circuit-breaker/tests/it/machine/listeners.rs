use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use buttress_circuit_breaker::machine::{Machine, Outside, Policy};
use buttress_circuit_breaker::{Force, State, Transition, Trip};
use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;

/// Panics whenever it is told of a step, and it is always that time.
struct Panics(Moment);

impl Outside for Panics {
    fn now(&self) -> Moment {
        self.0
    }

    fn tell(&self, _: &Transition) {
        resume_unwind(Box::new("of a listener"));
    }
}

/// Asks back while it is told.
struct Curious<'a> {
    machine: &'a Machine,
    seen: Cell<Option<State>>,
}

impl Outside for Curious<'_> {
    fn now(&self) -> Moment {
        Moment::FIRST
    }

    fn tell(&self, _: &Transition) {
        self.seen.set(Some(self.machine.snapshot(Moment::FIRST).state()));
        if self.machine.state() == State::ForcedOpen {
            self.machine.force(Force::Release, self);
        }
    }
}

fn machine() -> Machine {
    Machine::new(Policy::default(), Moment::FIRST).expect("it is right")
}

#[test]
fn a_panicking_listener_changes_nothing() {
    let machine = machine();
    let panicked =
        catch_unwind(AssertUnwindSafe(|| machine.force(Force::Open, &Panics(Moment::FIRST))));
    assert!(panicked.is_err());
    assert_eq!(machine.state(), State::ForcedOpen, "it had been made when it was told");
    machine.force(Force::Release, &Moment::FIRST);
    assert_eq!(machine.state(), State::Closed);
}

/// Nobody gets the pass of the probe with which it becomes half-open, where a recorder panics: so another one may have
/// the place.
#[test]
fn a_panicking_listener_takes_no_place_of_a_probe() {
    let machine = machine();
    machine.trip(Trip::switch(), &Moment::FIRST);
    let due = Moment::FIRST + Duration::from_secs(60);
    let panicked = catch_unwind(AssertUnwindSafe(|| machine.enter(&Panics(due)).is_ok()));
    assert!(panicked.is_err());
    assert_eq!(machine.state(), State::HalfOpen);
    let probe = machine.enter(&due).expect("its place is free");
    assert!(probe.is_probe() && machine.enter(&due).is_err());
    machine.settle(probe, Outcome::Success, &due);
    assert_eq!(machine.state(), State::Closed);
}

#[test]
fn a_listener_may_ask_and_act() {
    let machine = machine();
    let curious = Curious { machine: &machine, seen: Cell::new(None) };
    machine.force(Force::Open, &curious);
    assert_eq!((curious.seen.get(), machine.state()), (Some(State::Closed), State::Closed));
}
