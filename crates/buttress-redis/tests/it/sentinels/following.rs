//! The master is replaced, and calls go to the new one.

use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_redis::{Event, Script};
use buttress_testkit::redis::{Engine, Reply, Sentinels, Server};
use buttress_testkit::until::{DEADLINE, until};
use tokio::time::timeout;

use super::{add, connected, usurp};
use crate::support::{ADD, Crowd, sum};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_it_follows_the_master_and_nothing_runs_twice() {
    for engine in Engine::all() {
        let trio = Server::builder().engine(engine).sentinels().await;
        let redis = connected(&trio).await;
        let crowd = Crowd::of(8, &redis, "t");
        crowd.is_served().await;
        let new = trio.fail_over().await;
        crowd.is_served_within(Duration::from_secs(2)).await;
        crowd.settle().await.agree_with(new, "t").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_died_is_replaced() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    let crowd = Crowd::of(4, &redis, "t");
    crowd.is_served().await;
    let old = trio.master().await;
    old.kill();
    let new = trio.successor(old).await;
    crowd.is_served_within(Duration::from_secs(2)).await;
    crowd.settle().await.agree_with(new, "t").await;
}

/// It works, it says that it is the master, and it is not.
#[tokio::test]
async fn an_old_master_that_still_claims_to_be_one_is_left() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    assert_eq!(add(&redis).await, Some(1));
    let (old, new) = usurp(&trio).await;
    let began = SystemClock.now();
    until("the new one is asked", async || {
        add(&redis).await;
        (sum(new, "t").await > 1).then_some(())
    })
    .await;
    let took = SystemClock.now() - began;
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    assert_eq!(old.info("replication", "role").await, "master", "it still claims");
    let ours = async || {
        let clients = old.command(["CLIENT", "LIST"]).await.text();
        (!clients.contains("name=buttress")).then_some(())
    };
    until("no connection to the old one is left", ours).await;
    let before = (sum(old, "t").await, sum(new, "t").await);
    for _ in 0..10 {
        assert!(add(&redis).await.is_some());
    }
    assert_eq!((sum(old, "t").await, sum(new, "t").await), (before.0, before.1 + 10));
}

#[tokio::test]
async fn a_master_that_slept_does_not_get_its_clients_back() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    assert_eq!(add(&redis).await, Some(1));
    let old = trio.master().await;
    old.freeze();
    let new = trio.successor(old).await;
    until("the new one is asked", async || add(&redis).await).await;
    old.thaw();
    let before = sum(old, "t").await;
    for _ in 0..50 {
        assert!(add(&redis).await.is_some());
    }
    assert!(sum(new, "t").await >= 51);
    assert_eq!(sum(old, "t").await, before);
}

/// A new master has no scripts, from 7.0 on.
#[tokio::test]
async fn scripts_come_along() {
    static ONCE: Script = Script::new("once", 1, "return redis.call('INCR', KEYS[1])");
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    assert!(redis.run(&ONCE, "t").send().await.is_ok());
    let new = trio.fail_over().await;
    new.flush_scripts().await;
    let mut perhaps = 0;
    let reply = until("it is answered", async || match redis.run(&ONCE, "t").send().await {
        Ok(reply) => Some(reply.integer().unwrap()),
        Err(error) => {
            perhaps += i64::from(error.may_have_run());
            None
        }
    })
    .await;
    // The first may not have been copied, on a machine that is busy.
    assert!((1..=2 + perhaps).contains(&reply), "{reply}, {perhaps} unsure");
}

/// It runs after the caller has gone, once: nobody asks again for it.
#[tokio::test]
async fn what_may_have_run_is_not_asked_again() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    assert_eq!(add(&redis).await, Some(1));
    let master = trio.master().await;
    master.pause_clients(Duration::from_millis(200)).await;
    let call = redis.run(&ADD, "t").arg(1_i64).within(Duration::from_millis(50));
    assert!(call.send().await.unwrap_err().may_have_run());
    until("it ran all the same", async || (sum(master, "t").await == 2).then_some(())).await;
    assert_eq!(until("it answers", async || add(&redis).await).await, 3);
}

/// A subscription outlives its handle, and goes where the master is, even if the old one still works.
#[tokio::test]
async fn what_is_told_is_heard_at_the_new_master() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    let mut subscription = redis.subscribe(["news"]).unwrap();
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    assert!(redis.is_connected());
    drop(redis);
    let (old, new) = usurp(&trio).await;
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    assert_eq!(old.info("replication", "role").await, "master", "it still claims");
    assert_eq!(new.command(["PUBLISH", "test:news", "after"]).await, Reply::Integer(1));
    let heard = timeout(DEADLINE, subscription.next()).await.unwrap();
    assert!(matches!(heard, Event::Message { payload, .. } if payload == b"after"));
}
