use crate::State;

/// What it does with calls: a [`State`], or nothing, because it is nobody's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    Closed = 0,
    Open = 1,
    HalfOpen = 2,
    RampingUp = 3,
    ForcedOpen = 4,
    ForcedClosed = 5,
    Disabled = 6,
    MetricsOnly = 7,
    /// A slot of a table that belongs to no key, or is about to belong to another.
    Vacant = 8,
}

impl Phase {
    pub(crate) const fn of(state: State) -> Self {
        match state {
            State::Closed => Self::Closed,
            State::Open => Self::Open,
            State::HalfOpen => Self::HalfOpen,
            State::RampingUp => Self::RampingUp,
            State::ForcedOpen => Self::ForcedOpen,
            State::ForcedClosed => Self::ForcedClosed,
            State::Disabled => Self::Disabled,
            State::MetricsOnly => Self::MetricsOnly,
        }
    }

    /// What people see of it. A slot of nobody looks as it will begin.
    pub(crate) const fn state(self) -> State {
        match self {
            Self::Closed | Self::Vacant => State::Closed,
            Self::Open => State::Open,
            Self::HalfOpen => State::HalfOpen,
            Self::RampingUp => State::RampingUp,
            Self::ForcedOpen => State::ForcedOpen,
            Self::ForcedClosed => State::ForcedClosed,
            Self::Disabled => State::Disabled,
            Self::MetricsOnly => State::MetricsOnly,
        }
    }

    /// The state of a key; nothing, if it is nobody's.
    pub(crate) fn of_somebody(self) -> Option<State> {
        (self != Self::Vacant).then_some(self.state())
    }

    /// Whether failures in a row are counted.
    pub(crate) const fn counts(self) -> bool {
        matches!(self, Self::Closed | Self::RampingUp | Self::ForcedClosed | Self::MetricsOnly)
    }
}
