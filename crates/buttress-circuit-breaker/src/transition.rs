use buttress_core::clock::Moment;

use crate::{State, Trip};

/// One step of a breaker from one state to another.
///
/// ```
/// use buttress_circuit_breaker::machine::{Machine, Policy};
/// use buttress_circuit_breaker::{Force, State, Why};
/// use buttress_core::clock::Moment;
/// use std::cell::RefCell;
///
/// let (now, steps) = (Moment::FIRST, RefCell::new(Vec::new()));
/// let machine = Machine::new(Policy::default(), now)?;
/// machine.force(Force::Open, &(now, &steps));
///
/// let step = steps.borrow()[0];
/// assert_eq!((step.from(), step.to()), (State::Closed, State::ForcedOpen));
/// assert_eq!((step.why(), step.at()), (Why::Forced, now));
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Transition {
    from: State,
    to: State,
    why: Why,
    at: Moment,
    generation: u32,
}

impl Transition {
    pub(crate) const fn new(from: State, to: State, why: Why, at: Moment, generation: u32) -> Self {
        Self { from, to, why, at, generation }
    }

    /// What it was before.
    #[must_use]
    pub const fn from(&self) -> State {
        self.from
    }

    /// What it is since. The same as before, if it only told what it [would have done](Why::WouldTrip).
    #[must_use]
    pub const fn to(&self) -> State {
        self.to
    }

    /// Why it moved.
    #[must_use]
    pub const fn why(&self) -> Why {
        self.why
    }

    /// When it moved, on the clock of its breaker.
    #[must_use]
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// The number of the time that begins with it. It grows by one or more at each step, and tells in which order
    /// steps were made that are heard of at once.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }
}

/// Why a breaker moved.
///
/// ```
/// use buttress_circuit_breaker::{Reason, Trip, Why};
///
/// let why = Why::Tripped(Trip::new(Reason::InARow, 5, 5));
/// assert_eq!(why.as_str(), "tripped");
/// assert_eq!(why.trip().unwrap().seen(), 5);
/// assert_eq!(Why::Recovered.trip(), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Why {
    /// A rule held, or a probe failed.
    Tripped(Trip),
    /// A rule would have tripped it, if it did more than count. Told once, until it is released.
    WouldTrip(Trip),
    /// Its open time was over when somebody called.
    Due,
    /// Enough probes succeeded.
    Recovered,
    /// All of the traffic is back.
    RampedUp,
    /// An operator said so.
    Forced,
    /// An operator let it go.
    Released,
    /// All that it knew was forgotten.
    Reset,
}

impl Why {
    /// The name that events have for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tripped(_) => "tripped",
            Self::WouldTrip(_) => "would_trip",
            Self::Due => "due",
            Self::Recovered => "recovered",
            Self::RampedUp => "ramped_up",
            Self::Forced => "forced",
            Self::Released => "released",
            Self::Reset => "reset",
        }
    }

    /// What tripped it, or would have.
    #[must_use]
    pub const fn trip(self) -> Option<Trip> {
        match self {
            Self::Tripped(trip) | Self::WouldTrip(trip) => Some(trip),
            _ => None,
        }
    }
}
