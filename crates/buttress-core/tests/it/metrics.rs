use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buttress_core::metrics::{
    Counter, CounterSink, Description, Family, Gauge, GaugeSink, Histogram, HistogramSink, Metric,
    Metrics, Recorder, Unit,
};
use buttress_core::sync::Lock;
use buttress_testkit::allocations;
use proptest::prelude::*;

const SERVED: Metric<Counter> = Metric::counter("served_total", "Requests served");
const OPEN: Metric<Gauge> = Metric::gauge("open", "Requests under way");
const TOOK: Metric<Histogram> = Metric::histogram("took_seconds", "Time taken").unit(Unit::Seconds);
const CALLS: Metric<Counter, 2> =
    Metric::counter("calls_total", "Calls").labels(&["method", "outcome"]);

/// Keeps each series as a sum, under its name and label values.
#[derive(Clone, Default)]
struct Ledger(Arc<Lock<HashMap<String, Arc<Sum>>>>);

/// A sum of whole numbers; as a gauge or a histogram it is fed with whole numbers only.
#[derive(Default)]
struct Sum(AtomicU64);

impl Ledger {
    fn open(&self, name: &str, values: &[&str]) -> Arc<Sum> {
        self.0.lock().entry(format!("{name}{values:?}")).or_default().clone()
    }

    fn sum(&self, series: &str) -> Option<u64> {
        self.0.lock().get(series).map(|sum| sum.0.load(Ordering::Relaxed))
    }

    fn series(&self) -> usize {
        self.0.lock().len()
    }

    fn total(&self) -> u64 {
        self.0.lock().values().map(|sum| sum.0.load(Ordering::Relaxed)).sum()
    }
}

impl Recorder for Ledger {
    fn counter(&self, metric: &Description, values: &[&str]) -> Counter {
        assert_eq!(values.len(), metric.labels().len());
        Counter::new(self.open(metric.name(), values))
    }

    fn gauge(&self, metric: &Description, values: &[&str]) -> Gauge {
        Gauge::new(self.open(metric.name(), values))
    }

    fn histogram(&self, metric: &Description, values: &[&str]) -> Histogram {
        Histogram::new(self.open(metric.name(), values))
    }
}

