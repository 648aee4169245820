//! What goes wrong most often, in one call.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::{Code, Detail, Problem};

type Source = Box<dyn Error + Send + Sync>;

/// What goes wrong most often.
///
/// ```
/// use buttress_core::{Code, Detail, Problem};
///
/// let problem = Problem::validation([Detail::body("/name", "required", "must be there")]);
/// assert_eq!((problem.code(), problem.details().len()), (Code::VALIDATION_FAILED, 1));
///
/// let problem = Problem::dependency_failed("payments", std::io::Error::other("connection reset"));
/// assert_eq!(problem.message(), "A service that is needed for this has failed.");
/// assert_eq!(std::error::Error::source(&problem).unwrap().to_string(), "payments failed");
/// ```
impl Problem {
    /// The request cannot be understood.
    pub fn bad_request() -> Self {
        Self::new(Code::BAD_REQUEST)
    }

    /// Values of the request are not acceptable, and these are they.
    pub fn validation(details: impl IntoIterator<Item = Detail>) -> Self {
        Self::new(Code::VALIDATION_FAILED).with_details(details)
    }

    /// The caller is not known. The header `WWW-Authenticate` should say how to authenticate.
    pub fn unauthenticated() -> Self {
        Self::new(Code::UNAUTHENTICATED)
    }

    /// The caller may not do this.
    pub fn forbidden() -> Self {
        Self::new(Code::FORBIDDEN)
    }

    /// There is no such thing.
    pub fn not_found() -> Self {
        Self::new(Code::NOT_FOUND)
    }

    /// It contradicts the present state.
    pub fn conflict() -> Self {
        Self::new(Code::CONFLICT)
    }

    /// It was there once.
    pub fn gone() -> Self {
        Self::new(Code::GONE)
    }

    /// A condition of the client does not hold.
    pub fn precondition_failed() -> Self {
        Self::new(Code::PRECONDITION_FAILED)
    }

    /// The body is too large.
    pub fn too_large() -> Self {
        Self::new(Code::PAYLOAD_TOO_LARGE)
    }

    /// The body is of a kind that is not understood.
    pub fn unsupported() -> Self {
        Self::new(Code::UNSUPPORTED_MEDIA_TYPE)
    }

    /// A quota is used up until this much time has passed.
    pub fn rate_limited(wait: Duration) -> Self {
        Self::new(Code::RATE_LIMITED).with_retry_after(wait)
    }

    /// Something that the server needs has failed: its name and its error are for the log.
    pub fn dependency_failed(name: &'static str, error: impl Into<Source>) -> Self {
        let source = DependencyFailed { name, source: error.into() };
        Self::new(Code::DEPENDENCY_FAILED).with_source(source)
    }

    /// The time for this was over.
    pub fn timed_out() -> Self {
        Self::new(Code::TIMED_OUT)
    }

    /// The server has more to do than it can.
    pub fn overloaded() -> Self {
        Self::new(Code::OVERLOADED)
    }

    /// The server cannot work now.
    pub fn unavailable() -> Self {
        Self::new(Code::UNAVAILABLE)
    }

    /// The database has failed. The error is for the log.
    pub fn database(error: impl Into<Source>) -> Self {
        Self::new(Code::DATABASE_FAILED).with_source(error)
    }

    /// Something broke. The error is for the log.
    pub fn internal(error: impl Into<Source>) -> Self {
        Self::new(Code::INTERNAL).with_source(error)
    }
}

/// Which dependency has failed: the source of [`Problem::dependency_failed`].
#[derive(Debug)]
pub struct DependencyFailed {
    name: &'static str,
    source: Source,
}

impl DependencyFailed {
    /// What failed.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for DependencyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.name)
    }
}

impl Error for DependencyFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
