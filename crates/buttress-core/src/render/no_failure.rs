/// Put into the extensions of a response, it says that a status of 4xx or 5xx is what was asked for, and nothing that
/// failed: nobody gives it another shape, and it is neither counted nor logged as an error.
///
/// A service that is asked whether it is ready, and is not, answers so. A failure that shall only keep its shape has
/// the mark [`LeaveAlone`](super::LeaveAlone).
///
/// ```
/// use buttress_core::render::NoFailure;
/// use http::{Response, StatusCode};
///
/// let mut response = Response::new("not ready");
/// *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
/// response.extensions_mut().insert(NoFailure);
/// assert!(response.extensions().get::<NoFailure>().is_some());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct NoFailure;
