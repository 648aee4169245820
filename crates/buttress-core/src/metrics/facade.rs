//! The adapter to the `metrics` facade.

use std::sync::{Arc, OnceLock};

use ::metrics::{Key, Label, Level, Metadata, NoopRecorder, with_recorder};

use crate::metrics::{
    Counter, CounterSink, Description, Gauge, GaugeSink, Histogram, HistogramSink, Metrics,
    Recorder, Unit,
};

impl Metrics {
    /// Reports to the [`metrics`](https://docs.rs/metrics) facade.
    ///
    /// A handle asks the facade's current recorder for its series when it is bound, and keeps it. If no
    /// recorder is installed yet, each use asks again, at the cost of a few nanoseconds, and the first
    /// recorder that is found is kept. The use that found it is counted; those before are lost, as they
    /// are with the facade's own macros. A level that is kept through [`Gauge::add`] then lacks those
    /// steps for good: install the recorder before traffic flows, or [`set`](Gauge::set) the level.
    ///
    /// A local recorder (`metrics::with_local_recorder`) is found like any other: what is bound in its
    /// scope stays with it, on each thread and also after the scope, and so does an older handle that
    /// had found none so far. A [`Family`](crate::metrics::Family) asks for each series when it is opened.
    /// A test that has its own recorder therefore binds and runs within its scope.
    ///
    /// A recorder of size zero cannot be told from having none. It is asked at each use, as by the macros.
    #[must_use]
    pub fn facade() -> Self {
        Self::new(Facade)
    }
}

struct Facade;

impl Recorder for Facade {
    fn counter(&self, metric: &Description, values: &[&str]) -> Counter {
        Counter::new(Arc::new(Series::<::metrics::Counter>::new(metric, values)))
    }

    fn gauge(&self, metric: &Description, values: &[&str]) -> Gauge {
        Gauge::new(Arc::new(Series::<::metrics::Gauge>::new(metric, values)))
    }

    fn histogram(&self, metric: &Description, values: &[&str]) -> Histogram {
        Histogram::new(Arc::new(Series::<::metrics::Histogram>::new(metric, values)))
    }
}

/// One series, and the facade's handle to it as soon as a recorder has given one.
struct Series<H> {
    metric: Description,
    key: Key,
    kept: OnceLock<H>,
}

impl<H: Registered> Series<H> {
    fn new(metric: &Description, values: &[&str]) -> Self {
        let labels = metric.labels().iter().zip(values);
        let labels = labels.map(|(&name, &value)| Label::new(name, value.to_owned()));
        let key = Key::from_parts(metric.name(), labels.collect::<Vec<_>>());
        let series = Self { metric: *metric, key, kept: OnceLock::new() };
        with_recorder(|recorder| {
            H::describe(recorder, &series.metric);
            series.keep(recorder, H::register(recorder, &series.key));
        });
        series
    }

    #[inline]
    fn with(&self, count: impl FnOnce(&H)) {
        match self.kept.get() {
            Some(handle) => count(handle),
            None => self.ask(count),
        }
    }

    /// Goes the way of the macros, through whatever recorder there is.
    #[cold]
    fn ask(&self, count: impl FnOnce(&H)) {
        with_recorder(|recorder| {
            let handle = H::register(recorder, &self.key);
            count(&handle);
            if self.keep(recorder, handle) {
                H::describe(recorder, &self.metric);
            }
        });
    }

    /// Keeps what `recorder` gave, if that is surely more than the stand-in for a missing one.
    ///
    /// The facade does not tell. What has another size is certainly not it; what has the same is asked
    /// again, so that a mistake costs time and no count.
    fn keep(&self, recorder: &dyn ::metrics::Recorder, handle: H) -> bool {
        size_of_val(recorder) != size_of::<NoopRecorder>() && self.kept.set(handle).is_ok()
    }
}

impl CounterSink for Series<::metrics::Counter> {
    fn increment(&self, by: u64) {
        self.with(|counter| counter.increment(by));
    }
}

impl GaugeSink for Series<::metrics::Gauge> {
    fn set(&self, level: f64) {
        self.with(|gauge| gauge.set(level));
    }

    fn add(&self, difference: f64) {
        // Some recorders write the sign themselves.
        self.with(|gauge| {
            if difference < 0.0 {
                gauge.decrement(-difference);
            } else {
                gauge.increment(difference);
            }
        });
    }
}

impl HistogramSink for Series<::metrics::Histogram> {
    fn record(&self, value: f64) {
        self.with(|histogram| histogram.record(value));
    }
}

/// What a recorder of the facade does for one kind of handle.
trait Registered: Send + Sync + Sized + 'static {
    fn describe(recorder: &dyn ::metrics::Recorder, metric: &Description);
    fn register(recorder: &dyn ::metrics::Recorder, key: &Key) -> Self;
}

macro_rules! registered {
    ($($Handle:ident: $describe:ident, $register:ident;)*) => {$(
        impl Registered for ::metrics::$Handle {
            fn describe(recorder: &dyn ::metrics::Recorder, metric: &Description) {
                recorder.$describe(metric.name().into(), unit(metric), metric.help().into());
            }

            fn register(recorder: &dyn ::metrics::Recorder, key: &Key) -> Self {
                recorder.$register(key, &Metadata::new("buttress", Level::INFO, None))
            }
        }
    )*};
}

registered! {
    Counter: describe_counter, register_counter;
    Gauge: describe_gauge, register_gauge;
    Histogram: describe_histogram, register_histogram;
}

fn unit(metric: &Description) -> Option<::metrics::Unit> {
    match metric.unit() {
        Unit::Count => Some(::metrics::Unit::Count),
        Unit::Seconds => Some(::metrics::Unit::Seconds),
        Unit::Bytes => Some(::metrics::Unit::Bytes),
        // The facade has percent, which is another number.
        Unit::Ratio => None,
    }
}
