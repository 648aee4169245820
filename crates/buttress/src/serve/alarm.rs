use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::clock::{Clock, Moment, Timer, TokioClock, TokioTimer};
use pin_project_lite::pin_project;

pin_project! {
    /// A sleep until a deadline that moves.
    ///
    /// A deadline that moved away leaves the sleep as it is: when that is over, it sleeps again. So whatever
    /// pushes its deadline ahead all the time, as each request does, costs no timer.
    pub(super) struct Alarm {
        clock: TokioClock,
        #[pin]
        sleep: Option<<TokioTimer as Timer>::Sleep>,
        at: Moment,
    }
}

impl Alarm {
    pub(super) fn new(clock: TokioClock) -> Self {
        Self { clock, sleep: None, at: Moment::LAST }
    }

    /// Is done when `deadline` has passed.
    pub(super) fn poll_until(
        self: Pin<&mut Self>,
        deadline: Moment,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut this = self.project();
        loop {
            let now = this.clock.now();
            if now >= deadline {
                return Poll::Ready(());
            }
            if this.sleep.is_none() || deadline < *this.at {
                this.sleep.set(Some(TokioTimer.sleep(deadline - now)));
                *this.at = deadline;
            }
            if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                ready!(sleep.poll(cx));
            }
            this.sleep.set(None);
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("at", &self.at).finish_non_exhaustive()
    }
}
