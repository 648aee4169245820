use std::borrow::Cow;

use buttress_core::clock::{Clock, Moment, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_core::sync::{Lock, Striped};
use buttress_core::{BuildError, Faults};

use super::changes::Changes;
use super::inner::Inner;
use super::meters::Meters;
use super::places::{MOST_ENDPOINTS, Places};
use super::roster::Roster;
use super::{OutlierRules, Outliers};
use crate::file::Names;
use crate::parts::atomic::{AtomicBool, AtomicU64, AtomicUsize};

/// Collects the settings of [`Outliers`].
///
/// ```
/// use buttress_overload::outlier::{OutlierRules, Outliers};
///
/// let rules = OutlierRules::new().in_a_row(Some(0)).panic_below(101);
/// let error = Outliers::of(0).rules(rules).build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["in_a_row", "panic_below", "endpoints"]);
/// ```
#[derive(Debug)]
#[must_use = "nothing happens until `build` is called"]
pub struct OutlierBuilder {
    endpoints: usize,
    rules: OutlierRules,
    names: Names,
    name: Cow<'static, str>,
    clock: Box<dyn Clock>,
    metrics: Metrics,
}

impl OutlierBuilder {
    pub(super) fn new(endpoints: usize) -> Self {
        Self {
            endpoints,
            rules: OutlierRules::new(),
            names: &[],
            name: Cow::Borrowed("endpoints"),
            clock: Box::new(SystemClock),
            metrics: Metrics::none(),
        }
    }

    /// Sets who is an outlier. For the default see [`OutlierRules::new`].
    pub fn rules(mut self, rules: OutlierRules) -> Self {
        self.rules = rules;
        self
    }

    /// Tells what is wrong by the names of a file.
    pub(super) fn of_a_file(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// Names the set, for the metrics. The default is `endpoints`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Takes the time from this clock. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Counts who is left out. The default is not to.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Outliers, BuildError> {
        let mut faults = Faults::new();
        self.rules.check(&mut faults);
        if !(1..=MOST_ENDPOINTS).contains(&self.endpoints) {
            faults.add("endpoints", format_args!("must be from 1 to {MOST_ENDPOINTS}"));
        }
        if self.name.is_empty() {
            faults.add("name", "must not be empty");
        }
        faults.finish(()).map_err(|error| error.renamed(self.names))?;
        let first_look = self.clock.now() + self.rules.every;
        Ok(Outliers::new(self.inner(first_look)))
    }

    fn inner(self, first_look: Moment) -> Inner {
        let mut first = 0;
        Inner {
            places: Places::new(self.endpoints),
            in_a_row: self.rules.in_a_row,
            roster: Lock::new(Roster::new(self.rules, self.endpoints, first_look)),
            next_turn: AtomicU64::new(first_look.as_nanos()),
            here: AtomicUsize::new(self.endpoints),
            aside: AtomicUsize::new(0),
            panics: AtomicBool::new(false),
            changes: Changes::default(),
            // Threads begin their rounds at different endpoints.
            rounds: Striped::new(usize::MAX, || {
                first += 1;
                AtomicUsize::new(first - 1)
            }),
            meters: Meters::new(&self.metrics, &self.name),
            name: self.name,
            clock: self.clock,
        }
    }
}
