use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::metrics::{CounterSink, Description, GaugeSink, HistogramSink, Recorder};

/// A count that only grows. Clones count the same.
///
/// ```
/// use buttress_core::metrics::Counter;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// let total = Arc::new(AtomicU64::new(0));
/// let served = Counter::new(total.clone());
/// served.increment(2);
/// served.clone().increment(1);
/// assert_eq!(total.load(Ordering::Relaxed), 3);
/// ```
#[derive(Clone, Default)]
pub struct Counter(Option<Arc<dyn CounterSink>>);

impl Counter {
    /// Counts into `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn CounterSink>) -> Self {
        Self(Some(sink))
    }

    /// Counts nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Adds `by`.
    #[inline]
    pub fn increment(&self, by: u64) {
        if let Some(sink) = &self.0 {
            sink.increment(by);
        }
    }
}

/// A level that rises and falls. Clones share it.
///
/// A level kept through [`add`](Self::add) is only as right as the recorder that saw each step. If you know the level,
/// say it with [`set`](Self::set).
///
/// ```
/// use buttress_core::{metrics::{Gauge, GaugeSink}, sync::Lock};
/// use std::sync::Arc;
///
/// #[derive(Default)]
/// struct Level(Lock<f64>);
///
/// impl GaugeSink for Level {
///     fn set(&self, level: f64) {
///         *self.0.lock() = level;
///     }
///     fn add(&self, difference: f64) {
///         *self.0.lock() += difference;
///     }
/// }
///
/// let level = Arc::new(Level::default());
/// let open = Gauge::new(level.clone());
/// open.set(3.0);
/// open.add(-1.0);
/// assert_eq!(*level.0.lock(), 2.0);
/// ```
#[derive(Clone, Default)]
pub struct Gauge(Option<Arc<dyn GaugeSink>>);

impl Gauge {
    /// Reports to `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn GaugeSink>) -> Self {
        Self(Some(sink))
    }

    /// Reports nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Says what the level is now.
    #[inline]
    pub fn set(&self, level: f64) {
        if let Some(sink) = &self.0 {
            sink.set(level);
        }
    }

    /// Says by how much it rose, or, below zero, fell.
    #[inline]
    pub fn add(&self, difference: f64) {
        if let Some(sink) = &self.0 {
            sink.add(difference);
        }
    }
}

/// A distribution of values. Clones share it.
///
/// ```
/// use buttress_core::{metrics::{Histogram, HistogramSink}, sync::Lock};
/// use std::{sync::Arc, time::Duration};
///
/// #[derive(Default)]
/// struct Values(Lock<Vec<f64>>);
///
/// impl HistogramSink for Values {
///     fn record(&self, value: f64) {
///         self.0.lock().push(value);
///     }
/// }
///
/// let values = Arc::new(Values::default());
/// let wait = Histogram::new(values.clone());
/// wait.record(2.0);
/// wait.record_duration(Duration::from_millis(250));
/// assert_eq!(*values.0.lock(), [2.0, 0.25]);
/// ```
#[derive(Clone, Default)]
pub struct Histogram(Option<Arc<dyn HistogramSink>>);

impl Histogram {
    /// Records into `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn HistogramSink>) -> Self {
        Self(Some(sink))
    }

    /// Records nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Notes one value.
    #[inline]
    pub fn record(&self, value: f64) {
        if let Some(sink) = &self.0 {
            sink.record(value);
        }
    }

    /// Notes how long something took, in seconds.
    #[inline]
    pub fn record_duration(&self, took: Duration) {
        self.record(took.as_secs_f64());
    }
}

/// [`Counter`], [`Gauge`] and [`Histogram`]: what a [`Metric`](crate::metrics::Metric) may be bound to.
///
/// Sealed: a fourth kind would ask something new of every recorder.
///
/// ```
/// use buttress_core::metrics::{Family, Gauge, Handle, Metric, Metrics};
///
/// fn by_route<H: Handle>(metrics: &Metrics, metric: &Metric<H, 1>) -> Family<H, 1> {
///     assert_eq!(metric.description().labels(), ["route"]);
///     metrics.family(metric)
/// }
///
/// let open = by_route(&Metrics::none(), &Metric::gauge("open", "Calls under way").labels(&["route"]));
/// open.with(["/orders"]).add(1.0);
/// ```
pub trait Handle: sealed::Bind {}

pub(super) mod sealed {
    use super::{Description, Recorder};

    #[expect(unnameable_types, reason = "this is what seals `Handle`")]
    pub trait Bind: Clone + Default + Send + Sync + 'static {
        fn bind(recorder: &dyn Recorder, description: &Description, values: &[&str]) -> Self;
    }
}

macro_rules! handle {
    ($($Handle:ident through $bind:ident),*) => {$(
        impl Handle for $Handle {}

        impl sealed::Bind for $Handle {
            fn bind(recorder: &dyn Recorder, description: &Description, values: &[&str]) -> Self {
                recorder.$bind(description, values)
            }
        }

        impl fmt::Debug for $Handle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Handle)).field("counts", &self.0.is_some()).finish()
            }
        }
    )*};
}

handle!(Counter through counter, Gauge through gauge, Histogram through histogram);
