//! Who subscribes hears of each change.

use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::TokioClock;
use buttress_health::{HealthChecks, Status};
use buttress_testkit::paused::pass;
use buttress_testkit::poll::Wakes;

use crate::support::{Dependency, run};

#[tokio::test(start_paused = true)]
async fn each_change_is_heard() {
    let database = Dependency::new(Health::up());
    let check = database.check("db").every(Duration::from_secs(1));
    let health = HealthChecks::builder().clock(TokioClock::new()).check(check).build().unwrap();
    let mut changes = health.subscribe();
    let mut others: Vec<_> = (0..100).map(|_| health.subscribe()).collect();
    let running = run(&health);
    let mut until = async |wanted: Status| {
        while changes.changed().await != wanted {}
        health.status()
    };
    assert_eq!(until(Status::Ok).await, Status::Ok);
    database.set(Health::down("gone"));
    assert_eq!(until(Status::Down).await, Status::Down);
    database.set(Health::up());
    assert_eq!(until(Status::Ok).await, Status::Ok);

    // What becomes too old is a change, too; the one who looks after the whole tells of it.
    drop(running);
    let overseer = health.tasks(&buttress_core::clock::TokioTimer).next().unwrap();
    tokio::spawn(overseer);
    assert_eq!(until(Status::Down).await, Status::Down);
    health.drain();
    assert_eq!(until(Status::Draining).await, Status::Draining);
    for other in &mut others {
        assert_eq!(other.changed().await, Status::Draining);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_heard_while_nothing_changes() {
    let database = Dependency::new(Health::up());
    let check = database.check("db").every(Duration::from_secs(1));
    let health = HealthChecks::builder().clock(TokioClock::new()).check(check).build().unwrap();
    let _running = run(&health);
    pass(Duration::from_secs(1)).await;
    let mut changes = health.subscribe();
    let quiet = tokio::time::timeout(Duration::from_secs(3), changes.changed()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

/// Neither when results would have become too old, nor when memory is read for the summary.
#[tokio::test(start_paused = true)]
async fn nothing_is_heard_for_as_long_as_nothing_changes() {
    let database = Dependency::new(Health::up());
    let check = database.check("db").every(Duration::from_secs(1));
    let builder = HealthChecks::builder().clock(TokioClock::new()).summary(true);
    let health = builder.check(check).build().unwrap();
    let _running = run(&health);
    pass(Duration::from_secs(1)).await;
    let mut changes = health.subscribe();
    let quiet = tokio::time::timeout(Duration::from_secs(600), changes.changed()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[test]
fn who_no_longer_listens_is_forgotten() {
    let health = HealthChecks::default();
    let (mut one, mut two) = (health.subscribe(), health.subscribe());
    let (first, second) = (Wakes::new(), Wakes::new());
    assert!(first.enter(|cx| one.poll_changed(cx)).is_pending());
    assert!(second.enter(|cx| two.poll_changed(cx)).is_pending());
    drop(one);
    health.drain();
    assert_eq!((first.count(), second.count()), (0, 1));
    assert!(second.enter(|cx| two.poll_changed(cx)).is_ready());
}
