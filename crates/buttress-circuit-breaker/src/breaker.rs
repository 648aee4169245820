use std::fmt;
use std::time::Duration;

use buttress_core::clock::{Moment, Timestamp};
use buttress_core::outcome::{Judgement, Outcome};
use buttress_core::sync::Shared;
use buttress_core::{BuildError, Problem};

use crate::call::{Call, by_result};
use crate::inner::Inner;
use crate::machine::{Ended, Pass, Refused, Snapshot};
use crate::ticket::Host;
use crate::{BreakerTicket, CircuitBreakerSettings, Events, Force, Mode, State, Transition, Trip};

/// The handle of a circuit breaker: to see how it stands, to force it, and to make calls that need no tower. Clones are the
/// same breaker.
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreaker, Force, State};
/// use buttress_core::{Code, Problem};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let breaker = CircuitBreaker::after(2).named("database").build()?.breaker().clone();
///
/// async fn query() -> Result<u32, Problem> {
///     Err(Problem::new(Code::DATABASE_FAILED))
/// }
///
/// for _ in 0..2 {
///     assert_eq!(breaker.call(query).await.unwrap_err().code(), Code::DATABASE_FAILED);
/// }
/// assert_eq!(breaker.state(), State::Open);
/// assert_eq!(breaker.call(query).await.unwrap_err().code(), Code::CIRCUIT_OPEN);
///
/// breaker.force(Force::Closed);
/// assert_eq!(breaker.call(query).await.unwrap_err().code(), Code::DATABASE_FAILED);
/// assert_eq!(breaker.history().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Breaker(Shared<Inner>);

impl Breaker {
    pub(crate) fn new(inner: Inner) -> Self {
        inner.publish();
        Self(Shared::new(inner))
    }

    /// Its name, for metrics, events and health.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.world.name
    }

    /// What it does with calls now. One that is open stays so until somebody calls, even if it is due.
    #[must_use]
    pub fn state(&self) -> State {
        self.0.machine.state()
    }

    /// All that can be seen of it, at one moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.0.machine.snapshot(self.0.world.clock.now())
    }

    /// Its last 32 steps, from the oldest to the newest.
    #[must_use]
    pub fn history(&self) -> Vec<Transition> {
        self.0.history.lock().to_vec()
    }

    /// Its steps from now on, of which so many wait to be asked for.
    pub fn events(&self, room: usize) -> Events {
        self.0.herald.listen(room)
    }

    /// Does what an operator says, whatever it knows itself, until it is released. It is told to the audit.
    pub fn force(&self, force: Force) {
        self.0.machine.force(force, &*self.0);
    }

    /// Closes, and forgets all that was.
    pub fn reset(&self) {
        self.0.machine.reset(&*self.0);
    }

    /// Opens, for as long as if a rule had held, because somebody outside knows better: a health check, a signal of the
    /// dependency. Says whether it did: not if it is open, or held by somebody.
    pub fn trip(&self, trip: Trip) -> bool {
        self.0.machine.trip(trip, &*self.0)
    }

    /// Goes by these settings from now on: in the same state, and with empty windows. Another mode than the settings had before is
    /// taken on, too.
    ///
    /// ```
    /// use buttress_circuit_breaker::{CircuitBreaker, CircuitBreakerSettings, State};
    /// use buttress_core::outcome::Outcome;
    ///
    /// let breaker = CircuitBreaker::after(5).build()?.breaker().clone();
    /// let read = |text: &str| toml::from_str::<CircuitBreakerSettings>(text);
    ///
    /// assert!(breaker.reconfigure(&read("failures = 0")?).is_err(), "the old ones stay");
    /// breaker.reconfigure(&read("failures = 1")?)?;
    /// breaker.try_enter().unwrap().settle(Outcome::Failure);
    /// assert_eq!(breaker.state(), State::Open);
    ///
    /// breaker.reconfigure(&read("failures = 1\nmode = 'off'")?)?;
    /// assert_eq!(breaker.state(), State::Disabled);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong. The old ones stay then.
    pub fn reconfigure(&self, settings: &CircuitBreakerSettings) -> Result<(), BuildError> {
        let (policy, new) = settings.builder()?.into_hot();
        self.0.machine.reconfigure(policy, &*self.0)?;
        let old = std::mem::replace(&mut *self.0.hot.lock(), new);
        self.0.world.reconfigured();
        // What an operator said since stays, as long as the settings do not say something else than they did.
        if old.mode != new.mode {
            self.force(match new.mode {
                Mode::Active => Force::Release,
                Mode::MetricsOnly => Force::MetricsOnly,
                Mode::Off => Force::Off,
            });
        }
        Ok(())
    }

    /// Keeps it as long as the program runs, so that no reference to it is counted: see [`Shared::leak`].
    #[must_use]
    pub fn leak(self) -> Self {
        Self(self.0.leak())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

/// Calls.
impl Breaker {
    /// Makes a call, unless it is open. An `Ok` is a success and an `Err` is a failure, unless that is a [`Problem`] by which
    /// another part of our own wall refused; to tell more, [judge](Self::call_judged).
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
    pub fn call<F, Fut, T, E>(&self, work: F) -> Call<Fut, fn(Result<&T, &E>) -> Judgement>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Problem> + 'static,
    {
        Call::new(self, by_result, work)
    }

    /// Makes a call, and judges how it ended: an [`Outcome`], or a whole [`Judgement`].
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

    /// Why no call would pass now; nothing if one may.
    #[inline]
    pub(crate) fn refuses(&self) -> Option<Refused> {
        self.0.machine.refuses(|| self.0.world.clock.recent())
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

impl Host for Breaker {
    type Pass = Pass;

    fn now(&self) -> Moment {
        self.0.world.clock.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.world.clock.wall()
    }

    #[inline]
    fn is_probe(&self, pass: &Pass) -> bool {
        pass.is_probe()
    }

    #[inline]
    fn is_timed(&self, pass: &Pass) -> bool {
        pass.is_timed()
    }

    #[inline]
    fn is_news(&self, pass: &Pass, outcome: Outcome) -> bool {
        self.0.machine.is_news(pass, outcome)
    }

    #[inline]
    fn heard(&self, outcome: Outcome) {
        self.0.meters.ended(outcome);
    }

    fn settle(&self, pass: Pass, ended: Ended) {
        self.0.machine.settle(pass, ended, &*self.0);
    }

    fn hangs(&self, pass: Pass) -> Pass {
        self.0.machine.hangs(pass, &*self.0)
    }

    fn slow(&self) -> Duration {
        self.0.machine.slow()
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", &self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
