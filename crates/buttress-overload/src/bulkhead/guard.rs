use buttress_core::Problem;
use buttress_core::clock::Timer;

use super::permit::{Permit, Turn};
use super::{Bulkhead, Waits};
use crate::Priority;
use crate::door::{Admission, Guard, sealed};

impl<T: Timer + Clone> Bulkhead<T> {
    /// A permit, for what is no future; it waits for one, if there is a queue.
    ///
    /// ```
    /// use buttress_core::clock::{TokioTimer, secs};
    /// use buttress_overload::Priority;
    /// use buttress_overload::bulkhead::Bulkhead;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::of(1).queue(8, secs(1), TokioTimer).build()?;
    /// let permit = bulkhead.enter(Priority::Normal).await?;
    /// let late = bulkhead.enter(Priority::Normal).await;
    /// assert_eq!(late.unwrap_err().code().name(), "SATURATED");
    ///
    /// drop(permit);
    /// assert!(bulkhead.enter(Priority::Normal).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if there is none and no place in the queue, or if it has waited too long.
    pub async fn enter(&self, priority: Priority) -> Result<Permit, Problem> {
        match self.admit(priority) {
            Admission::In(permit) => Ok(permit),
            Admission::Out(problem) => Err(problem),
            Admission::Wait(wait) => wait.await,
        }
    }
}

impl<T> Bulkhead<T> {
    /// How much calls matter that say nothing.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// A permit in passing.
    #[inline]
    pub(super) fn take(&self) -> Option<Permit> {
        let permit = Permit::take(&self.room)?;
        self.room.meters.passed.increment(1);
        Some(permit)
    }
}

impl<T: Timer> Bulkhead<T> {
    /// What becomes of who has found none in passing.
    #[cold]
    pub(super) fn line_up(&self, priority: Priority) -> Admission<Permit, Waits<T>> {
        match Turn::ask(&self.room, priority) {
            Turn::Now(permit) => {
                self.room.meters.passed.increment(1);
                Admission::In(permit)
            }
            Turn::Later(place) => Admission::Wait(Waits::new(self, place)),
            Turn::Never(problem) => Admission::Out(problem),
        }
    }
}

impl<T> sealed::Sealed for Bulkhead<T> {}

/// It does not ask how a call ended: the permit is given back with the head, or with the body that a ticket goes along
/// with.
impl<T: Timer + Clone> Guard for Bulkhead<T> {
    type Ticket = Permit;
    type Wait = Waits<T>;

    #[inline]
    fn admit(&self, priority: Priority) -> Admission<Permit, Waits<T>> {
        self.take().map_or_else(|| self.line_up(priority), Admission::In)
    }
}
