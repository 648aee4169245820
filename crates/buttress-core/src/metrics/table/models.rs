use std::sync::atomic::AtomicUsize;

use buttress_testkit::models::{explore, join, thread};

use super::*;
use crate::metrics::{Counter, Gauge, Histogram, Metric};

#[derive(Clone, Default)]
struct Opened(Arc<AtomicUsize>);

impl Recorder for Opened {
    fn counter(&self, _: &Description, _: &[&str]) -> Counter {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counter::none()
    }
    fn gauge(&self, _: &Description, _: &[&str]) -> Gauge {
        Gauge::none()
    }
    fn histogram(&self, _: &Description, _: &[&str]) -> Histogram {
        Histogram::none()
    }
}

type Found = *const Counter;

/// Which series three sets find when two threads ask for one each and another asks for both.
fn race(most: u16) -> ([usize; 4], usize) {
    let opened = Opened::default();
    let metric = Metric::counter("calls", "").labels(&["method"]).max_series(most);
    let table = Arc::new(Table::<Counter, 1>::new(Arc::new(opened.clone()), *metric.description()));
    let ask = |value: &'static str| {
        let table = table.clone();
        thread::spawn(move || (table.with([value]) as Found).addr())
    };
    let threads = ["GET", "PUT"].map(ask);
    let second = (table.with(["GET"]) as Found).addr();
    let [get, put] = join(threads);
    assert_eq!(get, second, "a set has one series, whoever asks");
    assert_eq!(get, (table.with(["GET"]) as Found).addr());
    assert_eq!(put, (table.with(["PUT"]) as Found).addr());
    let overflow = (&raw const table.overflow).addr();
    let found = [get, put, overflow, (table.with(["BREW"]) as Found).addr()];
    (found, opened.0.load(Ordering::Relaxed))
}

#[test]
fn the_last_place_goes_to_one_set() {
    explore(|| {
        let ([get, put, overflow, brew], opened) = race(1);
        assert_ne!(get == overflow, put == overflow);
        assert_eq!((brew, opened), (overflow, 2), "the overflow and one more");
    });
}

#[test]
fn a_set_is_opened_once() {
    explore(|| {
        let ([get, put, overflow, brew], opened) = race(2);
        assert!(get != put && get != overflow && put != overflow);
        assert_eq!((brew, opened), (overflow, 3));
    });
}
