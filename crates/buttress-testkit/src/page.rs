//! What was counted, series by series.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use buttress_core::metrics::{
    Counter, CounterSink, Description, Gauge, GaugeSink, Histogram, HistogramSink, Recorder,
};
use buttress_core::sync::Lock;

/// Keeps every series by its name and the values of its labels: what was counted, what was set last, how many
/// values were noted. Clones are the same page.
///
/// ```
/// use buttress_core::metrics::{Counter, Metric, Metrics};
/// use buttress_testkit::page::Page;
///
/// const SOLD: Metric<Counter, 1> = Metric::counter("sold_total", "What was sold").labels(&["article"]);
///
/// let page = Page::default();
/// Metrics::new(page.clone()).bind(&SOLD, ["lamp"]).increment(2);
/// assert_eq!(page.of("sold_total lamp"), Some(2.0));
/// assert_eq!(page.lines(), ["sold_total lamp: 2"]);
/// ```
#[derive(Clone, Default)]
pub struct Page {
    series: Arc<Lock<BTreeMap<String, f64>>>,
    bound: Arc<Lock<Vec<Description>>>,
    between: Arc<Lock<Option<Between>>>,
}

type Between = Box<dyn FnOnce() + Send>;

impl Page {
    /// What stands at `name` and the values of its labels, with blanks between; nothing until it was touched.
    #[must_use]
    pub fn of(&self, series: &str) -> Option<f64> {
        self.series.lock().get(series).copied()
    }

    /// Every series that is not zero.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let series = self.series.lock();
        let told = series.iter().filter(|(_, value)| **value != 0.0);
        told.map(|(name, value)| format!("{name}: {value}")).collect()
    }

    /// What was bound, in that order.
    #[must_use]
    pub fn bound(&self) -> Vec<Description> {
        self.bound.lock().clone()
    }

    /// Does this once, in the midst of the next time that a gauge is set: what somebody else may do between a look and
    /// what is written of it.
    pub fn between(&self, act: impl FnOnce() + Send + 'static) {
        *self.between.lock() = Some(Box::new(act));
    }

    fn series(&self, metric: &Description, values: &[&str]) -> Arc<Series> {
        self.bound.lock().push(*metric);
        let name = [&[metric.name()], values].concat().join(" ");
        Arc::new(Series { page: self.clone(), name })
    }
}

impl Recorder for Page {
    fn counter(&self, metric: &Description, values: &[&str]) -> Counter {
        Counter::new(self.series(metric, values))
    }

    fn gauge(&self, metric: &Description, values: &[&str]) -> Gauge {
        Gauge::new(self.series(metric, values))
    }

    fn histogram(&self, metric: &Description, values: &[&str]) -> Histogram {
        Histogram::new(self.series(metric, values))
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("series", &self.series)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

struct Series {
    page: Page,
    name: String,
}

impl Series {
    fn more(&self, by: f64) {
        *self.page.series.lock().entry(self.name.clone()).or_default() += by;
    }
}

impl CounterSink for Series {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn increment(&self, by: u64) {
        self.more(by as f64);
    }
}

impl GaugeSink for Series {
    fn set(&self, level: f64) {
        let between = self.page.between.lock().take();
        if let Some(act) = between {
            act();
        }
        self.page.series.lock().insert(self.name.clone(), level);
    }

    fn add(&self, difference: f64) {
        self.more(difference);
    }
}

impl HistogramSink for Series {
    fn record(&self, _: f64) {
        self.more(1.0);
    }
}
