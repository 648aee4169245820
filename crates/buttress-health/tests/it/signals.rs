//! What is told to metrics and to the log.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::TokioClock;
use buttress_core::metrics::{
    Counter, CounterSink, Description, Gauge, GaugeSink, Histogram, HistogramSink, Metrics,
    Recorder,
};
use buttress_core::sync::Lock;
use buttress_health::HealthChecks;

use crate::support::{Dependency, hanging, pass, run};

/// Keeps every series: what was counted, what was set last, how many values were noted.
#[derive(Clone, Default)]
struct Page(Arc<Lock<BTreeMap<String, f64>>>);

struct Series(Page, String);

impl Page {
    fn series(&self, metric: &Description, values: &[&str]) -> Arc<Series> {
        Arc::new(Series(self.clone(), format!("{}{values:?}", metric.name())))
    }

    fn of(&self, series: &str) -> Option<f64> {
        self.0.lock().get(series).copied()
    }
}

impl Series {
    fn add(&self, by: f64) {
        *self.0.0.lock().entry(self.1.clone()).or_default() += by;
    }
}

impl CounterSink for Series {
    fn increment(&self, by: u64) {
        self.add(f64::from(u32::try_from(by).unwrap()));
    }
}

impl GaugeSink for Series {
    fn set(&self, level: f64) {
        self.0.0.lock().insert(self.1.clone(), level);
    }
    fn add(&self, difference: f64) {
        Self::add(self, difference);
    }
}

impl HistogramSink for Series {
    fn record(&self, _: f64) {
        self.add(1.0);
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

#[tokio::test(start_paused = true)]
async fn each_check_is_counted() {
    let page = Page::default();
    let database = Dependency::new(Health::up());
    let health = HealthChecks::builder()
        .clock(TokioClock::new())
        .metrics(Metrics::new(page.clone()))
        .check(database.check("db").every(Duration::from_secs(1)))
        .check(hanging("mail").degrading().every(Duration::from_secs(1)))
        .build()
        .unwrap();
    let _running = run(&health);
    pass(Duration::from_millis(10)).await;
    assert_eq!(page.of(r#"buttress_health_check_status["db"]"#), Some(1.0));
    assert_eq!(page.of(r#"buttress_health_check_status["mail"]"#), None, "it has not come back");
    assert_eq!(page.of("buttress_health_ready[]"), Some(1.0));

    database.set(Health::down("gone"));
    pass(Duration::from_secs(5)).await;
    assert_eq!(page.of(r#"buttress_health_check_status["db"]"#), Some(0.0));
    assert_eq!(page.of(r#"buttress_health_check_transitions_total["db", "down"]"#), Some(1.0));
    assert_eq!(page.of(r#"buttress_health_check_transitions_total["db", "up"]"#), Some(1.0));
    assert_eq!(page.of("buttress_health_ready[]"), Some(0.0));
    assert_eq!(page.of(r#"buttress_health_changes_total["down"]"#), Some(1.0));
    let runs = page.of(r#"buttress_health_check_duration_seconds["db"]"#).unwrap();
    assert!((4.0..=6.0).contains(&runs), "{runs}");
    assert!(page.of(r#"buttress_health_check_duration_seconds["mail"]"#) >= Some(1.0));

    health.drain();
    health.drain();
    assert_eq!(page.of(r#"buttress_health_changes_total["draining"]"#), Some(1.0));
}

/// Keeps the lines of the log, with their fields.
#[derive(Clone, Default)]
struct Lines(Arc<Lock<Vec<String>>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "buttress"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Line(String);
        impl tracing::field::Visit for Line {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                write!(self.0, " {field}={value:?}").unwrap();
            }
        }
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().push(line.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_transition_is_told_once() {
    let lines = Lines::default();
    let _listening = tracing::subscriber::set_default(lines.clone());
    let taken = || std::mem::take(&mut *lines.0.lock());
    let database = Dependency::new(Health::up());
    let health = HealthChecks::builder()
        .clock(TokioClock::new())
        .check(database.check("db").every(Duration::from_secs(1)))
        .build()
        .unwrap();
    let running = run(&health);
    pass(Duration::from_secs(10)).await;
    let told = taken();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[0].contains("from=\"none\" to=starting"), "{told:#?}");
    assert_eq!(
        told[1],
        "INFO message=health: check changed check=\"db\" importance=\"critical\" from=pending to=up"
    );
    assert!(told[2].starts_with("INFO message=health: readiness changed"), "{told:#?}");

    database.set(Health::down("postgres://app:hunter2@db refused"));
    pass(Duration::from_secs(10)).await;
    let told = taken();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].starts_with("WARN message=health: check changed"), "{told:#?}");
    assert!(told[0].contains("postgres://***@db refused"), "{told:#?}");
    assert!(told[1].contains("from=\"ok\" to=down"), "{told:#?}");

    database.set(Health::up());
    pass(Duration::from_secs(2)).await;
    drop(running);
    taken();
    tokio::spawn(health.tasks(&buttress_core::clock::TokioTimer).next().unwrap());
    pass(Duration::from_secs(200)).await;
    let told = taken();
    let old = told.iter().filter(|line| line.contains("results are too old checks=1")).count();
    assert_eq!(old, 1, "{told:#?}");
    health.drain();
    health.drain();
    pass(Duration::from_secs(10)).await;
    assert_eq!(taken(), ["INFO message=health: draining"]);
}
