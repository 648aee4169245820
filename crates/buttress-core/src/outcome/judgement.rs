use std::time::Duration;

use super::Outcome;
use crate::clock::Timestamp;

/// What is known of a call once it was judged: how it ended, how far it got, and what the other side says of coming
/// back.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::clock::Timestamp;
/// use buttress_core::outcome::{Advice, Judgement, Outcome, Reached};
///
/// let refused = Judgement::new(Outcome::Failure).with_reached(Reached::No);
/// assert!(refused.is_unprocessed(), "so it may be sent again, whatever it was");
///
/// let now = Timestamp::from_millis(1_000);
/// let busy = Judgement::new(Outcome::Throttled).with_advice(Advice::After(Duration::from_secs(2)));
/// assert_eq!(busy.wait_advised(now), Some(Duration::from_secs(2)));
/// let busy = busy.with_advice(Advice::At(Timestamp::from_millis(1_500)));
/// assert_eq!(busy.wait_advised(now), Some(Duration::from_millis(500)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "a judgement changes nothing until somebody heeds it"]
pub struct Judgement {
    outcome: Outcome,
    reached: Reached,
    advice: Advice,
}

impl Judgement {
    /// The call ended like this; it was answered, and nothing was advised.
    pub const fn new(outcome: Outcome) -> Self {
        Self { outcome, reached: Reached::Answered, advice: Advice::None }
    }

    /// Says how far the request got.
    pub const fn with_reached(self, reached: Reached) -> Self {
        Self { reached, ..self }
    }

    /// Says what the other side says of coming back.
    pub const fn with_advice(self, advice: Advice) -> Self {
        Self { advice, ..self }
    }

    /// How the call ended.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        self.outcome
    }

    /// How far the request got.
    #[must_use]
    pub const fn reached(self) -> Reached {
        self.reached
    }

    /// What the other side says of coming back.
    #[must_use]
    pub const fn advice(self) -> Advice {
        self.advice
    }

    /// Whether it is proven that nobody has begun to work on it.
    #[must_use]
    pub const fn is_unprocessed(self) -> bool {
        matches!(self.reached, Reached::No)
    }

    /// How long to wait from `now` on, as the other side advises. Nothing if it says nothing, or names a time that has
    /// passed.
    #[must_use]
    pub fn wait_advised(self, now: Timestamp) -> Option<Duration> {
        match self.advice {
            Advice::After(wait) => Some(wait),
            Advice::At(time) => Some(time - now).filter(|wait| !wait.is_zero()),
            Advice::None | Advice::Never => None,
        }
    }

    /// Whether the other side asks not to be asked again.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self.advice, Advice::Never)
    }
}

impl From<Outcome> for Judgement {
    fn from(outcome: Outcome) -> Self {
        Self::new(outcome)
    }
}

/// How far a request got. See [`Judgement`] for an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "who repeats a request must heed all three")]
pub enum Reached {
    /// Nowhere, and that is proven: whatever it was, it may be sent again.
    No,
    /// It may have been worked on, and it may not.
    Perhaps,
    /// It was answered.
    Answered,
}

/// What the other side says of coming back. See [`Judgement`] for an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "who waits must heed all four")]
pub enum Advice {
    /// Nothing, or nothing that could be understood.
    None,
    /// After this time.
    After(Duration),
    /// At this time of day.
    At(Timestamp),
    /// Not at all, with this request.
    Never,
}
