use std::cell::RefCell;

use buttress_core::clock::Moment;

use crate::{State, Transition};

/// What a [`Machine`](super::Machine) asks of the world around it.
///
/// A [`Moment`] is one where it is always that time and nobody listens; with a list beside, steps are noted:
///
/// ```
/// use buttress_circuit_breaker::machine::{Machine, Policy};
/// use buttress_circuit_breaker::{Force, State};
/// use buttress_core::clock::Moment;
/// use std::cell::RefCell;
///
/// let steps = RefCell::new(Vec::new());
/// let machine = Machine::new(Policy::default(), Moment::FIRST)?;
///
/// machine.force(Force::Open, &(Moment::FIRST, &steps));
/// assert_eq!(steps.borrow()[0].to(), State::ForcedOpen);
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
pub trait Outside {
    /// The time.
    fn now(&self) -> Moment;

    /// The time, perhaps some milliseconds ago and never ahead, if that is had for less.
    fn recent(&self) -> Moment {
        self.now()
    }

    /// A number by chance, from 0 up to 1.
    fn share(&self) -> f64 {
        0.5
    }

    /// A step was made. No lock is held, so it may take its time, and ask the machine what it likes.
    fn tell(&self, step: &Transition);

    /// One came from a state to another one, or, of a [table](super::Table), to its place, or lost it: who has none has
    /// no state. It is said of each change, those among them of which nobody else hears, so that whoever adds them up
    /// knows how many there are in each state. No lock is held.
    fn moved(&self, _from: Option<State>, _to: Option<State>) {}
}

impl Outside for Moment {
    fn now(&self) -> Moment {
        *self
    }

    fn tell(&self, _: &Transition) {}
}

impl Outside for (Moment, &RefCell<Vec<Transition>>) {
    fn now(&self) -> Moment {
        self.0
    }

    fn tell(&self, step: &Transition) {
        self.1.borrow_mut().push(*step);
    }
}
