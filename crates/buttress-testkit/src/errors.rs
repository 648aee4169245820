//! Errors that no honest code makes.

use std::error::Error;
use std::fmt;

/// An error that is its own source.
///
/// ```
/// use buttress_testkit::errors::Ring;
/// use std::error::Error;
///
/// assert!(Ring.source().and_then(Error::source).is_some(), "and so on, for ever");
/// ```
#[expect(clippy::exhaustive_structs, reason = "there is nothing to add")]
#[derive(Clone, Copy, Debug)]
pub struct Ring;

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("round and round")
    }
}

impl Error for Ring {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}
