use std::borrow::Cow;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Dice, Faults};

use super::Throttle;
use super::account::Account;
use super::gate::Inner;
use super::meters::Meters;
use crate::Priority;
use crate::file::Names;

/// Collects the settings of a [`Throttle`].
///
/// ```
/// use std::time::Duration;
/// use buttress_overload::throttle::Throttle;
///
/// let error = Throttle::builder().window(Duration::ZERO).times(0.5).build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["window", "times"]);
/// ```
#[derive(Debug)]
#[must_use = "nothing happens until `build` is called"]
pub struct ThrottleBuilder {
    name: Cow<'static, str>,
    window: Duration,
    times: f64,
    names: Names,
    clock: Box<dyn Clock>,
    dice: Dice,
    metrics: Metrics,
}

const WINDOW: Duration = Duration::from_secs(30);
const TIMES: f64 = 2.0;

impl ThrottleBuilder {
    pub(super) fn new() -> Self {
        Self {
            name: Cow::Borrowed("throttle"),
            window: WINDOW,
            times: TIMES,
            names: &[],
            clock: Box::new(SystemClock),
            dice: Dice::new(),
            metrics: Metrics::none(),
        }
    }

    /// Tells what is wrong by the names of a file.
    pub(super) fn of_a_file(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// Names it, for metrics and health. The default is `throttle`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how far back it looks. The default is 30 s.
    ///
    /// The longer, the steadier, and the longer it takes until all is let through again: what is let through doubles
    /// about once in a window.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets how many times as many calls as are accepted it lets through: at least 1. The default is 2.
    ///
    /// More wastes more of the other side on refusals, and notices sooner that it recovers. That is for calls of
    /// [normal](Priority::Normal) priority; it is twice that for critical ones, three fifths for low ones, eleven
    /// twentieths for those of the background, and 1 at least.
    pub fn times(mut self, times: f64) -> Self {
        self.times = times;
        self
    }

    /// Takes the time from this clock. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Decides by these dice which calls go through. The default cannot be repeated.
    pub fn dice(mut self, dice: Dice) -> Self {
        self.dice = dice;
        self
    }

    /// Counts what is refused. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Throttle, BuildError> {
        let mut faults = Faults::new();
        if self.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        if self.window.is_zero() {
            faults.add("window", "must be greater than zero");
        }
        if !(1.0..=1_000.0).contains(&self.times) {
            faults.add("times", format_args!("must be from 1 to 1000, not {}", self.times));
        }
        let times = Priority::ALL.map(|priority| (self.times * weight(priority)).max(1.0));
        faults.finish(()).map_err(|error| error.renamed(self.names))?;
        Ok(Throttle::new(Inner {
            account: Account::new(self.window, times),
            meters: Meters::new(&self.metrics, &self.name),
            clock: self.clock,
            dice: self.dice,
            name: self.name,
        }))
    }
}

const fn weight(priority: Priority) -> f64 {
    match priority {
        Priority::Critical => 2.0,
        Priority::Normal => 1.0,
        Priority::Low => 0.6,
        Priority::Background => 0.55,
    }
}
