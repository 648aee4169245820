use std::error::Error;

use buttress_core::{Problem, causes};
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
    let found = causes(&*error).find_map(|cause| match cause.downcast_ref::<Problem>() {
        Some(problem) => Some((problem.clone(), true)),
        // To shed load is to refuse on purpose: no failure, and no error in the log.
        None if cause.is::<Overloaded>() => Some((Problem::overloaded(), true)),
        None => known(cause).map(|problem| (problem, false)),
    });
    match found {
        Some((problem, true)) => problem,
        Some((problem, false)) => problem.with_source(error),
        None => Problem::internal(error),
    }
}

fn known(cause: &(dyn Error + 'static)) -> Option<Problem> {
    if cause.is::<Elapsed>() {
        return Some(Problem::timed_out());
    }
    if cause.is::<Closed>() || cause.is::<ServiceError>() && cause.source().is_none() {
        return Some(Problem::unavailable());
    }
    cause.is::<LengthLimitError>().then(Problem::too_large)
}

impl ErrorsLayer<fn(BoxError) -> Problem> {
    /// For the errors of tower's middleware, as [`problem_of`] knows them.
    pub fn tower() -> Self {
        Self::new(problem_of)
    }
}
