//! A counter and a histogram through the `metrics` facade, into the registry of `metrics-util`.

use buttress_benches::Case;
use buttress_benches::cases::metrics::{Buckets, GROUP};
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, counter,
    histogram, with_local_recorder,
};
use metrics_util::registry::{Registry, Storage};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub(crate) fn cases() -> Vec<Case> {
    let exporter = Exporter(Registry::new(FixedSize));
    let (requests, seconds) = with_local_recorder(&exporter, || {
        (
            counter!("requests_total", "route" => "/orders"),
            histogram!("seconds", "route" => "/orders"),
        )
    });
    let kept = move |n| {
        (0..n).for_each(|_| {
            requests.increment(1);
            seconds.record(0.25);
        });
    };
    let resolve = move |n| {
        with_local_recorder(&exporter, || {
            (0..n).for_each(|_| {
                counter!("requests_total", "route" => "/orders").increment(1);
                histogram!("seconds", "route" => "/orders").record(0.25);
            });
        });
    };
    vec![
        Case::peer(GROUP, "metrics 0.24, handles kept", Box::new(kept)).on_two_threads(),
        Case::peer(GROUP, "metrics 0.24, macros", Box::new(resolve)).on_two_threads(),
    ]
}

/// As an exporter is built from `metrics-util`, but for histograms: its own grow until they are read.
struct Exporter(Registry<Key, FixedSize>);

struct FixedSize;

impl Storage<Key> for FixedSize {
    type Counter = Arc<AtomicU64>;
    type Gauge = Arc<AtomicU64>;
    type Histogram = Arc<Buckets>;

    fn counter(&self, _: &Key) -> Self::Counter {
        Arc::default()
    }

    fn gauge(&self, _: &Key) -> Self::Gauge {
        Arc::default()
    }

    fn histogram(&self, _: &Key) -> Self::Histogram {
        Arc::default()
    }
}

impl Recorder for Exporter {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.0.get_or_create_counter(key, |counter| Counter::from_arc(Arc::clone(counter)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.get_or_create_gauge(key, |gauge| Gauge::from_arc(Arc::clone(gauge)))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.0.get_or_create_histogram(key, |histogram| Histogram::from_arc(Arc::clone(histogram)))
    }
}
