use std::cell::{Cell, RefCell};
use std::time::Duration;

use buttress_circuit_breaker::machine::{Ended, Machine, Outside, Pass, Policy, Refused};
use buttress_circuit_breaker::{Rule, State, Transition, Trip, Why};
use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;

/// A machine, time by hand, and a list of the steps that were told.
pub struct Hand {
    pub machine: Machine,
    pub here: Here,
}

#[derive(Default)]
pub struct Here {
    now: Cell<Moment>,
    pub share: Cell<f64>,
    pub told: RefCell<Vec<Transition>>,
}

impl Outside for Here {
    fn now(&self) -> Moment {
        self.now.get()
    }

    fn share(&self) -> f64 {
        self.share.get()
    }

    fn tell(&self, step: &Transition) {
        self.told.borrow_mut().push(*step);
    }
}

impl Hand {
    /// Opens from 1 s up to 32 s, without jitter.
    pub fn new(policy: Policy) -> Self {
        let machine = Machine::new(policy.jitter(0), Moment::FIRST).expect("it is right");
        Self { machine, here: Here::default() }
    }

    pub fn of(rule: Rule) -> Self {
        Self::new(Policy::default().rules([rule]))
    }

    /// Half-open in a moment: one failure, and its open time over.
    pub fn due(policy: Policy) -> Self {
        let hand = Self::new(policy.rules([Rule::InARow(1)]));
        hand.fail();
        hand.wait(1_000);
        hand
    }

    pub fn now(&self) -> Moment {
        self.here.now.get()
    }

    pub fn wait(&self, millis: u64) {
        self.here.now.set(self.now() + Duration::from_millis(millis));
    }

    pub fn enter(&self) -> Result<Pass, Refused> {
        self.machine.enter(&self.here)
    }

    pub fn passes(&self) -> Pass {
        self.enter().expect("it passes")
    }

    pub fn refused(&self) -> Refused {
        self.enter().expect_err("it is refused")
    }

    pub fn settle(&self, pass: Pass, ended: impl Into<Ended>) {
        self.machine.settle(pass, ended, &self.here);
    }

    /// One call from its beginning to its end.
    pub fn call(&self, ended: impl Into<Ended>) {
        self.settle(self.passes(), ended);
    }

    pub fn succeed(&self) {
        self.call(Outcome::Success);
    }

    pub fn fail(&self) {
        self.call(Outcome::Failure);
    }

    pub fn state(&self) -> State {
        self.machine.state()
    }

    /// Calls, and those of them that failed and were slow, in the first window.
    pub fn counts(&self) -> (u64, u64, u64) {
        let snapshot = self.machine.snapshot(self.now());
        (snapshot.calls(), snapshot.failed(), snapshot.slow())
    }

    /// Why it opened last.
    pub fn trip(&self) -> Option<Trip> {
        let tripped = |step: &Transition| match step.why() {
            Why::Tripped(trip) => Some(trip),
            _ => None,
        };
        self.here.told.borrow().iter().rev().find_map(tripped)
    }
}