impl CounterSink for Sum {
    fn increment(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
impl GaugeSink for Sum {
    fn set(&self, level: f64) {
        self.0.store(level as u64, Ordering::Relaxed);
    }

    fn add(&self, difference: f64) {
        self.0.fetch_add(difference as i64 as u64, Ordering::Relaxed);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
impl HistogramSink for Sum {
    fn record(&self, value: f64) {
        self.0.fetch_add(value as u64, Ordering::Relaxed);
    }
}

#[test]
fn without_a_recorder_everything_is_free() {
    let metrics = Metrics::default();
    let ((), counted) = allocations::of(|| {
        metrics.bind(&SERVED, []).increment(1);
        metrics.bind(&OPEN, []).add(1.0);
        metrics.bind(&TOOK, []).record_duration(Duration::from_secs(1));
        metrics.family(&CALLS).with(["GET", "ok"]).increment(1);
    });
    assert_eq!(counted.allocations(), 0);
}

#[test]
fn counting_never_allocates() {
    let ledger = Ledger::default();
    let metrics = Metrics::new(ledger.clone());
    let (served, open) = (metrics.bind(&SERVED, []), metrics.bind(&OPEN, []));
    let (took, calls) = (metrics.bind(&TOOK, []), metrics.family(&CALLS.max_series(1)));
    calls.with(["GET", "ok"]).increment(1);

    let too_long = "x".repeat(129);
    let ((), counted) = allocations::of(|| {
        served.clone().increment(1);
        open.add(1.0);
        took.record(1.0);
        calls.clone().with(["GET", "ok"]).increment(1);
        calls.with(["BREW", "ok"]).increment(1);
        calls.with(["GET", &too_long]).increment(1);
    });
    assert_eq!(counted.allocations(), 0);
    assert_eq!(ledger.sum(r#"calls_total["GET", "ok"]"#), Some(2));
    assert_eq!(ledger.sum(r#"calls_total["other", "other"]"#), Some(2));
}

#[test]
fn a_gauge_is_what_was_set_and_added() {
    let ledger = Ledger::default();
    let open = Metrics::new(ledger.clone()).bind(&OPEN, []);
    open.set(5.0);
    open.add(2.0);
    open.add(-3.0);
    assert_eq!(ledger.sum("open[]"), Some(4));
}

#[test]
fn hostile_labels_stay_within_the_bound() {
    let ledger = Ledger::default();
    let calls = Metrics::new(ledger.clone()).family(&CALLS);
    for n in 0..100_000 {
        calls.with([&format!("method-{n}"), "ok"]).increment(1);
    }
    assert_eq!(ledger.series(), 128 + 1);
    assert_eq!(ledger.sum(r#"calls_total["other", "other"]"#), Some(100_000 - 128));
    assert_eq!(ledger.total(), 100_000);
}

#[test]
fn racing_threads_keep_the_bound_and_each_count() {
    for _ in 0..50 {
        let ledger = Ledger::default();
        let calls = Metrics::new(ledger.clone()).family(&CALLS.max_series(32));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let calls = calls.clone();
                scope.spawn(move || {
                    for n in 0..200 {
                        // Half of the sets are everybody's, half are the thread's own.
                        let method = format!("{}-{n}", if n % 2 == 0 { 9 } else { thread });
                        calls.with([&method, "ok"]).increment(1);
                    }
                });
            }
        });
        assert_eq!(ledger.series(), 32 + 1);
        assert_eq!(ledger.total(), 4 * 200);
    }
}

#[test]
fn a_bound_of_none_leaves_the_overflow() {
    let ledger = Ledger::default();
    let calls = Metrics::new(ledger.clone()).family(&CALLS.max_series(0));
    calls.with(["GET", "ok"]).increment(1);
    assert_eq!((ledger.series(), ledger.total()), (1, 1));
}

#[test]
fn the_greatest_bound_is_no_danger() {
    let ledger = Ledger::default();
    let calls = Metrics::new(ledger.clone()).family(&CALLS.max_series(u16::MAX));
    for n in 0..70_000 {
        calls.with(["GET", &n.to_string()]).increment(1);
    }
    assert_eq!((ledger.series(), ledger.total()), (usize::from(u16::MAX) + 1, 70_000));
}

proptest! {
    /// The first sets get a series of their own, the rest share one, and no two are ever mixed up.
    #[test]
    fn a_family_counts_like_a_map(
        sets in prop::collection::vec(["[ab\u{0}]{0,2}|other|x{128,129}", "[ab]{0,2}|other"], 0..60),
        bound in 0_u16..8,
    ) {
        let ledger = Ledger::default();
        let calls: Family<_, 2> = Metrics::new(ledger.clone()).family(&CALLS.max_series(bound));
        let other = format!("calls_total{:?}", ["other"; 2]);
        let mut expected = HashMap::from([(other.clone(), 0)]);
        for [method, outcome] in &sets {
            calls.with([method, outcome]).increment(1);

            let own = format!("calls_total{:?}", [method, outcome]);
            let has_room = expected.len() <= usize::from(bound) && method.len() <= 128;
            let series = if has_room || expected.contains_key(&own) { own } else { other.clone() };
            *expected.entry(series).or_default() += 1;
        }
        prop_assert_eq!(ledger.series(), expected.len());
        for (series, count) in expected {
            prop_assert_eq!(ledger.sum(&series), Some(count), "{}", series);
        }
    }
}

#[test]
fn everything_may_be_shared() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    shareable::<Metrics>();
    shareable::<Family<Histogram, 3>>();
    assert_eq!(size_of::<Counter>(), 2 * size_of::<usize>());
}
