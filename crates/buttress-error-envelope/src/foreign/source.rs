use std::error::Error;
use std::fmt;

use http::StatusCode;

/// That a service has answered a failure by itself: the source of the problem in its place, for the log.
#[derive(Clone, Debug)]
pub struct ForeignFailure {
    status: StatusCode,
    text: Option<Box<str>>,
}

impl ForeignFailure {
    pub(super) fn new(status: StatusCode, text: Option<&str>) -> Self {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        Self { status, text: text.map(Into::into) }
    }

    /// The status that it answered.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl fmt::Display for ForeignFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service answered {}", self.status.as_u16())?;
        match &self.text {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

impl Error for ForeignFailure {}
