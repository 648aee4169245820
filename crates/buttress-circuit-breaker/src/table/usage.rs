use crate::State;

/// What a [`Table`](super::Table) holds, and what it had to forget.
///
/// ```
/// use buttress_circuit_breaker::machine::{Policy, Table};
/// use buttress_circuit_breaker::State;
/// use buttress_core::clock::Moment;
///
/// let usage = Table::new(Policy::default(), 100, Moment::FIRST)?.usage();
/// assert_eq!((usage.places(), usage.keys(), usage.open()), (128, 0, 0));
/// assert_eq!(usage.in_state(State::HalfOpen), 0);
/// assert_eq!((usage.evicted(), usage.evicted_open(), usage.refused()), (0, 0, 0));
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TableUsage {
    pub(super) places: usize,
    /// As [`State::ALL`].
    pub(super) states: [usize; State::ALL.len()],
    pub(super) evicted: u64,
    pub(super) evicted_open: u64,
    pub(super) refused: u64,
}

impl TableUsage {
    /// For how many keys it has a place.
    #[must_use]
    pub const fn places(&self) -> usize {
        self.places
    }

    /// How many have one.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.states.iter().sum()
    }

    /// How many of these are in that state.
    #[must_use]
    pub const fn in_state(&self, state: State) -> usize {
        self.states[state as usize]
    }

    /// How many of these are open, due or not.
    #[must_use]
    pub const fn open(&self) -> usize {
        self.in_state(State::Open) + self.in_state(State::ForcedOpen)
    }

    /// How many keys had to go for others.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many of these were open. More than a few: the table is too small.
    #[must_use]
    pub const fn evicted_open(&self) -> u64 {
        self.evicted_open
    }

    /// How many calls were refused.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }
}
