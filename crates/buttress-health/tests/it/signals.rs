//! What is told to metrics and to the log.

use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::TokioClock;
use buttress_core::metrics::Metrics;
use buttress_health::{HealthChecks, HealthChecksBuilder};
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use buttress_testkit::paused::pass;

use crate::support::{Dependency, hanging, run};

/// One dependency that is asked every second, and a page for the metrics.
fn watched() -> (Page, Dependency, HealthChecksBuilder) {
    let page = Page::default();
    let database = Dependency::new(Health::up());
    let health = HealthChecks::builder()
        .clock(TokioClock::new())
        .metrics(Metrics::new(page.clone()))
        .check(database.check("db").every(Duration::from_secs(1)));
    (page, database, health)
}

#[tokio::test(start_paused = true)]
async fn each_check_is_counted() {
    let (page, database, health) = watched();
    let mail = hanging("mail").degrading().every(Duration::from_secs(1));
    let health = health.check(mail).build().unwrap();
    let _running = run(&health);
    pass(Duration::from_millis(10)).await;
    assert_eq!(page.of("buttress_health_check_status db"), Some(1.0));
    assert_eq!(page.of("buttress_health_check_status mail"), None, "it has not come back");
    assert_eq!(page.of("buttress_health_ready"), Some(1.0));

    database.set(Health::down("gone"));
    pass(Duration::from_secs(5)).await;
    assert_eq!(page.of("buttress_health_check_status db"), Some(0.0));
    assert_eq!(page.of("buttress_health_check_transitions_total db down"), Some(1.0));
    assert_eq!(page.of("buttress_health_check_transitions_total db up"), Some(1.0));
    assert_eq!(page.of("buttress_health_ready"), Some(0.0));
    assert_eq!(page.of("buttress_health_changes_total down"), Some(1.0));
    let runs = page.of("buttress_health_check_duration_seconds db").unwrap();
    assert!((4.0..=6.0).contains(&runs), "{runs}");
    assert!(page.of("buttress_health_check_duration_seconds mail") >= Some(1.0));

    health.drain();
    health.drain();
    assert_eq!(page.of("buttress_health_changes_total draining"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn a_transition_is_told_once() {
    let log = Log::default();
    let _listening = log.listen();
    let taken = || log.take();
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

/// Whoever runs the tasks twice hears of a change once all the same.
#[tokio::test(start_paused = true)]
async fn a_transition_is_told_once_however_often_it_is_run() {
    let log = Log::default();
    let _listening = log.listen();
    let (page, database, health) = watched();
    let health = health.build().unwrap();
    let _running = [run(&health), run(&health)];
    pass(Duration::from_secs(10)).await;
    let _ = log.take();
    database.set(Health::down("gone"));
    pass(Duration::from_secs(10)).await;
    let told = log.take();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert_eq!(page.of("buttress_health_changes_total down"), Some(1.0));
}

/// What stops and is started again goes on where it was.
#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn nothing_is_told_anew_by_those_who_take_over() {
    let log = Log::default();
    let _listening = log.listen();
    let (page, database, health) = watched();
    let health = health.build().unwrap();
    let running = health.spawn();
    pass(Duration::from_secs(10)).await;
    running.stop().await;
    let _ = log.take();
    let running = health.spawn();
    pass(Duration::from_secs(10)).await;
    assert_eq!(log.take(), [""; 0]);
    assert_eq!(page.of("buttress_health_changes_total ok"), Some(1.0));

    database.set(Health::down("gone"));
    pass(Duration::from_secs(2)).await;
    let told = log.take();
    assert!(told[1].contains("from=\"ok\" to=down"), "{told:#?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_any_more_is_not_counted_as_up() {
    let (page, _database, health) = watched();
    let health = health.build().unwrap();
    let mut tasks = health.tasks(&buttress_core::clock::TokioTimer);
    let (overseer, check) = (tasks.next().unwrap(), tasks.next().unwrap());
    let _looking = tokio::spawn(overseer);
    let checking = tokio::spawn(check);
    pass(Duration::from_secs(5)).await;
    assert_eq!(page.of("buttress_health_check_status db"), Some(1.0));
    checking.abort();
    pass(Duration::from_secs(60)).await;
    assert_eq!(page.of("buttress_health_check_status db"), Some(0.0));
    let _again = tokio::spawn(health.tasks(&buttress_core::clock::TokioTimer).nth(1).unwrap());
    pass(Duration::from_secs(1)).await;
    assert_eq!(page.of("buttress_health_check_status db"), Some(1.0));
}
