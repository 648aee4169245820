use std::borrow::Cow;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults};

use super::learner::Learner;
use super::limit::Inner;
use super::meters::Meters;
use super::{Adaptive, LimitPolicy};
use crate::file::Names;
use crate::slots::Slots;

/// Collects the settings of an [`Adaptive`] limit.
///
/// ```
/// use std::time::Duration;
/// use buttress_overload::adaptive::{Adaptive, Gradient};
///
/// let error = Adaptive::by(Gradient::new().between(9, 8).tolerance(3.0)).named("").build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["between", "starting_at", "tolerance", "name"]);
/// ```
#[derive(Debug)]
#[must_use = "nothing happens until `build` is called"]
pub struct AdaptiveBuilder {
    policy: Box<dyn LimitPolicy>,
    name: Cow<'static, str>,
    slow: Duration,
    names: Names,
    clock: Box<dyn Clock>,
    metrics: Metrics,
}

impl AdaptiveBuilder {
    pub(super) fn new(policy: Box<dyn LimitPolicy>) -> Self {
        Self {
            policy,
            name: Cow::Borrowed("adaptive"),
            slow: Duration::from_secs(10),
            names: &[],
            clock: Box::new(SystemClock),
            metrics: Metrics::none(),
        }
    }

    /// Tells what is wrong by the names of a file.
    pub(super) fn of_a_file(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// Names it, for metrics and health. The default is `adaptive`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets after how long a call that is given up by its caller counts as one that was never answered. The default is
    /// 10 s.
    pub fn slow(mut self, time: Duration) -> Self {
        self.slow = time;
        self
    }

    /// That time.
    #[must_use]
    pub const fn slow_time(&self) -> Duration {
        self.slow
    }

    /// Takes the time from this clock. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Counts what becomes of calls. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, those of the policy among them.
    pub fn build(self) -> Result<Adaptive, BuildError> {
        let mut faults = Faults::new();
        self.policy.check(&mut faults);
        if self.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        if self.slow.is_zero() {
            faults.add("slow", "must be greater than zero");
        }
        faults.finish(()).map_err(|error| error.renamed(self.names))?;
        let limit = self.policy.limit().max(1);
        let meters = Meters::new(&self.metrics, &self.name);
        meters.limit(limit);
        Ok(Adaptive::new(Inner {
            slots: Slots::new(limit),
            learner: Learner::new(self.policy, self.slow),
            clock: self.clock,
            meters,
            name: self.name,
        }))
    }
}
