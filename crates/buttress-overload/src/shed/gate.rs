use std::fmt;
use std::future::Future;

use buttress_core::clock::Timer;
use buttress_core::outcome::by_result;
use buttress_core::sync::Shared;
use buttress_core::{BuildError, Faults, Problem};

use super::builder::{Limit, check_limit};
use super::inner::{Inner, Joined};
use super::meters::Why;
use super::{Place, ShedBuilder, Waits};
use crate::adaptive::LimitPolicy;
use crate::door::{self, Admission, DoorLayer, Guard};
use crate::{NoTimer, Priority};

/// Sheds load: refuses what would be served too late, and what matters least. The [module](super) has an example;
/// clones are the same.
pub struct Shed<T: 'static = NoTimer> {
    pub(super) inner: Shared<Inner>,
    pub(super) timer: T,
}

impl Shed {
    /// Begins to build one, for so many calls at a time.
    pub fn of(limit: u32) -> ShedBuilder {
        ShedBuilder::new(Limit::Given(limit))
    }

    /// Begins to build one, for as many calls at a time as this policy finds: see [`adaptive`](crate::adaptive).
    ///
    /// ```
    /// use buttress_core::clock::{TokioTimer, ms};
    /// use buttress_overload::adaptive::Gradient;
    /// use buttress_overload::shed::Shed;
    ///
    /// let shed = Shed::adapting(Gradient::new()).queue(100, ms(200), TokioTimer).build()?;
    /// assert_eq!(shed.limit(), 20, "to begin with");
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn adapting(policy: impl LimitPolicy) -> ShedBuilder {
        ShedBuilder::new(Limit::Found(Box::new(policy)))
    }
}

impl<T: Timer + Clone> Shed<T> {
    /// A layer for HTTP; for other services see [`DoorLayer`].
    pub fn layer(&self) -> DoorLayer<Self> {
        DoorLayer::new(self.clone())
    }

    /// Asks for a place, and waits for it if need be. It is given back when it is dropped.
    ///
    /// # Errors
    ///
    /// Fails with [`OVERLOADED`](buttress_core::Code::OVERLOADED) if too many wait, or if one has waited in vain.
    pub async fn enter(&self, priority: Priority) -> Result<Place, Problem> {
        match self.admit(priority) {
            Admission::In(place) => Ok(place),
            Admission::Out(problem) => Err(problem),
            Admission::Wait(wait) => wait.await,
        }
    }

    /// Makes a call when it is its turn.
    ///
    /// # Errors
    ///
    /// Fails with the error of the call, or with the [`Problem`] that there was no place for it.
    pub async fn run<F, Fut, R, E>(&self, priority: Priority, work: F) -> Result<R, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: From<Problem> + 'static,
    {
        door::call(self, priority, by_result, work).await
    }

    /// Its name, for metrics and health.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// How many calls may be under way at a time.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.inner.slots.limit()
    }

    /// Changes that; a policy that finds it may change it again. More at once serves those that wait; less holds as
    /// calls end.
    ///
    /// ```
    /// # use buttress_overload::shed::Shed;
    /// let shed = Shed::of(4).build()?;
    /// shed.resize(8)?;
    /// assert_eq!(shed.resize(0).unwrap_err().faults()[0].path(), "limit");
    /// assert_eq!(shed.limit(), 8);
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if it is none or too many, and then nothing has changed.
    pub fn resize(&self, limit: u32) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        check_limit(limit, &mut faults);
        faults.finish(())?;
        self.inner.resize(limit);
        Ok(())
    }

    /// How many calls are under way.
    #[must_use]
    pub fn under_way(&self) -> u32 {
        self.inner.slots.taken()
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.inner.line.lock().waiting()
    }

    /// Whether the queue of this priority stands, so that who has waited too long is sent away.
    #[must_use]
    pub fn is_standing(&self, priority: Priority) -> bool {
        self.inner.line.lock().is_standing(priority, self.inner.clock.now())
    }

    /// Keeps it as long as the program runs, so that no reference to it is counted: see [`Shared::leak`].
    #[must_use]
    pub fn leak(self) -> Self {
        Self { inner: self.inner.leak(), timer: self.timer }
    }
}

impl<T> door::sealed::Sealed for Shed<T> {}

impl<T: Timer + Clone> Guard for Shed<T> {
    type Ticket = Place;
    type Wait = Waits<T>;

    #[inline]
    fn admit(&self, priority: Priority) -> Admission<Place, Waits<T>> {
        if self.inner.slots.take(priority).is_some() {
            return Admission::In(Place::taken(self.inner.clone()));
        }
        self.join(priority)
    }
}

impl<T: Timer + Clone> Shed<T> {
    #[cold]
    fn join(&self, priority: Priority) -> Admission<Place, Waits<T>> {
        match self.inner.join(priority) {
            Joined::Taken => Admission::In(Place::taken(self.inner.clone())),
            Joined::Full => Admission::Out(self.inner.refuse(priority, Why::Full)),
            Joined::Waits(number) => {
                Admission::Wait(Waits::new(self.inner.clone(), number, priority, &self.timer))
            }
        }
    }
}

impl<T: Clone> Clone for Shed<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), timer: self.timer.clone() }
    }
}

impl<T> fmt::Debug for Shed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shed")
            .field("limit", &self.inner.slots.limit())
            .field("under_way", &self.inner.slots.taken())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
