use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::Problem;
use buttress_core::clock::{Alarm, Timer};
use buttress_core::sync::Shared;
use pin_project_lite::pin_project;

use super::Place;
use super::inner::Inner;
use super::meters::Why;
use crate::Priority;
use crate::queue::Number;

pin_project! {
    /// The wait for a [`Place`].
    ///
    /// To drop it leaves the line; if a place was there already, it is for the next one.
    #[must_use = "futures do nothing unless polled"]
    pub struct Waits<T: Timer> {
        turn: Turn,
        timer: T,
        #[pin]
        alarm: Alarm<T>,
    }
}

impl<T: Timer> Waits<T> {
    /// The turn is made before the timer is cloned, so that the number is not lost if that panics.
    pub(super) fn new(inner: Shared<Inner>, number: Number, priority: Priority, timer: &T) -> Self
    where
        T: Clone,
    {
        let turn = Turn { inner, number: Some(number), priority };
        Self { turn, timer: timer.clone(), alarm: Alarm::unarmed() }
    }
}

impl<T: Timer> Future for Waits<T> {
    type Output = Result<Place, Problem>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(called) = this.turn.look(cx) {
            return Poll::Ready(called);
        }
        let at_most = this.turn.inner.at_most;
        this.alarm.poll(this.timer, || at_most, cx).map(|()| this.turn.end(Why::Late))
    }
}

/// A number in the line.
struct Turn {
    inner: Shared<Inner>,
    number: Option<Number>,
    priority: Priority,
}

impl Turn {
    /// Whether its turn has come, or never will.
    fn look(&mut self, cx: &Context<'_>) -> Option<Result<Place, Problem>> {
        let number = self.number?;
        let waker = cx.waker().clone();
        let (is_over, old) = self.inner.line.lock().queue().look(number, waker);
        // Outside of the lock: a waker may own a task, and that another place in the line.
        drop(old);
        is_over.then(|| self.end(Why::Stands))
    }

    /// Leaves the line: with a place, if one was there.
    fn end(&mut self, why: Why) -> Result<Place, Problem> {
        if self.leave() {
            return Ok(Place::taken(self.inner.clone()));
        }
        // Who was sent away was counted then.
        Err(match why {
            Why::Late => self.inner.refuse(self.priority, why),
            _ => super::inner::overloaded(),
        })
    }

    /// Leaves the line; whether there was a place for it.
    fn leave(&mut self) -> bool {
        let Some(number) = self.number.take() else { return false };
        let mut line = self.inner.line.lock();
        let (was_called, waker) = line.leave(number);
        self.inner.rest(&line);
        drop(line);
        drop(waker);
        was_called
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.leave() {
            self.inner.give();
        }
    }
}

impl<T: Timer> fmt::Debug for Waits<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").field("priority", &self.turn.priority).finish_non_exhaustive()
    }
}
