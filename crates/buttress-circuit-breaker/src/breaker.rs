mod calls;
mod host;
mod readiness;

use std::fmt;

use buttress_core::BuildError;
use buttress_core::sync::Shared;

use crate::inner::Inner;
use crate::machine::Snapshot;
use crate::{CircuitBreakerSettings, Events, Force, State, Transition, Trip};

pub use self::readiness::Waiter;

/// The handle of a circuit breaker: to see how it stands, to force it, and to make calls that need no tower. Clones are
/// the same breaker.
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

    /// Forgets all that was: it is as it begins by its settings, so closed, unless these only count or have it off. One
    /// that somebody holds, here or in the fleet, stays so until it is [released](Force::Release).
    pub fn reset(&self) {
        self.0.machine.reset(&*self.0);
    }

    /// Opens, for as long as if a rule had held, because somebody outside knows better: a health check, a signal of the
    /// dependency. Says whether it did: not if it is open, or held by somebody.
    #[expect(clippy::must_use_candidate, reason = "it may be just what was meant")]
    pub fn trip(&self, trip: Trip) -> bool {
        self.0.machine.trip(trip, &*self.0)
    }

    /// Goes by these settings from now on: in the same state, and with empty windows. Another mode than the settings
    /// had before is taken on, too.
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
    /// Fails with every setting that is wrong, and with what the wall would refuse that it stands in. The old ones stay
    /// then.
    ///
    /// # Concurrency
    ///
    /// One at a time: of two at once the policy of one may stay with the mode of the other.
    pub fn reconfigure(&self, settings: &CircuitBreakerSettings) -> Result<(), BuildError> {
        let (policy, new) = settings.builder_within(self.0.bounds)?.into_hot();
        self.0.machine.reconfigure(policy, &*self.0)?;
        let old = std::mem::replace(&mut *self.0.hot.lock(), new);
        self.0.world.reconfigured();
        // What an operator said since stays, as long as the settings do not say something else than they did.
        if old.mode != new.mode {
            self.force(new.mode.force());
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

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", &self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
