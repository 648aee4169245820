use std::error::Error;
use std::fmt;

/// A text is not what the specification says it must be.
///
/// ```
/// use buttress_core::trace::TraceId;
///
/// let error = "0AF7651916CD43DD8448EB211C80319C".parse::<TraceId>().unwrap_err();
/// assert_eq!(error.to_string(), "malformed trace id");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Malformed {
    pub(super) what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}", self.what)
    }
}

impl Error for Malformed {}
