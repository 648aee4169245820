use std::fmt;

use super::{Classify, ClassifyEnd, Judgement, Verdict};

/// A [`Classify`] made of a closure, for whatever is called: a database, a queue, a function.
///
/// It may say an [`Outcome`](super::Outcome), or a whole [`Judgement`]. A body, if there is one, is not waited for.
///
/// ```
/// use buttress_core::outcome::{Classify, Judgement, Outcome, Reached, classify_fn};
///
/// #[derive(Debug)]
/// enum DbError { Refused, Serialization, UniqueViolation }
///
/// let classify = classify_fn(|result: Result<&u64, &DbError>| match result {
///     Ok(_) | Err(DbError::UniqueViolation) => Judgement::new(Outcome::Success),
///     Err(DbError::Serialization) => Judgement::new(Outcome::Ignored),
///     Err(DbError::Refused) => Judgement::new(Outcome::Failure).with_reached(Reached::No),
/// });
///
/// assert_eq!(classify.response(&1).outcome(), Some(Outcome::Success));
/// assert_eq!(classify.error(&DbError::UniqueViolation).outcome(), Outcome::Success);
/// assert_eq!(classify.error(&DbError::Serialization).outcome(), Outcome::Ignored);
/// assert!(classify.error(&DbError::Refused).is_unprocessed());
/// ```
pub fn classify_fn<F, Res, Err, J>(judge: F) -> ClassifyFn<F>
where
    F: Fn(Result<&Res, &Err>) -> J + Send + Sync + 'static,
    J: Into<Judgement>,
{
    ClassifyFn { judge }
}

/// A closure that judges calls. See [`classify_fn`].
#[derive(Clone, Copy)]
pub struct ClassifyFn<F> {
    judge: F,
}

impl<F: Send + Sync + 'static> ClassifyEnd for ClassifyFn<F> {}

impl<F, Res, Err, J> Classify<Res, Err> for ClassifyFn<F>
where
    F: Fn(Result<&Res, &Err>) -> J + Send + Sync + 'static,
    J: Into<Judgement>,
{
    fn error(&self, error: &Err) -> Judgement {
        (self.judge)(Err(error)).into()
    }

    fn response(&self, response: &Res) -> Verdict {
        Verdict::Now((self.judge)(Ok(response)).into())
    }
}

impl<F> fmt::Debug for ClassifyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassifyFn").finish_non_exhaustive()
    }
}
