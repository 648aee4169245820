//! Primaries that fail, and replicas that take over.

use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::{HealthStatus, Probe};
use buttress_redis::{ErrorKind, Script};
use buttress_testkit::redis::{Cluster, Engine, Reply, Server};
use buttress_testkit::until::until;

use super::{add, connected, slot_of};
use crate::support::{ADD, Crowd, sum};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_replica_takes_over() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).cluster().await;
        let redis = connected(&cluster).await;
        let slot = slot_of(&cluster, "t").await;
        let crowd = Crowd::of(8, &redis, "t");
        crowd.is_served().await;
        let new = cluster.fail_over(slot).await;
        crowd.is_served_within(Duration::from_secs(2)).await;
        crowd.settle().await.agree_with(new, "t").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_died_is_replaced() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let slot = slot_of(&cluster, "t").await;
    let crowd = Crowd::of(8, &redis, "t");
    crowd.is_served().await;
    let old = cluster.kill_primary_of(slot).await;
    let new = cluster.successor(slot, old).await;
    crowd.is_served_within(Duration::from_secs(2)).await;
    crowd.settle().await.agree_with(new, "t").await;
    let well = async || {
        let health = redis.check().await;
        (health.status() == HealthStatus::Up).then_some(())
    };
    until("the dead one is forgotten", well).await;
}

/// The sleeper still claims its slots when it wakes.
#[tokio::test]
async fn a_primary_that_slept_is_not_asked_again() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let slot = slot_of(&cluster, "t").await;
    assert_eq!(add(&redis, "t").await.unwrap(), 1);
    let old = cluster.primary_of(slot).await;
    old.freeze();
    let new = cluster.successor(slot, old).await;
    until("the new one is asked", async || add(&redis, "t").await.ok()).await;
    old.thaw();
    for _ in 0..50 {
        add(&redis, "t").await.unwrap();
    }
    assert!(sum(new, "t").await >= 51);
}

#[tokio::test]
async fn scripts_are_there_before_they_are_asked_for() {
    static SEEN: Script = Script::new("seen", 1, "return redis.call('INCR', KEYS[1]) + 41");
    let alone = Server::start().await;
    let source = "return redis.call('INCR', KEYS[1]) + 41";
    let digest = alone.command(["SCRIPT", "LOAD", source]).await.text();
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let slot = slot_of(&cluster, "t").await;
    assert!(redis.run(&SEEN, "t").send().await.is_ok());
    let replica = cluster.replicas_of(slot).await[0];
    replica.flush_scripts().await;
    let new = cluster.fail_over(slot).await;
    assert_eq!(new.address(), replica.address());
    // By this it learns of the change.
    assert!(add(&redis, "t").await.is_ok());
    until("it has the script", async || {
        let has = new.command(["SCRIPT", "EXISTS", &digest]).await;
        (has.items() == [Reply::Integer(1)]).then_some(())
    })
    .await;
    assert_eq!(redis.run(&SEEN, "t").send().await.unwrap().integer().unwrap(), 43);
}

#[tokio::test]
async fn a_part_that_is_down_does_not_take_the_others_along() {
    let cluster = Server::builder().config("cluster-require-full-coverage no").cluster().await;
    let redis = connected(&cluster).await;
    let slot = slot_of(&cluster, "t").await;
    for replica in cluster.replicas_of(slot).await {
        replica.kill();
    }
    let down = cluster.kill_primary_of(slot).await;
    let degraded = async || {
        let health = redis.check().await;
        let said = health.message() == Some("2 of 3 primaries can be reached");
        (said && health.status() == HealthStatus::Degraded).then_some(())
    };
    until("it is told", degraded).await;
    let tags = ["a", "b", "c", "d", "e", "f", "g", "h", "t"];
    let (mut served, mut refused) = (0, 0);
    for tag in tags {
        match add(&redis, tag).await {
            Ok(_) => served += 1,
            Err(error) => {
                assert!(!error.may_have_run(), "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(served > 0 && refused > 0, "{served} {refused}");
    assert_eq!(add(&redis, "t").await.unwrap_err().kind(), ErrorKind::Unreachable);
    down.restart().await;
    let began = SystemClock.now();
    until("it comes back", async || add(&redis, "t").await.ok()).await;
    let took = SystemClock.now() - began;
    assert!(took < Duration::from_secs(4), "the cluster itself takes a second or two: {took:?}");
}

/// It runs after the caller has gone, once: nobody asks again for it.
#[tokio::test]
async fn what_may_have_run_is_not_asked_again() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    assert_eq!(add(&redis, "t").await.unwrap(), 1);
    let primary = cluster.primary_of(slot_of(&cluster, "t").await).await;
    primary.pause_clients(Duration::from_millis(200)).await;
    let call = redis.run(&ADD, "t").arg(1_i64).within(Duration::from_millis(50));
    assert_eq!(call.send().await.unwrap_err().kind(), ErrorKind::Ambiguous);
    until("it ran all the same", async || (sum(primary, "t").await == 2).then_some(())).await;
    assert_eq!(until("it answers", async || add(&redis, "t").await.ok()).await, 3);
}
