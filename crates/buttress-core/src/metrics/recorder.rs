use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::{Counter, Description, Family, Gauge, Handle, Histogram, Metric};

/// Where metrics go; given to each layer when it is built. Clones go to the same place.
///
/// ```
/// use buttress_core::{metrics::*, sync::Lock};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// Knows counters only, and prints them.
/// #[derive(Clone, Default)]
/// struct Page(Arc<Lock<Vec<(String, Arc<AtomicU64>)>>>);
///
/// impl Recorder for Page {
///     fn counter(&self, metric: &Description, values: &[&str]) -> Counter {
///         let count = Arc::new(AtomicU64::new(0));
///         self.0.lock().push((format!("{}{values:?}", metric.name()), count.clone()));
///         Counter::new(count)
///     }
///     fn gauge(&self, _: &Description, _: &[&str]) -> Gauge {
///         Gauge::none()
///     }
///     fn histogram(&self, _: &Description, _: &[&str]) -> Histogram {
///         Histogram::none()
///     }
/// }
///
/// const SOLD: Metric<Counter, 1> = Metric::counter("sold", "Books sold").labels(&["genre"]);
///
/// let page = Page::default();
/// let metrics = Metrics::new(page.clone());
/// metrics.bind(&SOLD, ["crime"]).increment(3);
///
/// let (series, count) = &page.0.lock()[0];
/// assert_eq!(series, r#"sold["crime"]"#);
/// assert_eq!(count.load(Ordering::Relaxed), 3);
/// ```
#[derive(Clone, Default)]
pub struct Metrics {
    recorder: Option<Arc<dyn Recorder>>,
}

impl Metrics {
    /// Reports to `recorder`.
    #[must_use]
    pub fn new(recorder: impl Recorder) -> Self {
        Self { recorder: Some(Arc::new(recorder)) }
    }

    /// Reports to nobody. This is the default.
    #[must_use]
    pub const fn none() -> Self {
        Self { recorder: None }
    }

    /// Opens one series: `metric` with these values of its labels.
    #[must_use = "to count is up to the handle"]
    pub fn bind<H: Handle, const N: usize>(&self, metric: &Metric<H, N>, values: [&str; N]) -> H {
        match &self.recorder {
            Some(recorder) => H::bind(&**recorder, metric.description(), &values),
            None => H::default(),
        }
    }

    /// Opens a series for each set of label values, when it is first seen; a bounded number of them.
    #[must_use = "to count is up to the handles"]
    pub fn family<H: Handle, const N: usize>(&self, metric: &Metric<H, N>) -> Family<H, N> {
        match &self.recorder {
            Some(recorder) => Family::new(recorder.clone(), *metric.description()),
            None => Family::none(),
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("counts", &self.recorder.is_some()).finish()
    }
}

/// Makes the handles. See [`Metrics`] for an example.
///
/// The values stand in the order of [`Description::labels`], one for each. The same description with the
/// same values may be asked for again, and is the same series.
///
/// A [`Family`] asks under its lock, so a recorder must not use that family meanwhile.
pub trait Recorder: Send + Sync + 'static {
    /// Opens a counter.
    fn counter(&self, metric: &Description, values: &[&str]) -> Counter;

    /// Opens a gauge.
    fn gauge(&self, metric: &Description, values: &[&str]) -> Gauge;

    /// Opens a histogram.
    fn histogram(&self, metric: &Description, values: &[&str]) -> Histogram;
}

/// Keeps what a [`Counter`] counts. It is called on every request: no lock, no allocation.
pub trait CounterSink: Send + Sync + 'static {
    /// Adds `by`.
    fn increment(&self, by: u64);
}

/// The plainest of them. It wraps around at the end of its range.
impl CounterSink for AtomicU64 {
    fn increment(&self, by: u64) {
        self.fetch_add(by, Ordering::Relaxed);
    }
}

/// Keeps the level of a [`Gauge`]. It is called on every request: no lock, no allocation.
pub trait GaugeSink: Send + Sync + 'static {
    /// The level is now this.
    fn set(&self, level: f64);

    /// The level rose, or, below zero, fell, by this.
    fn add(&self, difference: f64);
}

/// Keeps the values of a [`Histogram`]. It is called on every request: no lock, no allocation.
pub trait HistogramSink: Send + Sync + 'static {
    /// Notes one value.
    fn record(&self, value: f64);
}
