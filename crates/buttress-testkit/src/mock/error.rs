use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// An error to be recognised by its words.
///
/// ```
/// use buttress_testkit::mock::MockError;
///
/// assert_eq!(MockError::new("no luck").to_string(), "no luck");
/// assert_ne!(MockError::new("no luck"), MockError::new("no time"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MockError(Cow<'static, str>);

impl MockError {
    /// Says `words`.
    pub fn new(words: impl Into<Cow<'static, str>>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for MockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for MockError {}

impl From<&'static str> for MockError {
    fn from(words: &'static str) -> Self {
        Self::new(words)
    }
}
