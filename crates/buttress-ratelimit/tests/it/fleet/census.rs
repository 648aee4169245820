//! Who counts as one of those that share limits.

use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::engine::Degrade;
use buttress_ratelimit::{Charge, Quota};
use buttress_redis::Redis;
use buttress_testkit::redis::{Reply, Server};
use buttress_testkit::until::until;

use super::{Rig, connected, key, patient};

const FLEET: &str = "test:limit-fleet:v1:{limits}";

/// A process is one, however many stores it has over one handle: limits, a throttle, another set of limits.
#[tokio::test]
async fn what_a_process_has_counts_once() {
    let server = Server::start().await;
    let rig =
        |redis: &Redis| Rig::new(patient(redis.clone()), &[(Quota::per_hour(8), Degrade::Local)]);
    let (here, there) = (connected(server.url()).await, connected(server.url()).await);
    let mut rigs = vec![rig(&here), rig(&here), rig(&there)];
    for rig in &rigs {
        assert!(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
    }
    let count = async || server.command(["ZCARD", FLEET]).await.integer();
    until("both are there", async || (count().await == 2).then_some(())).await;
    let knows = async || rigs.iter().all(|rig| rig.store.knows_processes() == 2).then_some(());
    until("each has heard of the other", knows).await;
    // With one of its stores a process does not go.
    drop(rigs.remove(0));
    for _ in 0..10 {
        assert_eq!(count().await, 2);
        TokioTimer.sleep(Duration::from_millis(50)).await;
    }
    drop(rigs.remove(0));
    until("it has gone", async || (count().await == 1).then_some(())).await;
}

/// Who was heard of by a clock that was ahead is not there for an hour.
#[tokio::test]
async fn processes_of_a_clock_that_was_set_back_are_not_counted() {
    let server = Server::start().await;
    server.command(["ZADD", FLEET, "99999999999999", "ghost"]).await;
    let store = patient(connected(server.url()).await);
    let rig = Rig::new(store, &[(Quota::per_hour(8), Degrade::Local)]);
    assert!(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
    let ghost = async || server.command(["ZSCORE", FLEET, "ghost"]).await == Reply::Nil;
    until("it is gone", async || ghost().await.then_some(())).await;
}

/// A process that was killed says no more that it is there: after seven seconds it is not counted.
#[tokio::test]
async fn who_is_silent_for_too_long_is_not_counted() {
    let server = Server::start().await;
    let Reply::Array(time) = server.command(["TIME"]).await else { panic!("no time") };
    let now = time[0].text().parse::<u64>().unwrap() * 1_000;
    for (name, ago) in [("killed", 9_000), ("busy", 1_000)] {
        server.command(["ZADD", FLEET, &(now - ago).to_string(), name]).await;
    }
    let store = patient(connected(server.url()).await);
    let rig = Rig::new(store, &[(Quota::per_hour(8), Degrade::Local)]);
    assert!(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
    let killed = async || server.command(["ZSCORE", FLEET, "killed"]).await == Reply::Nil;
    until("it is gone", async || killed().await.then_some(())).await;
    assert_ne!(server.command(["ZSCORE", FLEET, "busy"]).await, Reply::Nil, "heard of of late");
}

/// A process that ends says so, and nobody has to wait until it was silent for long enough.
#[tokio::test]
async fn who_goes_is_not_counted_any_more() {
    let server = Server::start().await;
    let store = patient(connected(server.url()).await);
    let rig = Rig::new(store, &[(Quota::per_hour(8), Degrade::Local)]);
    assert!(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
    let count = async || server.command(["ZCARD", FLEET]).await.integer();
    until("it is there", async || (count().await == 1).then_some(())).await;
    drop(rig);
    // So that it does not end by itself.
    server.command(["PERSIST", FLEET]).await;
    until("it has gone", async || (count().await == 0).then_some(())).await;
}
