use std::fmt;
use std::future::Future;

use buttress_core::clock::Timer;
use buttress_core::outcome::AsError;
use buttress_core::stage::Rewrap;
use buttress_core::sync::Shared;
use buttress_core::{BuildError, Code, Faults, Problem};

use super::ResponseFuture;
use super::builder::{self, BulkheadBuilder};
use super::permit::{Permit, Room};
use super::service::{self, BulkheadLayer};
use crate::work::Work;
use crate::{NoTimer, Priority};

/// The handle of a bulkhead. Clones are the same bulkhead; see the [module](super) for examples.
pub struct Bulkhead<T: 'static = NoTimer> {
    pub(super) room: Shared<Room>,
    pub(super) timer: T,
    pub(super) priority: Priority,
}

/// The future of [`Bulkhead::run`].
pub type Run<F, T = NoTimer> = ResponseFuture<F, Work, T, AsError>;

impl Bulkhead {
    /// One with so many permits, of which each call takes one.
    pub fn of(permits: u32) -> BulkheadBuilder {
        BulkheadBuilder::new(permits)
    }
}

impl<T> Bulkhead<T> {
    /// A layer for requests of HTTP. For any others there is [`as_error`](BulkheadLayer::as_error).
    pub fn layer(&self) -> BulkheadLayer<Rewrap, T>
    where
        T: Clone,
    {
        BulkheadLayer::new(self.clone())
    }

    /// The same bulkhead, for calls that matter so much, unless they say otherwise.
    ///
    /// ```
    /// use buttress_overload::Priority;
    /// use buttress_overload::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::of(8).build()?;
    /// let nightly = bulkhead.clone().with_priority(Priority::Background);
    /// let _permit = nightly.try_enter()?;
    /// assert_eq!(bulkhead.in_flight(), 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// Keeps it for as long as the program runs, and spares every call the counting of references.
    ///
    /// For a bulkhead that is made once: what is made and dropped again and again would fill the memory.
    #[must_use]
    pub fn leak(self) -> Self {
        Self { room: self.room.leak(), ..self }
    }

    /// Calls `work` once there is a permit for it, and gives that back when it is done.
    ///
    /// The permit, or a place in the queue, is taken here, and not with the first poll.
    pub fn run<F, Fut, R, E>(&self, work: F) -> Run<F, T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: From<Problem>,
        T: Timer,
    {
        match Permit::take(&self.room) {
            Some(permit) => {
                self.room.meters.passed.increment(1);
                ResponseFuture::calling(work(), permit)
            }
            None => service::line_up(self, self.priority, &mut Work::default(), work),
        }
    }

    /// A permit, for what is no future; it does not wait.
    ///
    /// # Errors
    ///
    /// Fails if there is none, or if somebody waits for one.
    pub fn try_enter(&self) -> Result<Permit, Problem> {
        let Some(permit) = Permit::take(&self.room).or_else(|| Permit::take_now(&self.room)) else {
            self.room.meters.full.increment(1);
            return Err(Problem::new(Code::SATURATED));
        };
        self.room.meters.passed.increment(1);
        Ok(permit)
    }

    /// Changes how many calls may be under way at a time. Where more are, none is stopped: their permits are not given
    /// out again.
    ///
    /// ```
    /// use buttress_overload::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::of(1).build()?;
    /// let first = bulkhead.try_enter()?;
    /// bulkhead.resize(2)?;
    /// assert!(bulkhead.try_enter().is_ok());
    ///
    /// assert_eq!(bulkhead.resize(0).unwrap_err().faults()[0].path(), "permits");
    /// assert_eq!(bulkhead.limit(), 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if it is none or too many, and then nothing has changed.
    pub fn resize(&self, permits: u32) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        builder::check_permits(permits, &mut faults);
        faults.finish(())?;
        self.room.gate.resize(permits);
        Ok(())
    }

    /// Its name, for metrics and health.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.room.name
    }

    /// How many calls may be under way at a time.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.room.gate.limit()
    }

    /// How many are, looked at in passing.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.room.gate.out()
    }

    /// How many wait for a permit.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.room.gate.waiting()
    }
}

impl<T: Clone> Clone for Bulkhead<T> {
    #[inline]
    fn clone(&self) -> Self {
        let Self { room, timer, priority } = self;
        Self { room: room.clone(), timer: timer.clone(), priority: *priority }
    }
}

impl<T> fmt::Debug for Bulkhead<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkhead")
            .field("gate", &self.room.gate)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}
