use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use buttress_core::clock::{Clock, Moment, Timer, TokioClock, TokioTimer};
use pin_project_lite::pin_project;
use tokio::task::unconstrained;

pin_project! {
    /// A sleep until a deadline that moves.
    ///
    /// A deadline that moved away leaves the sleep as it is: when that is over, it sleeps again. So whatever
    /// pushes its deadline ahead all the time, as each request does, costs no timer, and is not even asked of
    /// the timer while it lasts.
    pub(super) struct Alarm {
        clock: TokioClock,
        #[pin]
        sleep: Option<<TokioTimer as Timer>::Sleep>,
        at: Moment,
        // Whom the sleep wakes.
        task: Option<Waker>,
    }
}

impl Alarm {
    pub(super) fn new(clock: TokioClock) -> Self {
        Self { clock, sleep: None, at: Moment::LAST, task: None }
    }

    /// Is done when `deadline` has passed.
    pub(super) fn poll_until(
        self: Pin<&mut Self>,
        deadline: Moment,
        mut now: Moment,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut this = self.project();
        while now < deadline {
            if this.sleep.is_none() || deadline < *this.at {
                this.sleep.set(Some(TokioTimer.sleep(deadline - now)));
                (*this.at, *this.task) = (deadline, None);
            }
            let armed = this.task.as_ref().is_some_and(|task| task.will_wake(cx.waker()));
            if armed && now < *this.at {
                return Poll::Pending;
            }
            if let Some(sleep) = this.sleep.as_mut().as_pin_mut()
                // Or a task that has used up its turn would be asked again without being armed.
                && pin!(unconstrained(sleep)).poll(cx).is_pending()
            {
                *this.task = Some(cx.waker().clone());
                return Poll::Pending;
            }
            this.sleep.set(None);
            now = this.clock.now();
        }
        Poll::Ready(())
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("at", &self.at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use buttress_testkit::paused::pass;
    use buttress_testkit::poll::Wakes;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_wakes_the_task_that_asked_last() {
        let clock = TokioClock::new();
        let deadline = clock.now() + Duration::from_secs(2);
        let mut alarm = pin!(Alarm::new(clock));
        let (first, last) = (Wakes::new(), Wakes::new());
        for task in [&first, &last, &last] {
            let waker = task.waker();
            let cx = &mut Context::from_waker(&waker);
            assert!(alarm.as_mut().poll_until(deadline, clock.now(), cx).is_pending());
        }
        pass(Duration::from_secs(3)).await;
        assert_eq!((first.count(), last.count()), (0, 1));
    }
}
