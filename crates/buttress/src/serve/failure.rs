use std::error::Error;
use std::fmt;

use buttress_core::{Redact, causes};
use http::StatusCode;

use super::body_error::BodyError;

/// What of an application failed, so that its client has no whole answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failure {
    /// Its service said an error.
    Answer,
    /// The body of its answer did.
    Body,
}

impl Failure {
    /// The name in logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Body => "body",
        }
    }
}

/// A status that only comes before an answer.
#[derive(Debug)]
pub(super) struct NoAnswer(pub(super) StatusCode);

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a response of status {} is no answer", self.0.as_u16())
    }
}

impl Error for NoAnswer {}

/// A body has ended, and so many bytes were still to come.
#[derive(Debug)]
pub(super) struct CutShort(pub(super) u64);

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body ends {} bytes before its length", self.0)
    }
}

impl Error for CutShort {}

/// Whether the application only says what its client did: its own body broke off, or came too slowly.
pub(super) fn is_the_clients(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<BodyError>)
}

/// The longest text of an error in the log, in bytes.
const MOST: usize = 1_024;

/// An error and all that is behind it, without what must not stand in a log.
pub(super) fn told(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<_> = causes(error).map(ToString::to_string).collect();
    // One that only wraps another often says the same.
    texts.dedup();
    Redact::default().text(&texts.join(": "), MOST).into_owned()
}
