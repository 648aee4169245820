use std::time::Duration;

use buttress_core::outcome::Outcome;

use crate::policy::{Abandoned, Policy};

/// How a call ended, and how long it took.
///
/// ```
/// use buttress_circuit_breaker::machine::Ended;
/// use buttress_core::outcome::Outcome;
/// use std::time::Duration;
///
/// let busy = Ended::new(Outcome::Throttled).advised(Duration::from_secs(2));
/// assert_ne!(busy, Ended::from(Outcome::Throttled));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ended {
    outcome: Outcome,
    took: Option<Duration>,
    advice: Option<Duration>,
}

impl Ended {
    /// Like this, and at once.
    #[must_use]
    pub const fn new(outcome: Outcome) -> Self {
        Self { outcome, took: None, advice: None }
    }

    /// It waited for so long.
    #[must_use]
    pub const fn after(self, took: Duration) -> Self {
        Self { took: Some(took), ..self }
    }

    /// The other side asks to be left alone for so long.
    #[must_use]
    pub const fn advised(self, wait: Duration) -> Self {
        Self { advice: Some(wait), ..self }
    }

    #[inline]
    pub(crate) const fn outcome(&self) -> Outcome {
        self.outcome
    }

    pub(crate) const fn advice(&self) -> Option<Duration> {
        self.advice
    }

    /// What a breaker makes of it.
    pub(crate) fn verdict(&self, policy: &Policy) -> Verdict {
        let slow = self.took.is_some_and(|took| took > policy.slow);
        match self.outcome {
            Outcome::Success => Verdict::Good { slow },
            Outcome::Failure | Outcome::Panicked => Verdict::Bad { slow },
            Outcome::Throttled => Verdict::Throttled,
            Outcome::Abandoned => match policy.abandoned {
                Abandoned::Failure => Verdict::Bad { slow },
                Abandoned::FailureIfSlow if slow => Verdict::Bad { slow },
                Abandoned::FailureIfSlow | Abandoned::Ignore => Verdict::Nothing,
            },
            _ => Verdict::Nothing,
        }
    }
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self::new(outcome)
    }
}

/// What an outcome says of whom was called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Good {
        slow: bool,
    },
    Bad {
        slow: bool,
    },
    /// It has not ended, and is slow already.
    Hanging,
    Throttled,
    Nothing,
}

impl Verdict {
    /// Whether it asks for a pause, and so may say for how long.
    pub(crate) const fn is_bad(self) -> bool {
        matches!(self, Self::Bad { .. } | Self::Throttled)
    }
}
