use std::cell::RefCell;
use std::time::Duration;

use buttress_circuit_breaker::machine::{Ended, Pass, Policy};
use buttress_circuit_breaker::{Force, State, Trip, Why};
use buttress_core::outcome::Outcome;

use crate::machine::Hand;

/// One published scenario.
pub struct Scenario {
    pub id: &'static str,
    pub policy: fn() -> Policy,
    pub steps: &'static [Step],
    /// Where ours does otherwise, and why.
    pub deviation: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// It is so many milliseconds after the start.
    At(u64),
    /// So many more.
    Wait(u64),
    /// A call that succeeds.
    S,
    /// One that fails.
    E,
    /// One that succeeds after so many milliseconds.
    Slow(u64),
    /// One that fails after so many milliseconds.
    SlowE(u64),
    /// One that says nothing.
    Ignored,
    /// One that passes, and goes on.
    Hold,
    /// The first one that goes on ends like this.
    Release(Outcome),
    Refused,
    Is(State),
    /// Why it opened, and how much of what was seen.
    Opened(&'static str),
    /// Calls, failed and slow ones.
    Counts(u64, u64, u64),
    /// So many calls were refused since the start.
    RefusedInAll(u64),
    Force(Force),
    /// Opened from outside.
    Trip,
    Reset,
    /// So many steps were told.
    Told(usize),
    /// It told so often what it would have done.
    WouldTrip(usize),
}

impl Scenario {
    pub fn play(&self) {
        let hand = Hand::new((self.policy)());
        let held = RefCell::new(Vec::new());
        for (at, step) in self.steps.iter().enumerate() {
            step.play(&hand, &held, &format!("{}, step {at}: {step:?}", self.id));
        }
    }
}

impl Step {
    fn play(self, hand: &Hand, held: &RefCell<Vec<Pass>>, about: &str) {
        match self {
            Self::At(millis) => hand.wait(millis - hand.now().as_nanos() / 1_000_000),
            Self::Wait(millis) => hand.wait(millis),
            Self::S => hand.succeed(),
            Self::E => hand.fail(),
            Self::Slow(millis) => hand.call(slow(Outcome::Success, millis)),
            Self::SlowE(millis) => hand.call(slow(Outcome::Failure, millis)),
            Self::Ignored => hand.call(Outcome::Ignored),
            Self::Hold => held.borrow_mut().push(hand.enter().expect(about)),
            Self::Release(outcome) => hand.settle(held.borrow_mut().remove(0), outcome),
            Self::Force(force) => hand.machine.force(force, &hand.here),
            Self::Trip => assert!(hand.machine.trip(Trip::switch(), &hand.here), "{about}"),
            Self::Reset => hand.machine.reset(&hand.here),
            seen => seen.check(hand, about),
        }
    }

    fn check(self, hand: &Hand, about: &str) {
        match self {
            Self::Refused => assert!(hand.enter().is_err(), "{about}"),
            Self::Is(state) => assert_eq!(hand.state(), state, "{about}"),
            Self::Opened(why) => assert_eq!(hand.trip().unwrap().to_string(), why, "{about}"),
            Self::Counts(calls, failed, slow) => {
                assert_eq!(hand.counts(), (calls, failed, slow), "{about}");
            }
            Self::RefusedInAll(refused) => {
                assert_eq!(hand.machine.snapshot(hand.now()).refused(), refused, "{about}");
            }
            Self::Told(count) => assert_eq!(hand.here.told.borrow().len(), count, "{about}"),
            Self::WouldTrip(count) => {
                let told = hand.here.told.borrow();
                let would = told.iter().filter(|step| matches!(step.why(), Why::WouldTrip(_)));
                assert_eq!(would.count(), count, "{about}");
            }
            other => unreachable!("{other:?} is no check"),
        }
    }
}

fn slow(outcome: Outcome, millis: u64) -> Ended {
    Ended::new(outcome).after(Duration::from_millis(millis))
}
