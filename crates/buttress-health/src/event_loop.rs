use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock, Timer};
use buttress_core::{Health, Probe, ProbeFuture};

/// How late the executor is: a task that beats, and a look how long ago the last beat was.
///
/// It is for liveness: only a restart mends an executor whose tasks do not run any more. As a [`Probe`] it is a check,
/// too, which may have a lower limit, a history and an alert. Clones are the same.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::HealthStatus;
/// use buttress_core::clock::TokioTimer;
/// use buttress_health::{Check, EventLoop, HealthChecks};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let event_loop = EventLoop::at_most(Duration::from_secs(10));
/// tokio::spawn(event_loop.clone().beat(TokioTimer));
///
/// let health = HealthChecks::builder()
///     .check(Check::new(event_loop.clone()).informational())
///     .live("event-loop", move || event_loop.last())
///     .build()?;
/// assert!(health.is_live());
/// assert!(health.report().check("event-loop").is_some());
/// # Ok(())
/// # }
/// ```
///
/// On a runtime with several threads the beat is one task, which any of them may run: it notices that all are
/// blocked, or that the queue is long, not that one is blocked. Where the only thread is blocked, nobody
/// answers the probe either, and its time-out tells.
#[derive(Clone)]
pub struct EventLoop {
    limit: Duration,
    clock: Arc<dyn Clock>,
    /// When it beat last, in nanoseconds of the clock.
    beaten: Arc<AtomicU64>,
}

/// In place of a time: nothing beats.
const SILENT: u64 = u64::MAX;
const PERIOD: Duration = Duration::from_millis(100);

impl EventLoop {
    /// Down while the last beat is more than this late. Give it seconds: what is late now and then is no
    /// reason for a restart.
    #[must_use]
    pub fn at_most(limit: Duration) -> Self {
        Self { limit, clock: Arc::new(SystemClock), beaten: Arc::new(AtomicU64::new(SILENT)) }
    }

    /// Sets the clock. The default is the system's.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Beats, ten times a second, for as long as it is polled. Once it was dropped, nothing is late any more.
    pub async fn beat(self, timer: impl Timer) {
        let _silence = Silence(self.beaten.clone());
        loop {
            self.beaten.store(self.clock.now().as_nanos(), Ordering::Relaxed);
            timer.sleep(PERIOD).await;
        }
    }

    /// How late the next beat is; nothing is late before the first one.
    #[must_use]
    pub fn lag(&self) -> Duration {
        match self.beaten.load(Ordering::Relaxed) {
            SILENT => Duration::ZERO,
            beaten => {
                let since = self.clock.now().as_nanos().saturating_sub(beaten);
                Duration::from_nanos(since).saturating_sub(PERIOD)
            }
        }
    }

    /// What liveness may ask. While nothing beats it is up, as it cannot be late, and has the detail `beat`: `none`.
    pub fn last(&self) -> Health {
        if self.beaten.load(Ordering::Relaxed) == SILENT {
            return Health::up().with_detail("beat", "none");
        }
        let lag = self.lag();
        if lag > self.limit {
            return Health::down(format!("tasks run {} ms late", lag.as_millis()));
        }
        Health::up()
    }
}

impl Probe for EventLoop {
    fn name(&self) -> &'static str {
        "event-loop"
    }

    fn critical(&self) -> bool {
        false
    }

    /// By then the check itself has waited for the executor: what it sees is how late the last beat still is.
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async { self.last() })
    }
}

struct Silence(Arc<AtomicU64>);

impl Drop for Silence {
    fn drop(&mut self) {
        self.0.store(SILENT, Ordering::Relaxed);
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop").field("limit", &self.limit).finish_non_exhaustive()
    }
}
