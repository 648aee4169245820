//! A counter and a histogram, as a layer keeps them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use buttress_core::metrics::{Counter, Family, Histogram, Metric, Metrics};
use metrics::{
    Gauge, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder,
};

use crate::{Budget, Case, Run};

/// What is measured.
pub const GROUP: &str = "counter and histogram";

const SERVED: Metric<Counter, 1> = Metric::counter("served_total", "Served").labels(&["route"]);
const SECONDS: Metric<Histogram, 1> = Metric::histogram("seconds", "Taken").labels(&["route"]);

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    // What is bound in the scope of a recorder stays with it.
    with_local_recorder(&Plain::default(), || {
        vec![
            Case::ours(GROUP, handles()).within(Budget::new(80, 0)).on_two_threads(),
            Case::peer(GROUP, "ours, by label", family()).on_two_threads(),
        ]
    })
}

fn handles() -> Run {
    let metrics = Metrics::facade();
    let served = metrics.bind(&SERVED, ["/orders"]);
    let seconds = metrics.bind(&SECONDS, ["/orders"]);
    Box::new(move |n| {
        (0..n).for_each(|_| {
            served.increment(1);
            seconds.record(0.25);
        });
    })
}

fn family() -> Run {
    let metrics = Metrics::facade();
    let served: Family<Counter, 1> = metrics.family(&SERVED);
    let seconds: Family<Histogram, 1> = metrics.family(&SECONDS);
    // The first use makes the series.
    served.with(["/orders"]).increment(1);
    seconds.with(["/orders"]).record(0.25);
    Box::new(move |n| {
        (0..n).for_each(|_| {
            served.with(["/orders"]).increment(1);
            seconds.with(["/orders"]).record(0.25);
        });
    })
}

/// The recorder of an application, as plain as can be: what it costs is not ours to measure.
#[derive(Default)]
struct Plain {
    count: Arc<AtomicU64>,
    values: Arc<Buckets>,
}

impl Recorder for Plain {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> metrics::Counter {
        metrics::Counter::from_arc(Arc::clone(&self.count))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::from_arc(Arc::clone(&self.values))
    }
}

/// A histogram of fixed size, one bucket for each power of two of milliseconds.
#[derive(Debug, Default)]
pub struct Buckets([AtomicU64; 16]);

impl HistogramFn for Buckets {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a duration")]
    fn record(&self, seconds: f64) {
        let millis = (seconds * 1000.0) as u64;
        let bucket = (u64::BITS - millis.leading_zeros()).min(15);
        self.0[bucket as usize].fetch_add(1, Relaxed);
    }
}
