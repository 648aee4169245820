use buttress_core::Problem;
use buttress_core::outcome::Judgement;

use super::Breaker;
use crate::machine::{NEARLY, Refused};
use crate::{BreakerTicket, ByResult, Call};

/// Calls.
impl Breaker {
    /// Makes a call, unless it is open. An `Ok` is a success and an `Err` is a failure, unless that is a [`Problem`] by
    /// which another part of our own wall refused; to tell more, [judge](Self::call_judged).
    ///
    /// # Errors
    ///
    /// Fails with the error of the call, or with a [`Problem`] that it was not made.
    ///
    /// # Cancellation
    ///
    /// As with a [`BreakerTicket`].
    ///
    /// # Cost
    ///
    /// No allocation, neither for a call nor for a refusal: all refusals within a tenth of a second share one problem.
    #[inline]
    pub fn call<F, Fut, T, E>(&self, work: F) -> Call<Fut, ByResult>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Problem> + 'static,
    {
        Call::new(self, ByResult, work)
    }

    /// Makes a call, and judges how it ended: an
    /// [`Outcome`](buttress_core::outcome::Outcome), or a whole [`Judgement`].
    ///
    /// ```
    /// use buttress_circuit_breaker::{CircuitBreaker, State};
    /// use buttress_core::{BuildError, Problem};
    /// use buttress_core::outcome::Outcome;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), buttress_core::BuildError> {
    /// enum DbError { NoSuchRow, Broken, Refused }
    ///
    /// impl From<Problem> for DbError {
    ///     fn from(_: Problem) -> Self { Self::Refused }
    /// }
    ///
    /// let breaker = CircuitBreaker::after(1).build()?.breaker().clone();
    /// let judge = |result: Result<&u32, &DbError>| match result {
    ///     // It did answer.
    ///     Ok(_) | Err(DbError::NoSuchRow) => Outcome::Success,
    ///     Err(_) => Outcome::Failure,
    /// };
    /// let _ = breaker.call_judged(judge, || async { Err(DbError::NoSuchRow) }).await;
    /// assert_eq!(breaker.state(), State::Closed);
    /// let _ = breaker.call_judged(judge, || async { Err(DbError::Broken) }).await;
    /// assert_eq!(breaker.state(), State::Open);
    /// let refused = breaker.call_judged(judge, || async { Ok(7) }).await;
    /// assert!(matches!(refused, Err(DbError::Refused)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    #[inline]
    pub fn call_judged<J, F, Fut, T, E, O>(&self, judge: J, work: F) -> Call<Fut, J>
    where
        J: FnOnce(Result<&T, &E>) -> O,
        O: Into<Judgement>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Problem>,
    {
        Call::new(self, judge, work)
    }

    /// Asks whether a call may be made, for what is no future. Tell the ticket how it ended.
    ///
    /// ```
    /// use buttress_circuit_breaker::{CircuitBreaker, State};
    /// use buttress_core::outcome::Outcome;
    ///
    /// let breaker = CircuitBreaker::after(1).build()?.breaker().clone();
    /// let ticket = breaker.try_enter().expect("it is closed");
    /// ticket.settle(Outcome::Failure);
    /// assert_eq!(breaker.state(), State::Open);
    /// assert!(breaker.try_enter().is_err());
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if it may not, with [`CIRCUIT_OPEN`](buttress_core::Code::CIRCUIT_OPEN).
    #[inline]
    pub fn try_enter(&self) -> Result<BreakerTicket, Problem> {
        self.enter().map_err(|refused| self.problem(&refused))
    }

    #[inline]
    pub(crate) fn enter(&self) -> Result<BreakerTicket, Refused> {
        let pass = self.0.machine.enter(&*self.0)?;
        Ok(BreakerTicket::new(self.clone(), pass))
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.0.machine.is_closed()
    }

    /// Why no call would pass now; nothing if one may.
    #[inline]
    pub(crate) fn refuses(&self) -> Option<Refused> {
        let (machine, clock) = (&self.0.machine, &self.0.world.clock);
        let refused = machine.refuses(|| clock.recent())?;
        let is_nearly_due = refused.wait().is_some_and(|wait| wait < NEARLY);
        if is_nearly_due { machine.refuses(|| clock.now()) } else { Some(refused) }
    }

    /// Somebody heeded that.
    pub(crate) fn has_refused(&self) {
        self.0.machine.has_refused();
    }

    /// What a call is told that is refused.
    #[cold]
    pub(crate) fn problem(&self, refused: &Refused) -> Problem {
        self.0.meters.refused(refused);
        self.0.refusals.problem(refused)
    }
}
