use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::Problem;
use buttress_core::clock::Timer;
use pin_project_lite::pin_project;

use super::permit::Place;
use super::{Bulkhead, Permit};

pin_project! {
    /// The wait for a [`Permit`].
    ///
    /// To drop it leaves the queue; if a permit was there already, it is for the next one.
    #[must_use = "futures do nothing unless polled"]
    pub struct Waits<T: Timer> {
        // None, once it has ended.
        place: Option<Place>,
        // How long yet.
        #[pin]
        sleep: T::Sleep,
    }
}

impl<T: Timer> Waits<T> {
    pub(super) fn new(bulkhead: &Bulkhead<T>, place: Place) -> Self {
        let sleep = bulkhead.timer.sleep(bulkhead.room.at_most);
        Self { place: Some(place), sleep }
    }
}

impl<T: Timer> Future for Waits<T> {
    type Output = Result<Permit, Problem>;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const DONE: &str = "the future was polled after it had completed";
        let this = self.project();
        let waiting = this.place.as_mut().expect(DONE);
        // A wait that is over is over, also if a permit has come meanwhile: whoever asked is gone.
        let ended = if this.sleep.poll(cx).is_ready() {
            None
        } else if let Poll::Ready(permit) = waiting.poll(cx) {
            Some(permit)
        } else {
            return Poll::Pending;
        };
        let place = this.place.take().expect(DONE);
        Poll::Ready(ended.ok_or_else(|| place.expire()))
    }
}

impl<T: Timer> fmt::Debug for Waits<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").finish_non_exhaustive()
    }
}
