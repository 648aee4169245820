use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Timer;

pin_project! {
    /// A sleep that begins when it is first polled: whoever never has to wait never has a timer.
    ///
    /// A future that limits another one polls that first. If it is ready, the alarm was never armed, and neither
    /// a timer nor a look at the clock was paid for.
    ///
    /// ```
    /// use buttress_core::clock::{Alarm, ManualClock, Timer, secs};
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let clock = ManualClock::new();
    /// let cx = &mut Context::from_waker(Waker::noop());
    /// let mut alarm = pin!(Alarm::<ManualClock>::unarmed());
    /// assert_eq!(clock.sleepers(), 0, "nobody has had to wait yet");
    ///
    /// assert_eq!(alarm.as_mut().poll(&clock, || secs(5), cx), Poll::Pending);
    /// assert!(alarm.is_armed());
    /// clock.advance(secs(5));
    /// assert_eq!(alarm.as_mut().poll(&clock, || secs(5), cx), Poll::Ready(()));
    /// assert!(!alarm.is_armed(), "it rings once");
    /// ```
    ///
    /// # Cancellation
    ///
    /// Dropped or [disarmed](Self::disarm), it drops its sleep.
    ///
    /// # Cost
    ///
    /// A branch, and the room for a sleep. Once armed, what the timer's sleep costs.
    pub struct Alarm<T: Timer> {
        #[pin]
        sleep: Option<T::Sleep>,
    }
}

impl<T: Timer> Alarm<T> {
    /// An alarm that is not armed.
    #[must_use]
    pub const fn unarmed() -> Self {
        Self { sleep: None }
    }

    /// Whether it has been polled, and has not rung since.
    #[must_use]
    pub const fn is_armed(&self) -> bool {
        self.sleep.is_some()
    }

    /// Rings when the time is over that was asked for when it was armed, which the first poll does.
    ///
    /// A time of zero rings at once, without a timer. Once it has rung it is no longer armed: the next poll
    /// begins anew.
    pub fn poll(
        self: Pin<&mut Self>,
        timer: &T,
        time: impl FnOnce() -> Duration,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut sleep = self.project().sleep;
        if sleep.is_none() {
            let time = time();
            if time.is_zero() {
                return Poll::Ready(());
            }
            sleep.set(Some(timer.sleep(time)));
        }
        if let Some(armed) = sleep.as_mut().as_pin_mut() {
            ready!(armed.poll(cx));
        }
        sleep.set(None);
        Poll::Ready(())
    }

    /// Forgets the time that was asked for. The next poll begins anew.
    pub fn disarm(self: Pin<&mut Self>) {
        self.project().sleep.set(None);
    }
}

impl<T: Timer> Default for Alarm<T> {
    fn default() -> Self {
        Self::unarmed()
    }
}

impl<T: Timer> fmt::Debug for Alarm<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("is_armed", &self.is_armed()).finish()
    }
}
