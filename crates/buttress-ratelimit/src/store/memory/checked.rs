use std::time::Duration;

use super::outcome::Outcome;
use crate::{Retry, Standing, Verdict};

/// What was decided about one charge, without the room that several need: see [`Memory::check`](super::Memory::check).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "it says what was decided"]
pub struct Checked {
    room: Result<u64, Retry>,
    standing: Standing,
}

impl Checked {
    #[inline]
    pub(super) fn new(outcome: &Outcome, standing: Standing) -> Self {
        Self { room: outcome.room, standing }
    }

    /// Whether the store itself has taken it, and it goes on at once.
    #[inline]
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.room, Ok(0)) && self.standing.is_of_store()
    }

    /// The same with the room that several need.
    pub(crate) fn verdict(&self) -> Verdict {
        let mut verdict = Verdict::taken();
        let room = self.room.map_err(|retry| (0, retry));
        verdict.note_one(room, self.standing, Verdict::UNKNOWN);
        verdict
    }

    /// Whether it was taken.
    #[must_use]
    #[inline]
    pub const fn is_taken(&self) -> bool {
        self.room.is_ok()
    }

    /// When to ask again, if it was not.
    #[must_use]
    pub const fn retry(&self) -> Option<Retry> {
        match self.room {
            Ok(_) => None,
            Err(retry) => Some(retry),
        }
    }

    /// How long to wait before going on.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        match self.room {
            Ok(nanos) => Duration::from_nanos(nanos),
            Err(_) => Duration::ZERO,
        }
    }

    /// How the key stands then; after a refusal as if nothing had been asked.
    #[must_use]
    #[inline]
    pub const fn standing(&self) -> Standing {
        self.standing
    }
}
