//! The feature `metrics`. Only `a_recorder_that_comes_late_is_found` installs the global recorder, and
//! there can be one in a process: each other test brings a local one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::metrics::{Key, KeyName, Metadata, SharedString, with_local_recorder};
use buttress_core::metrics::{Counter, Gauge, Histogram, Metric, Metrics, Unit};
use buttress_core::sync::Lock;
use buttress_testkit::allocations;

const SERVED: Metric<Counter> = Metric::counter("served_total", "Requests served");
const OPEN: Metric<Gauge> = Metric::gauge("open_ratio", "Share in use").unit(Unit::Ratio);
const TOOK: Metric<Histogram> = Metric::histogram("took_seconds", "Time taken").unit(Unit::Seconds);
const CALLS: Metric<Counter, 2> =
    Metric::counter("calls_total", "Calls").labels(&["method", "outcome"]);

/// A recorder of the facade that keeps what it hears. Histograms are kept as the sum of their values.
#[derive(Clone, Default)]
struct Heard(Arc<Lock<HashMap<String, Arc<Value>>>>, Arc<Lock<Vec<String>>>);

#[derive(Default)]
struct Value(AtomicU64);

impl Heard {
    fn value(&self, key: &str) -> Option<f64> {
        self.0.lock().get(key).map(|value| f64::from_bits(value.0.load(Ordering::Relaxed)))
    }

    fn described(&self) -> Vec<String> {
        self.1.lock().clone()
    }

    fn register(&self, key: &Key) -> Arc<Value> {
        let labels: Vec<_> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        let key = format!("{}{{{}}}", key.name(), labels.join(","));
        self.0.lock().entry(key).or_default().clone()
    }

    fn describe(&self, kind: &str, name: &KeyName, unit: Option<::metrics::Unit>, help: &str) {
        let unit = unit.map_or("-", |unit| unit.as_str());
        self.1.lock().push(format!("{kind} {} {unit} {help}", name.as_str()));
    }
}

impl ::metrics::Recorder for Heard {
    fn describe_counter(&self, key: KeyName, unit: Option<::metrics::Unit>, help: SharedString) {
        self.describe("counter", &key, unit, &help);
    }
    fn describe_gauge(&self, key: KeyName, unit: Option<::metrics::Unit>, help: SharedString) {
        self.describe("gauge", &key, unit, &help);
    }
    fn describe_histogram(&self, key: KeyName, unit: Option<::metrics::Unit>, help: SharedString) {
        self.describe("histogram", &key, unit, &help);
    }
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> ::metrics::Counter {
        self.register(key).into()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> ::metrics::Gauge {
        self.register(key).into()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> ::metrics::Histogram {
        self.register(key).into()
    }
}

impl Value {
    fn add(&self, difference: f64) {
        let add = |old| Some((f64::from_bits(old) + difference).to_bits());
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).unwrap();
    }
}

impl ::metrics::CounterFn for Value {
    fn increment(&self, by: u64) {
        self.add(f64::from(u32::try_from(by).unwrap()));
    }
    fn absolute(&self, _: u64) {
        unreachable!("the adapter has no use for it");
    }
}

impl ::metrics::GaugeFn for Value {
    fn increment(&self, difference: f64) {
        assert!(difference >= 0.0);
        self.add(difference);
    }
    fn decrement(&self, difference: f64) {
        assert!(difference >= 0.0);
        self.add(-difference);
    }
    fn set(&self, level: f64) {
        self.0.store(level.to_bits(), Ordering::Relaxed);
    }
}

impl ::metrics::HistogramFn for Value {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

/// What is bound before any recorder is there: as layers are, which are built before the exporter.
struct Early {
    served: Counter,
    open: Gauge,
    took: Histogram,
    calls: buttress_core::metrics::Family<Counter, 2>,
}

impl Early {
    fn bind() -> Self {
        let metrics = Metrics::facade();
        Self {
            served: metrics.bind(&SERVED, []),
            open: metrics.bind(&OPEN, []),
            took: metrics.bind(&TOOK, []),
            calls: metrics.family(&CALLS),
        }
    }

