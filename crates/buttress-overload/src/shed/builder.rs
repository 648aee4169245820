use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock, Timer};
use buttress_core::metrics::Metrics;
use buttress_core::sync::Shared;
use buttress_core::{BuildError, Faults};

use super::inner::Inner;
use super::line::Line;
use super::meters::Meters;
use super::{Codel, Shed};
use crate::NoTimer;
use crate::adaptive::{Learner, LimitPolicy};
use crate::file::Names;
use crate::parts::Lock;
use crate::queue::QueueSettings;
use crate::slots::Slots;

/// Collects the settings of a [`Shed`].
///
/// ```
/// use buttress_core::clock::{TokioTimer, ms};
/// use buttress_overload::shed::Shed;
///
/// let error = Shed::of(0).queue(0, ms(0), TokioTimer).target(ms(5), ms(4)).build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["limit", "queue.length", "queue.at_most", "target"]);
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct ShedBuilder<T = NoTimer> {
    limit: Limit,
    slow: Duration,
    queue: QueueSettings,
    names: Names,
    target: Duration,
    interval: Duration,
    timer: T,
    name: Cow<'static, str>,
    clock: Box<dyn Clock>,
    metrics: Metrics,
}

/// How many calls at a time.
#[derive(Debug)]
pub(super) enum Limit {
    Given(u32),
    Found(Box<dyn LimitPolicy>),
}

/// More would be no limit.
const MOST: u32 = 1 << 30;

impl ShedBuilder {
    pub(super) fn new(limit: Limit) -> Self {
        Self {
            limit,
            slow: Duration::from_secs(10),
            queue: QueueSettings::None,
            names: &[],
            target: Codel::TARGET,
            interval: Codel::INTERVAL,
            timer: NoTimer,
            name: Cow::Borrowed("shed"),
            clock: Box::new(SystemClock),
            metrics: Metrics::none(),
        }
    }
}

impl<T: Timer + Clone> ShedBuilder<T> {
    /// Lets calls wait, so many of them and so long at most, as long as the queue does not [stand](Self::target).
    /// Without it nobody waits, and what finds no place is shed at once.
    pub fn queue<U: Timer + Clone>(
        self,
        length: u32,
        at_most: Duration,
        timer: U,
    ) -> ShedBuilder<U> {
        self.waits(QueueSettings::Of { length, at_most }, timer)
    }

    /// Waits with another timer, if there is a queue.
    pub fn timer<U: Timer + Clone>(self, timer: U) -> ShedBuilder<U> {
        let queue = self.queue;
        self.waits(queue, timer)
    }

    /// Lets calls wait like this.
    pub(super) fn waits<U>(self, queue: QueueSettings, timer: U) -> ShedBuilder<U> {
        let Self { limit, slow, names, target, interval, name, clock, metrics, .. } = self;
        ShedBuilder { limit, slow, queue, names, target, interval, timer, name, clock, metrics }
    }

    /// Tells what is wrong by the names of a file.
    pub(super) fn of_a_file(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// Sets how long everybody may have to wait within an interval before the queue [stands](Codel). The default is 5
    /// ms within 100 ms; to say something else without a queue is an error.
    pub fn target(mut self, target: Duration, interval: Duration) -> Self {
        self.target = target;
        self.interval = interval;
        self
    }

    /// Sets after how long a call that is given up by its caller counts as one that was never answered, where the limit
    /// is [found](Shed::adapting). The default is 10 s.
    pub fn slow(mut self, time: Duration) -> Self {
        self.slow = time;
        self
    }

    /// That time.
    #[must_use]
    pub const fn slow_time(&self) -> Duration {
        self.slow
    }

    /// Names it, for metrics and health. The default is `shed`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Takes the time from this clock. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Counts what is shed. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Shed<T>, BuildError> {
        self.check().map_err(|error| error.renamed(self.names))?;
        let (codel, at_most) = (Codel::new(self.target, self.interval), self.queue.at_most());
        let meters = Meters::new(&self.metrics, &self.name);
        let (limit, learner) = match self.limit {
            Limit::Given(limit) => (limit, None),
            Limit::Found(policy) => {
                (policy.limit().clamp(1, MOST), Some(Learner::new(policy, self.slow)))
            }
        };
        meters.limit(limit);
        let inner = Inner {
            slots: Slots::new(limit),
            learner,
            line: Lock::new(Line::new(self.queue.length(), codel, at_most)),
            at_most,
            clock: self.clock,
            meters,
            name: self.name,
        };
        Ok(Shed { inner: Shared::new(inner), timer: self.timer })
    }

    fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        match &self.limit {
            Limit::Found(policy) => policy.check(&mut faults),
            Limit::Given(limit) => check_limit(*limit, &mut faults),
        }
        if self.slow.is_zero() {
            faults.add("slow", "must be greater than zero");
        }
        self.queue.check(&mut faults);
        if self.target.is_zero() || self.target >= self.interval {
            faults.add("target", "must be greater than zero, and shorter than its interval");
        }
        // It would be ignored.
        if !self.queue.is_there()
            && (self.target, self.interval) != (Codel::TARGET, Codel::INTERVAL)
        {
            faults.add("target", "needs a queue");
        }
        if self.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        faults.finish(())
    }
}

pub(super) fn check_limit(limit: u32, faults: &mut Faults) {
    if !(1..=MOST).contains(&limit) {
        faults.add("limit", format_args!("must be from 1 to {MOST}"));
    }
}

impl<T> fmt::Debug for ShedBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShedBuilder")
            .field("limit", &self.limit)
            .field("queue", &self.queue)
            .field("target", &self.target)
            .field("interval", &self.interval)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
