use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use buttress_circuit_breaker::machine::{Machine, Outside, Policy};
use buttress_circuit_breaker::{Force, State, Transition};
use buttress_core::clock::Moment;

struct Panics;

impl Outside for Panics {
    fn now(&self) -> Moment {
        Moment::FIRST
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
    let panicked = catch_unwind(AssertUnwindSafe(|| machine.force(Force::Open, &Panics)));
    assert!(panicked.is_err());
    assert_eq!(machine.state(), State::ForcedOpen, "it had been made when it was told");
    machine.force(Force::Release, &Moment::FIRST);
    assert_eq!(machine.state(), State::Closed);
}

#[test]
fn a_listener_may_ask_and_act() {
    let machine = machine();
    let curious = Curious { machine: &machine, seen: Cell::new(None) };
    machine.force(Force::Open, &curious);
    assert_eq!((curious.seen.get(), machine.state()), (Some(State::Closed), State::Closed));
}