    fn count(&self) {
        self.served.increment(1);
        self.open.add(0.5);
        self.open.add(-0.25);
        self.took.record(2.0);
        self.calls.with(["GET", "ok"]).increment(1);
    }
}

#[test]
fn a_recorder_that_comes_late_is_found() {
    let (early, wanderer) = (Early::bind(), Metrics::facade().bind(&SERVED, []));
    early.count();
    allocations::assert_exactly(0, || early.count()); // while nobody listens

    // The first recorder that a use finds is kept, and a local one is a recorder.
    let local = Heard::default();
    with_local_recorder(&local, || wanderer.increment(1));

    let heard = Heard::default();
    ::metrics::set_global_recorder(heard.clone()).map_err(drop).unwrap();
    // Not only on this thread.
    std::thread::scope(|scope| scope.spawn(|| early.count()).join()).unwrap();
    allocations::assert_exactly(0, || early.count()); // once the handles are kept
    wanderer.increment(1);

    assert_eq!(local.value("served_total{}"), Some(2.0));
    assert_eq!(heard.value("served_total{}"), Some(2.0), "those before the recorder are lost");
    assert_eq!(heard.value("open_ratio{}"), Some(0.5));
    assert_eq!(heard.value("took_seconds{}"), Some(4.0));
    assert_eq!(heard.value("calls_total{method=GET,outcome=ok}"), Some(2.0));
    assert!(heard.described().contains(&"counter calls_total count Calls".to_owned()));
}

#[test]
fn each_kind_reaches_the_facade() {
    let heard = Heard::default();
    with_local_recorder(&heard, || {
        let early = Early::bind();
        early.open.set(0.5);
        allocations::assert_exactly(0, || early.open.add(0.25));
        early.took.record(1.5);
        early.calls.with(["GET", "ok"]).increment(3);
    });

    assert_eq!(heard.value("open_ratio{}"), Some(0.75));
    assert_eq!(heard.value("took_seconds{}"), Some(1.5));
    assert_eq!(heard.value("served_total{}"), Some(0.0), "a bound series is there, at zero");
    assert_eq!(heard.value("calls_total{method=GET,outcome=ok}"), Some(3.0));
    assert_eq!(heard.value("calls_total{method=other,outcome=other}"), Some(0.0));
    let described = [
        "counter served_total count Requests served",
        "gauge open_ratio - Share in use",
        "histogram took_seconds seconds Time taken",
        "counter calls_total count Calls",
    ];
    for line in described {
        assert!(heard.described().contains(&line.to_owned()), "{line}");
    }
}

#[test]
fn a_handle_stays_with_the_recorder_it_was_bound_to() {
    let (first, second) = (Heard::default(), Heard::default());
    let served = with_local_recorder(&first, || Metrics::facade().bind(&SERVED, []));
    served.increment(1);
    with_local_recorder(&second, || served.increment(1));
    std::thread::scope(|scope| scope.spawn(|| served.increment(1)).join()).unwrap();

    assert_eq!(first.value("served_total{}"), Some(3.0));
    assert_eq!(second.value("served_total{}"), None);
}

/// Looks like no recorder at all, and is one.
struct Weightless;

static WEIGHTLESS: AtomicU64 = AtomicU64::new(0);

struct ToStatic;

impl ::metrics::CounterFn for ToStatic {
    fn increment(&self, by: u64) {
        WEIGHTLESS.fetch_add(by, Ordering::Relaxed);
    }
    fn absolute(&self, _: u64) {}
}

impl ::metrics::Recorder for Weightless {
    fn describe_counter(&self, _: KeyName, _: Option<::metrics::Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<::metrics::Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<::metrics::Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> ::metrics::Counter {
        Arc::new(ToStatic).into()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> ::metrics::Gauge {
        ::metrics::Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> ::metrics::Histogram {
        ::metrics::Histogram::noop()
    }
}

#[test]
fn a_recorder_without_a_size_misses_nothing() {
    with_local_recorder(&Weightless, || {
        let served = Metrics::facade().bind(&SERVED, []);
        served.increment(1);
        served.increment(1);
    });
    assert_eq!(WEIGHTLESS.load(Ordering::Relaxed), 2);
}
