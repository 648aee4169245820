use std::time::Duration;

use ::tokio::time::{self, Instant};

use super::nanos;
use super::{Clock, Moment, SystemClock, Timer, Timestamp};

/// Tokio's time, so that a test under `start_paused` moves a layer's clock with its own.
///
/// Its wall time starts at the true one and then goes with tokio's: it stands still when that is paused,
/// and does not notice when the machine's clock is set. For a service in production, [`SystemClock`] is
/// right.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use buttress_core::clock::{Clock, Timer, TokioClock, TokioTimer};
///
/// let clock = TokioClock::new();
/// let (now, wall) = (clock.now(), clock.wall());
///
/// TokioTimer.sleep(Duration::from_secs(60)).await;
/// assert_eq!(clock.now() - now, Duration::from_secs(60));
/// assert_eq!(clock.wall() - wall, Duration::from_secs(60));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    started: Instant,
    wall: Timestamp,
}

impl TokioClock {
    /// Starts a time line now. Clones share it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn new() -> Self {
        Self { started: Instant::now(), wall: SystemClock.wall() }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Moment {
        Moment::from_nanos(nanos(self.started.elapsed()))
    }

    fn wall(&self) -> Timestamp {
        self.wall + self.started.elapsed()
    }
}

/// Tokio's sleep. See [`TokioClock`] for an example.
///
/// Its sleeps need a tokio runtime with time enabled around them.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct TokioTimer;

impl Timer for TokioTimer {
    type Sleep = time::Sleep;

    #[expect(clippy::disallowed_methods, reason = "this is the timer")]
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        time::sleep(duration)
    }
}
