use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Deadline;
use crate::clock::Moment;

/// No deadline: that of what is never over.
const NONE: u64 = Moment::LAST.as_nanos();

thread_local! {
    /// In nanoseconds of the clock of whoever set it.
    static CURRENT: Cell<u64> = const { Cell::new(NONE) };
}

impl Deadline {
    /// The deadline of the call that is being made: of the scopes around this code, on this thread, the soonest.
    ///
    /// A spawned task has no scope, and neither has the worker of a buffer: if you hand work over to another task,
    /// [scope](Self::scope) it again, or put the deadline into the extensions of a request.
    ///
    /// It is on the clock it was made with: within one wall there is one.
    #[must_use]
    pub fn current() -> Option<Self> {
        // It has no destructor, so it is there as long as its thread.
        let nanos = CURRENT.try_with(Cell::get).unwrap_or(NONE);
        (nanos != NONE).then(|| Self::at(Moment::from_nanos(nanos)))
    }

    /// Makes this the [`current`](Self::current) deadline whenever `future` is polled, unless that is sooner anyway.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use buttress_core::Deadline;
    /// use buttress_core::clock::{Clock, SystemClock, secs};
    ///
    /// let deadline = Deadline::after(SystemClock.now(), secs(5));
    /// let query = async { Deadline::current() };
    /// assert_eq!(deadline.scope(query).await, Some(deadline));
    /// assert_eq!(Deadline::current(), None);
    /// # }
    /// ```
    ///
    /// # Cost
    ///
    /// Two writes to a number of the thread's own for each poll. No allocation.
    pub const fn scope<F: Future>(self, future: F) -> Within<F> {
        Within { deadline: self, future }
    }

    /// Makes this the [`current`](Self::current) deadline of this thread as long as the guard lives, unless that is
    /// sooner anyway. For code that does not await: guards end in the opposite order, which blocks see to.
    ///
    /// ```
    /// use buttress_core::Deadline;
    /// use buttress_core::clock::{Clock, SystemClock, secs};
    ///
    /// let soon = Deadline::after(SystemClock.now(), secs(1));
    /// let _outer = soon.enter();
    /// {
    ///     let _inner = Deadline::after(SystemClock.now(), secs(60)).enter();
    ///     assert_eq!(Deadline::current(), Some(soon), "it only ever comes closer");
    /// }
    /// assert_eq!(Deadline::current(), Some(soon));
    /// ```
    #[inline]
    pub fn enter(self) -> Entered {
        let before = CURRENT.try_with(|current| {
            let before = current.get();
            current.set(before.min(self.moment().as_nanos()));
            before
        });
        Entered { before: before.unwrap_or(NONE), stays_here: PhantomData }
    }
}

/// The scope of a deadline on this thread. Made by [`Deadline::enter`]; ends when it is dropped, by a panic too.
#[derive(Debug)]
#[must_use = "the scope ends when this is dropped"]
pub struct Entered {
    before: u64,
    /// Another thread has other scopes.
    stays_here: PhantomData<*const ()>,
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.before));
    }
}

pin_project! {
    /// A future in the scope of a deadline. Made by [`Deadline::scope`].
    ///
    /// It tells, and does not enforce: a future that takes longer takes longer.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Within<F> {
        deadline: Deadline,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.deadline.enter();
        this.future.poll(cx)
    }
}
