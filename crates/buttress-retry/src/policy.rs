use std::fmt;
use std::future::Future;

use buttress_core::clock::Timer;
use buttress_core::outcome::{
    Classify, ClassifyEnd, ClassifyFn, Judgement, Outcome, Verdict, by_result, classify_fn,
};
use buttress_core::sync::Shared;

use crate::builder::TimerMissing;
use crate::inner::Inner;
use crate::{Attempt, Budget, Run};

/// Tries any async call again that failed: a query, a message, a file. Made by
/// [`RetryBuilder::build_policy`](crate::RetryBuilder::build_policy).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use buttress_core::clock::{TokioClock, TokioTimer};
/// use buttress_core::outcome::Outcome;
/// use buttress_retry::Retry;
///
/// #[derive(Debug, PartialEq)]
/// enum DbError { Serialization, NoSuchTable }
///
/// let retry = Retry::database().clock(TokioClock::new()).timer(TokioTimer).build_policy()?;
///
/// let balance = retry.run(|attempt| async move {
///     if attempt.is_first() { Err(DbError::Serialization) } else { Ok(7) }
/// });
/// assert_eq!(balance.await, Ok(7));
///
/// // What would fail again the same way is not tried again.
/// let judge = |result: Result<&u32, &DbError>| match result {
///     Err(DbError::Serialization) => Outcome::Failure,
///     Ok(_) | Err(DbError::NoSuchTable) => Outcome::Success,
/// };
/// let mut asked = 0;
/// let none = retry.run_if(judge, |_| {
///     asked += 1;
///     async { Err(DbError::NoSuchTable) }
/// });
/// assert_eq!(none.await, Err(DbError::NoSuchTable));
/// assert_eq!(asked, 1);
/// # Ok(())
/// # }
/// ```
///
/// The deadline is that of the scope around, [`Deadline::current`](buttress_core::Deadline::current). So is the request
/// that it runs for, [`RequestContext::current`](buttress_core::RequestContext::current): for one that an outer hop has
/// sent again, nothing is repeated or hedged. Budget, pauses and metrics are those of the policy, whose clones have
/// them together.
///
/// # Cancellation
///
/// To drop the run drops the attempt that is under way, and gives back what the next one was to cost.
///
/// # Cost
///
/// No allocation.
pub struct RetryPolicy<T: 'static = TimerMissing> {
    pub(crate) inner: Shared<Inner<T>>,
}

impl<T> RetryPolicy<T> {
    /// Its name, for metrics, spans and health.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }
}

impl<T: Timer> RetryPolicy<T> {
    pub(crate) fn new(inner: Inner<T>) -> Self {
        Self { inner: Shared::new(inner) }
    }

    /// Runs `work`, and again after any error, as long as the policy allows.
    ///
    /// A refusal of our own wall, as of a circuit breaker inside, is final, unless the time that it says fits the
    /// deadline. It is known where the error is a [`Problem`](buttress_core::Problem); where it only holds one,
    /// [`run_if`](Self::run_if) can tell it: `judge` says [`Outcome::Rejected`], and what the refusal advises.
    pub fn run<F, Fut, R, E>(&self, work: F) -> Run<F, Fut, AnyError, T>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: 'static,
    {
        Run::new(self.inner.clone(), AnyError, work)
    }

    /// Runs `work`, and again where `judge` says that it failed or was throttled, or was not begun upon: an
    /// [`Outcome`](buttress_core::outcome::Outcome), or a whole [`Judgement`].
    pub fn run_if<J, F, Fut, R, E, O>(&self, judge: J, work: F) -> Run<F, Fut, ClassifyFn<J>, T>
    where
        J: Fn(Result<&R, &E>) -> O + Send + Sync + 'static,
        O: Into<Judgement>,
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<R, E>>,
    {
        Run::new(self.inner.clone(), classify_fn(judge), work)
    }

    /// What its repeats are paid from.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.inner.budget
    }

    /// Keeps it for as long as the program runs, and spares every run the counting of references.
    #[must_use]
    pub fn leak(self) -> Self {
        Self { inner: self.inner.leak() }
    }
}

/// Judges as [`by_result`]: any error is a failure, but for a [`Problem`](buttress_core::Problem) by which our own wall
/// refused, and any value a success.
///
/// ```
/// use buttress_core::outcome::{Classify, Outcome};
/// use buttress_core::{Code, Problem};
/// use buttress_retry::AnyError;
///
/// let judged = |error: &Problem| Classify::<(), Problem>::error(&AnyError::default(), error).outcome();
/// assert_eq!(judged(&Problem::new(Code::DATABASE_FAILED)), Outcome::Failure);
/// assert_eq!(judged(&Problem::new(Code::CIRCUIT_OPEN)), Outcome::Rejected);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AnyError;

impl ClassifyEnd for AnyError {}

impl<R, E: 'static> Classify<R, E> for AnyError {
    fn error(&self, error: &E) -> Judgement {
        by_result(Err::<&R, _>(error))
    }

    fn response(&self, _: &R) -> Verdict {
        Verdict::now(Outcome::Success)
    }
}

impl<T> Clone for RetryPolicy<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<T> fmt::Debug for RetryPolicy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy").field("inner", &*self.inner).finish()
    }
}
