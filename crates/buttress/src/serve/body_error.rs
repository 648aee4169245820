use std::error::Error;
use std::fmt;

type BoxError = Box<dyn Error + Send + Sync>;

/// A request body broke off: the connection failed, the client reset the stream, or was too slow.
///
/// ```
/// use buttress::serve::BodyError;
///
/// fn status(error: &BodyError) -> u16 {
///     if error.is_too_slow() { 408 } else { 400 }
/// }
/// # let _ = status;
/// ```
#[derive(Debug)]
pub struct BodyError {
    pub(super) source: Option<BoxError>,
}

impl BodyError {
    pub(super) fn too_slow() -> Self {
        Self { source: None }
    }

    /// Whether a limit of the server ended it.
    #[must_use]
    pub fn is_too_slow(&self) -> bool {
        self.source.is_none()
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            Some(_) => "the request body broke off",
            None => "the request body came too slowly",
        })
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
