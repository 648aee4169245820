use std::fmt;
use std::sync::Arc;

use http_body::Body;

use super::ReplayBody;
use super::room::Room;
use super::tape::{Found, Lost, Tape};

/// What the other attempts of a call get their bodies from.
pub(crate) enum Reel<B> {
    /// There is nothing to send, and never was.
    Empty,
    /// It is on a tape.
    Taped(Arc<Tape<B>>),
}

impl<B: Body> Reel<B> {
    /// The body for the first attempt, of which there is something to send, and what the others are made of.
    pub(crate) fn record(body: B, room: &Room, ends_with_its_bytes: bool) -> (ReplayBody<B>, Self) {
        let hint = body.size_hint();
        let tape = Arc::new(Tape::new(body, hint, room, ends_with_its_bytes));
        (ReplayBody::waiting(1, tape.clone()), Self::Taped(tape))
    }

    /// The body once more, for the attempt of this number. Who had it before cannot begin to read it any more.
    pub(crate) fn again(&self, attempt: u32) -> Result<ReplayBody<B>, Lost> {
        let Self::Taped(tape) = self else { return Ok(ReplayBody::empty()) };
        Ok(match tape.find(attempt)? {
            Found::Untouched => ReplayBody::waiting(attempt, tape.clone()),
            Found::Whole(frames) => ReplayBody::replaying(frames),
        })
    }
}

impl<B> Reel<B> {
    /// Whether it can be sent again.
    pub(crate) fn look(&self, is_unprocessed: bool) -> Result<(), Lost> {
        match self {
            Self::Empty => Ok(()),
            Self::Taped(tape) => tape.look(is_unprocessed),
        }
    }

    /// Whether it was read to its end, so that two may send it at the same time.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Taped(tape) => tape.is_whole(),
        }
    }
}

impl<B> fmt::Debug for Reel<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Taped(tape) => tape.fmt(f),
        }
    }
}
