use std::error::Error;
use std::io;

use buttress_core::Problem;
use http_body_util::LengthLimitError;
use tower::buffer::error::{Closed, ServiceError};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use super::ErrorsLayer;

type BoxError = Box<dyn Error + Send + Sync>;

/// Which problem an error of tower's middleware is: a time-out, too much load, a buffer that is gone; a body
/// that is too large; a [`Problem`] that came as an error. Anything else is internal.
///
/// Errors of tower often stand around others, so the chain of sources is searched.
///
/// ```
/// use buttress_core::Code;
/// use buttress_error_envelope::problem_of;
/// use tower::timeout::error::Elapsed;
///
/// assert_eq!(problem_of(Box::new(Elapsed::new())).code(), Code::TIMED_OUT);
/// assert_eq!(problem_of("something else".into()).code(), Code::INTERNAL);
/// ```
pub fn problem_of(error: BoxError) -> Problem {
    let error = match error.downcast::<Problem>() {
        Ok(problem) => return *problem,
        Err(error) => error,
    };
    let mut next: Option<&(dyn Error + 'static)> = Some(&*error);
    while let Some(cause) = next {
        if let Some(problem) = cause.downcast_ref::<Problem>() {
            return problem.clone();
        }
        if let Some(problem) = known(cause) {
            // To shed load is to refuse on purpose: no failure, and no error in the log.
            let on_purpose = cause.is::<Overloaded>();
            return if on_purpose { problem } else { problem.with_source(error) };
        }
        next = behind(cause);
    }
    Problem::internal(error)
}

/// The next error of the chain. An I/O error names as its source that of the error in it, not that error.
fn behind<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let io = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    io.map_or_else(|| cause.source(), |inner| Some(inner))
}

fn known(cause: &(dyn Error + 'static)) -> Option<Problem> {
    if cause.is::<Elapsed>() {
        return Some(Problem::timed_out());
    }
    if cause.is::<Overloaded>() {
        return Some(Problem::overloaded());
    }
    if cause.is::<Closed>() || cause.is::<ServiceError>() && cause.source().is_none() {
        return Some(Problem::unavailable());
    }
    cause.is::<LengthLimitError>().then(Problem::too_large)
}

impl ErrorsLayer<fn(BoxError) -> Problem> {
    /// For the errors of tower's middleware, as [`problem_of`] knows them.
    #[must_use]
    pub fn tower() -> Self {
        Self::new(problem_of)
    }
}
