use std::fmt;

use serde::{Deserialize, Serialize};

/// What a breaker does with calls now.
///
/// ```
/// use buttress_circuit_breaker::State;
///
/// assert_eq!(State::HalfOpen.as_str(), "half_open");
/// assert!(State::ForcedOpen.is_forced() && State::ForcedOpen.is_open());
/// assert_eq!(State::ALL.len(), 8);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum State {
    /// All calls pass, and are counted.
    Closed,
    /// No call passes until a time is over.
    Open,
    /// A few calls pass, to see whether it works again.
    HalfOpen,
    /// It works again: a share of the calls passes, which grows.
    RampingUp,
    /// Held open by somebody: no call passes.
    ForcedOpen,
    /// Held closed by somebody: all calls pass and are counted, and nothing trips it.
    ForcedClosed,
    /// Switched off: all calls pass, and none is counted.
    Disabled,
    /// All calls pass and are counted; it tells when it would have tripped.
    MetricsOnly,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::RampingUp,
        Self::ForcedOpen,
        Self::ForcedClosed,
        Self::Disabled,
        Self::MetricsOnly,
    ];

    /// The name that metrics and events have for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::RampingUp => "ramping_up",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }

    /// Whether no call passes.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::ForcedOpen)
    }

    /// Whether somebody holds it there, so that no outcome moves it.
    #[must_use]
    pub const fn is_forced(self) -> bool {
        matches!(self, Self::ForcedOpen | Self::ForcedClosed | Self::Disabled | Self::MetricsOnly)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an operator makes of a breaker. It beats all that the breaker knows itself.
///
/// ```
/// use buttress_circuit_breaker::{Force, State};
///
/// assert_eq!(Force::Open.state(), State::ForcedOpen);
/// assert_eq!(Force::Release.state(), State::Closed);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Force {
    /// No call passes, until it is released.
    Open,
    /// All calls pass and are counted, and nothing trips it.
    Closed,
    /// All calls pass, and none is counted.
    Off,
    /// All calls pass and are counted; it tells when it would have tripped.
    MetricsOnly,
    /// As its settings say again, without memory of what was: closed, unless their [`Mode`] is another one.
    Release,
}

impl Force {
    /// The state that it leads to; of a release, where the settings have no [`Mode`] of their own.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Open => State::ForcedOpen,
            Self::Closed => State::ForcedClosed,
            Self::Off => State::Disabled,
            Self::MetricsOnly => State::MetricsOnly,
            Self::Release => State::Closed,
        }
    }
}

/// How a breaker begins, and what it is again when it is [released](Force::Release).
///
/// ```
/// use buttress_circuit_breaker::{Mode, State};
///
/// assert_eq!(Mode::default().state(), State::Closed);
/// assert_eq!(Mode::MetricsOnly.state(), State::MetricsOnly);
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Acts on its rules.
    #[default]
    Active,
    /// Only measures: it counts, and tells when it would have opened, but refuses nothing.
    MetricsOnly,
    /// Is off: it lets all calls pass, and counts nothing.
    Off,
}

impl Mode {
    /// The state in which such a breaker begins.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Active => State::Closed,
            Self::MetricsOnly => State::MetricsOnly,
            Self::Off => State::Disabled,
        }
    }

    /// What takes a breaker there whose settings had another one.
    pub(crate) const fn force(self) -> Force {
        match self {
            Self::Active => Force::Release,
            Self::MetricsOnly => Force::MetricsOnly,
            Self::Off => Force::Off,
        }
    }
}
