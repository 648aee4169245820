use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::clock::{Moment, Timer};

use super::Outliers;
use super::changes::Place;

/// One who has nobody to call: it is woken as soon as it changes who is used, and when somebody's time of being left
/// out is over.
pub(super) struct Waiter<T: Timer> {
    outliers: Outliers,
    timer: T,
    place: Place,
    /// For the time when somebody is taken in again; in a box, as whoever waits may be moved.
    alarm: Option<(Moment, Pin<Box<T::Sleep>>)>,
}

impl<T: Timer> Waiter<T> {
    pub(super) fn new(outliers: Outliers, timer: T) -> Self {
        Self { outliers, timer, place: Place::default(), alarm: None }
    }

    pub(super) const fn timer(&self) -> &T {
        &self.timer
    }

    /// Is ready if it has changed who is used since this many changes: then it is to be looked again.
    #[cold]
    pub(super) fn poll(&mut self, seen: u64, cx: &mut Context<'_>) -> Poll<()> {
        let inner = self.outliers.inner();
        if !self.place.wait(&inner.changes, seen, cx.waker()) {
            return Poll::Ready(());
        }
        let Some(due) = inner.next_return() else {
            self.alarm = None;
            return Poll::Pending;
        };
        // The exact time, as the alarm goes by that.
        let now = inner.clock.now();
        if now < due {
            ready!(self.sleep(due, now, cx));
        }
        self.leave();
        let inner = self.outliers.inner();
        inner.look_if_due(inner.clock.now());
        Poll::Ready(())
    }

    fn sleep(&mut self, due: Moment, now: Moment, cx: &mut Context<'_>) -> Poll<()> {
        if self.alarm.as_ref().is_none_or(|(armed_for, _)| *armed_for != due) {
            self.alarm = Some((due, Box::pin(self.timer.sleep(due - now))));
        }
        self.alarm.as_mut().map_or(Poll::Pending, |(_, sleep)| sleep.as_mut().poll(cx))
    }

    /// Looks for itself now: what it changes by that need not wake it. If it was woken by the time, it goes by the
    /// exact one: what is a little older would take nobody in yet.
    pub(super) fn look(&mut self) {
        let inner = self.outliers.inner();
        self.place.leave(&inner.changes);
        if let Some((due, _)) = &self.alarm {
            let now = inner.clock.now();
            if now >= *due {
                self.alarm = None;
                inner.look_if_due(now);
            }
        }
    }

    /// Does not wait any more.
    pub(super) fn leave(&mut self) {
        self.place.leave(&self.outliers.inner().changes);
        self.alarm = None;
    }
}

impl<T: Timer> Drop for Waiter<T> {
    fn drop(&mut self) {
        self.leave();
    }
}
