use std::cell::RefCell;

use buttress_core::clock::Moment;

use crate::Transition;

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
