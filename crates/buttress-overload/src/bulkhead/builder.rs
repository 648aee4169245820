use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock, Timer};
use buttress_core::metrics::Metrics;
use buttress_core::sync::Shared;
use buttress_core::{BuildError, Faults};

use super::Bulkhead;
use super::gate::Gate;
use super::meters::Meters;
use super::permit::Room;
use crate::file::Names;
use crate::queue::QueueSettings;
use crate::{NoTimer, Priority};

/// Collects the settings of a [`Bulkhead`]. Made by [`Bulkhead::of`].
///
/// ```
/// use buttress_core::clock::{TokioTimer, secs};
/// use buttress_overload::bulkhead::Bulkhead;
///
/// let error = Bulkhead::of(0).queue(0, secs(0), TokioTimer).named("").build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["permits", "queue.length", "queue.at_most", "name"]);
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct BulkheadBuilder<T = NoTimer> {
    permits: u32,
    queue: QueueSettings,
    names: Names,
    timer: T,
    name: Cow<'static, str>,
    priority: Priority,
    clock: Box<dyn Clock>,
    metrics: Metrics,
}

/// More would be no bulkhead.
const MOST_PERMITS: u32 = 1 << 30;

impl BulkheadBuilder {
    pub(super) fn new(permits: u32) -> Self {
        Self {
            permits,
            queue: QueueSettings::None,
            names: &[],
            timer: NoTimer,
            name: Cow::Borrowed("bulkhead"),
            priority: Priority::Normal,
            clock: Box::new(SystemClock),
            metrics: Metrics::none(),
        }
    }
}

impl<T: Timer + Clone> BulkheadBuilder<T> {
    /// Lets calls wait for a permit, so many of them and so long at most. Without it nobody waits.
    ///
    /// A priority has its [share](Priority::share) of the queue, so the last places are for those that matter most.
    pub fn queue<U: Timer + Clone>(
        self,
        length: u32,
        at_most: Duration,
        timer: U,
    ) -> BulkheadBuilder<U> {
        self.waits(QueueSettings::Of { length, at_most }, timer)
    }

    /// Waits with another timer, if there is a queue.
    pub fn timer<U: Timer + Clone>(self, timer: U) -> BulkheadBuilder<U> {
        let queue = self.queue;
        self.waits(queue, timer)
    }

    /// Lets calls wait like this.
    pub(super) fn waits<U>(self, queue: QueueSettings, timer: U) -> BulkheadBuilder<U> {
        let Self { permits, names, name, priority, clock, metrics, .. } = self;
        BulkheadBuilder { permits, queue, names, timer, name, priority, clock, metrics }
    }

    /// Tells what is wrong by the names of a file.
    pub(super) fn of_a_file(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// Names it, for metrics and health. The default is `bulkhead`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how much calls matter that do not say so themselves. The default is [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Tells time by this clock: how long calls wait is measured. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Counts what becomes of calls. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// How long a call may wait for a permit at most: nothing, without a queue.
    ///
    /// ```
    /// use buttress_core::clock::{TokioTimer, ms};
    /// use buttress_overload::bulkhead::Bulkhead;
    ///
    /// assert!(Bulkhead::of(8).longest_wait().is_zero());
    /// assert_eq!(Bulkhead::of(8).queue(16, ms(200), TokioTimer).longest_wait(), ms(200));
    /// ```
    #[must_use]
    pub fn longest_wait(&self) -> Duration {
        self.queue.at_most()
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Bulkhead<T>, BuildError> {
        self.check().map_err(|error| error.renamed(self.names))?;
        let room = Room {
            gate: Gate::new(self.permits, self.queue.length()),
            at_most: self.queue.at_most(),
            clock: self.clock,
            meters: Meters::new(&self.metrics, &self.name),
            name: self.name,
        };
        Ok(Bulkhead { room: Shared::new(room), timer: self.timer, priority: self.priority })
    }

    fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        check_permits(self.permits, &mut faults);
        self.queue.check(&mut faults);
        if self.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        faults.finish(())
    }
}

pub(super) fn check_permits(permits: u32, faults: &mut Faults) {
    if !(1..=MOST_PERMITS).contains(&permits) {
        faults.add("permits", format_args!("must be from 1 to {MOST_PERMITS}"));
    }
}

impl<T> fmt::Debug for BulkheadBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadBuilder")
            .field("permits", &self.permits)
            .field("queue", &self.queue)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
