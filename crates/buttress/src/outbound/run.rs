//! The wall around a call that is no HTTP: the same parts in the same order, each as it goes around any async call.

use std::future::Future;

use buttress_core::Problem;
use buttress_core::outcome::{Judgement, Ticket, by_result};
use buttress_overload::Priority;
use buttress_overload::door::{Admission, Guard};
use buttress_retry::Attempt;

use super::Outbound;
use super::attempt::Limits;
use super::parts::Parts;

/// Why there is no answer. Told apart until the call is over, so that a refusal by the wall is none of the dependency,
/// whatever the caller's error is.
enum Failed<E> {
    ByTheWall(Problem),
    ByItself(E),
}

impl<E> From<Problem> for Failed<E> {
    fn from(problem: Problem) -> Self {
        Self::ByTheWall(problem)
    }
}

impl Outbound {
    /// Makes a call that is no HTTP behind the wall, as to a database: an `Ok` is a success, and an `Err` is a failure
    /// and tried again, unless that is a [`Problem`] by which another part of our own wall refused.
    ///
    /// `work` is given the number of the attempt, and called for each. So it has to be something that may be done
    /// twice; for what may not, a wall without [retry](crate::OutboundBuilder::retry). All calls matter
    /// [alike](Priority::default).
    ///
    /// ```
    /// use buttress::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(Debug)]
    /// enum DbError { Gone, Refused(Problem) }
    ///
    /// impl From<Problem> for DbError {
    ///     fn from(problem: Problem) -> Self { Self::Refused(problem) }
    /// }
    ///
    /// let wall = Outbound::to("database")
    ///     .retry(Retry::database())
    ///     .circuit_breaker(CircuitBreaker::after(5))
    ///     .attempt_timeout(secs(5))
    ///     .build()?;
    /// let rows = wall
    ///     .run(|attempt| async move {
    ///         // A query, whose connection is gone the first time.
    ///         if attempt.number() == 1 { Err(DbError::Gone) } else { Ok(7) }
    ///     })
    ///     .await;
    /// assert!(matches!(rows, Ok(7)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the error of the last attempt, or with the [`Problem`] that there was none: see the codes of the
    /// [wall](Self).
    ///
    /// # Cancellation
    ///
    /// As for a request: dropping the future drops what is under way, and gives back what it had.
    ///
    /// # Cost
    ///
    /// No box and no allocation, but for a wait. A [`bulkhead`](crate::OutboundBuilder::bulkhead) stands around the
    /// breaker here, so that a wait for a permit is not held against the dependency; while the breaker is open, none is
    /// waited for.
    pub async fn run<F, Fut, T, E>(&self, work: F) -> Result<T, E>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        T: 'static,
        E: From<Problem> + 'static,
    {
        let called = self.parts.deadline.run(|| guarded(&self.parts, &work)).await;
        called.map_err(|failed| match failed {
            Failed::ByTheWall(problem) => problem.into(),
            Failed::ByItself(error) => error,
        })
    }
}

/// A call for which there is time.
async fn guarded<F, Fut, T, E>(parts: &Parts, work: &F) -> Result<T, Failed<E>>
where
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    T: 'static,
    E: 'static,
{
    let ticket = match parts.guards.guard().admit(Priority::default()) {
        Admission::In(ticket) => ticket,
        Admission::Out(problem) => return Err(problem.into()),
        Admission::Wait(wait) => wait.await?,
    };
    let limits = &parts.limits;
    let attempt = |attempt| limited(limits, move || work(attempt));
    let result = parts.policy.run_if(judge, attempt).await;
    ticket.settle(judge(result.as_ref()));
    result
}

/// One attempt, once there is a permit for it. What is down takes none.
async fn limited<F, Fut, T, E>(limits: &Limits, work: F) -> Result<T, Failed<E>>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: 'static,
{
    if let Some(refused) = limits.breaker.will_refuse() {
        return Err(limits.breaker.refuse(&refused).into());
    }
    match &limits.bulkhead {
        Some(bulkhead) => bulkhead.run(|| judged(limits, work)).await,
        None => judged(limits, work).await,
    }
}

async fn judged<F, Fut, T, E>(limits: &Limits, work: F) -> Result<T, Failed<E>>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: 'static,
{
    limits.breaker.call_judged(judge, || timed(limits, work)).await
}

async fn timed<F, Fut, T, E>(limits: &Limits, work: F) -> Result<T, Failed<E>>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let work = || async { work().await.map_err(Failed::ByItself) };
    match &limits.timeout {
        Some(timeout) => timeout.run(work).await,
        None => work().await,
    }
}

fn judge<T, E: 'static>(result: Result<&T, &Failed<E>>) -> Judgement {
    match result {
        Ok(value) => by_result(Ok::<_, &E>(value)),
        Err(Failed::ByTheWall(problem)) => by_result(Err::<&T, _>(problem)),
        Err(Failed::ByItself(error)) => by_result(Err::<&T, _>(error)),
    }
}
