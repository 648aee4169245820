use crate::Attempt;
use crate::replay::Lost;

/// Why there is no other attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Why {
    /// It is no end after which one tries again.
    Outcome,
    /// The other side said not to.
    Final,
    /// There were enough.
    Tries,
    /// Our own wall refused it, and its wait does not fit.
    Refused,
    /// It may be sent once only.
    Method,
    /// It is the repeat of an outer call, which does the repeating.
    Inner,
    BodyInFlight,
    BodyTooLarge,
    /// The other side wants more time than we wait.
    Advice,
    Deadline,
    Budget,
}

impl Why {
    pub(crate) const ALL: [Self; 11] = [
        Self::Outcome,
        Self::Final,
        Self::Tries,
        Self::Refused,
        Self::Method,
        Self::Inner,
        Self::BodyInFlight,
        Self::BodyTooLarge,
        Self::Advice,
        Self::Deadline,
        Self::Budget,
    ];

    /// How metrics call it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Final => "final",
            Self::Tries => "tries",
            Self::Refused => "refused",
            Self::Method => "method",
            Self::Inner => "inner",
            Self::BodyInFlight => "body_in_flight",
            Self::BodyTooLarge => "body_too_large",
            Self::Advice => "advice",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
        }
    }

    /// Whether an outer hop that tries again would only add to it: somebody here has tried already, or may not. What
    /// the other side said is handed on, for the handler in between mostly answers afresh, without its headers.
    pub(crate) fn is_enough_for_all(self, attempt: Attempt) -> bool {
        matches!(self, Self::Budget | Self::Final) || (!attempt.is_first() && self != Self::Outcome)
    }
}

impl From<Lost> for Why {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::InFlight => Self::BodyInFlight,
            Lost::TooLarge => Self::BodyTooLarge,
        }
    }
}
