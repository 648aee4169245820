use super::Problem;

/// An error of an application that knows which problem it is to a client.
///
/// With it, `?` turns the error into a [`Problem`]:
///
/// ```
/// use buttress_core::{Code, IntoProblem, Problem};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("order {0} was shipped")]
/// struct AlreadyShipped(u64);
///
/// impl IntoProblem for AlreadyShipped {
///     fn into_problem(self) -> Problem {
///         Problem::new(Code::CONFLICT).with_message("It was shipped.").with_source(self)
///     }
/// }
///
/// fn cancel(order: u64) -> Result<(), Problem> {
///     Err(AlreadyShipped(order))?
/// }
///
/// let problem = cancel(7).unwrap_err();
/// assert_eq!(problem.code(), Code::CONFLICT);
/// assert_eq!(std::error::Error::source(&problem).unwrap().to_string(), "order 7 was shipped");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which problem it is to a client",
    // `?` shows the label and drops every note: so the remedy stands here.
    label = "implement `IntoProblem` for it, or name a code: \
             `.map_err(|error| Problem::new(Code::INTERNAL).with_source(error))`"
)]
pub trait IntoProblem {
    /// What a client may know, with the error itself as the source.
    fn into_problem(self) -> Problem;
}

impl<E: IntoProblem> From<E> for Problem {
    fn from(error: E) -> Self {
        error.into_problem()
    }
}
