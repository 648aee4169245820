//! What the server tells of itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use buttress::metrics::{
    Counter, CounterSink, Description, Gauge, GaugeSink, Histogram, Metrics, Recorder,
};
use buttress::serve::CATALOGUE;
use buttress::sync::Lock;

use super::rig::{Rig, pass, server};

#[derive(Clone, Default)]
struct Page(Arc<Lock<BTreeMap<String, f64>>>);

struct Line(Page, String);

impl Recorder for Page {
    fn counter(&self, metric: &Description, values: &[&str]) -> Counter {
        Counter::new(Arc::new(self.line(metric, values)))
    }

    fn gauge(&self, metric: &Description, values: &[&str]) -> Gauge {
        Gauge::new(Arc::new(self.line(metric, values)))
    }

    fn histogram(&self, _: &Description, _: &[&str]) -> Histogram {
        Histogram::none()
    }
}

impl Page {
    fn line(&self, metric: &Description, values: &[&str]) -> Line {
        assert!(CATALOGUE.contains(metric), "{}", metric.name());
        let name = metric.name().strip_prefix("buttress_serve_").unwrap();
        Line(self.clone(), format!("{name}{values:?}"))
    }

    fn of(&self, name: &str) -> f64 {
        self.0.lock().get(name).copied().unwrap_or_default()
    }
}

impl CounterSink for Line {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn increment(&self, by: u64) {
        self.add(by as f64);
    }
}

impl GaugeSink for Line {
    fn set(&self, level: f64) {
        self.0.0.lock().insert(self.1.clone(), level);
    }

    fn add(&self, difference: f64) {
        *self.0.0.lock().entry(self.1.clone()).or_default() += difference;
    }
}

#[tokio::test(start_paused = true)]
#[expect(clippy::float_cmp, reason = "they are whole numbers")]
async fn connections_requests_limits_and_phases_are_counted() {
    let page = Page::default();
    let rig = Rig::of(server().metrics(&Metrics::new(page.clone())).connections_per_address(3));
    assert_eq!(rig.connect().closed_after().await, 10);
    let (mut stuck, _silent, mut two_hosts) = (rig.connect(), rig.connect(), rig.connect());
    assert_eq!(rig.connect().closed_after().await, 0);
    stuck.send("GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n").await;
    two_hosts.send("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n").await;
    pass(1).await;
    for (name, expected) in [
        ("accepted_total[]", 5.0),
        ("connections[]", 2.0),
        ("requests_in_flight[]", 1.0),
        ("limited_total[\"header_timeout\"]", 1.0),
        ("limited_total[\"address\"]", 1.0),
        ("limited_total[\"ambiguous\"]", 1.0),
        ("phase[\"serving\"]", 1.0),
        ("phase[\"draining\"]", 0.0),
    ] {
        assert_eq!(page.of(name), expected, "{name}");
    }
    assert_eq!(rig.end().await.aborted_requests(), 1);
    for (name, expected) in [
        ("connections[]", 0.0),
        ("requests_in_flight[]", 0.0),
        ("aborted_total[\"connection\"]", 1.0),
        ("aborted_total[\"request\"]", 1.0),
        ("phase[\"serving\"]", 0.0),
        ("phase[\"ended\"]", 1.0),
    ] {
        assert_eq!(page.of(name), expected, "{name}");
    }
}
