//! A master that sentinels replace.

use std::collections::HashMap;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::{HealthStatus, Probe};
use buttress_redis::{Event, Redis, Script};
use buttress_testkit::redis::{Engine, Reply, Sentinels, Server};
use buttress_testkit::until::{DEADLINE, until};
use tokio::time::timeout;

use crate::support::{ADD, Crowd, builder, sum};

fn url(addresses: &[std::net::SocketAddr]) -> String {
    let places: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    format!("redis+sentinel://{}/{}", places.join(","), Sentinels::NAME)
}

async fn connected(trio: &Sentinels) -> Redis {
    crate::support::joined(url(&trio.addresses())).await
}

async fn add(redis: &Redis) -> Option<i64> {
    redis.run(&ADD, "t").arg(1_i64).send().await.ok()?.integer().ok()
}

/// Lets another node be the master, and does not tell the old one.
async fn usurp(trio: &Sentinels) -> (&Server, &Server) {
    let old = trio.master().await;
    let order = ["SENTINEL", "FAILOVER", Sentinels::NAME];
    until("they agree to fail over", async || {
        (!trio.sentinels()[0].command(order).await.is_error()).then_some(())
    })
    .await;
    (old, trio.successor(old).await)
}

#[tokio::test]
async fn it_finds_the_master_on_every_engine() {
    for engine in Engine::all() {
        let trio = Server::builder().engine(engine).password("p@ss").sentinels().await;
        // One of them is enough to learn of the others.
        let url = url(&trio.addresses()[1..2]).replace("//", "//:p%40ss@");
        let redis = crate::support::joined(url).await;
        assert_eq!(add(&redis).await, Some(1));
        assert_eq!(sum(trio.master().await, "t").await, 1);
        let master = trio.master().await.address().to_string();
        until("all are known", async || {
            let health = redis.check().await;
            let details: HashMap<_, _> = health.details().collect();
            assert_eq!(health.status(), HealthStatus::Up, "{health:?}");
            assert_eq!((details["topology"], details["master"]), ("sentinel", &*master));
            (details["sentinels"] == "3 of 3").then_some(())
        })
        .await;
    }
}

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

#[tokio::test]
async fn without_sentinels_it_goes_on_and_says_so() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    for sentinel in trio.sentinels() {
        sentinel.kill();
    }
    let degraded = async || {
        let health = redis.check().await;
        let known = health.message().is_some_and(|words| words.contains("no sentinel answers"));
        (known && health.status() == HealthStatus::Degraded).then_some(())
    };
    until("they are missed", degraded).await;
    assert!(add(&redis).await.is_some());
    // Only one comes back: it is enough to follow.
    trio.sentinels()[2].restart().await;
    let up = async || (redis.check().await.status() == HealthStatus::Up).then_some(());
    until("one is heard again", up).await;
}

/// Those that it learned of are enough.
#[tokio::test]
async fn the_one_in_the_url_may_be_gone() {
    let trio = Sentinels::start().await;
    let redis = crate::support::joined(url(&trio.addresses()[..1])).await;
    until("all are known", async || {
        let health = redis.check().await;
        health.details().any(|detail| detail == ("sentinels", "3 of 3")).then_some(())
    })
    .await;
    trio.sentinels()[0].kill();
    let old = trio.master().await;
    old.kill();
    let new = trio.successor(old).await;
    until("the new one is asked", async || add(&redis).await).await;
    assert!(sum(new, "t").await > 0);
}

#[tokio::test]
async fn sentinels_have_users_of_their_own() {
    let trio = Sentinels::start().await;
    for sentinel in trio.sentinels() {
        let mut client = sentinel.client().await.unwrap();
        let user = ["ACL", "SETUSER", "watcher", "on", ">secret", "allchannels", "+@all"];
        let _ = client.command(user).await.unwrap().accepted();
        let _ = client.command(["ACL", "SETUSER", "default", "off"]).await.unwrap().accepted();
    }
    let url = url(&trio.addresses());
    let stranger = builder(url.clone()).build().unwrap();
    assert!(stranger.connected().await.is_err());
    let health = stranger.check().await;
    assert!(health.message().unwrap().contains("no sentinel answers"), "{health:?}");
    let known = builder(url).sentinel_login(Some("watcher".to_owned()), "secret").build().unwrap();
    assert!(!format!("{known:?}").contains("secret"));
    known.connected().await.unwrap();
    assert!(add(&known).await.is_some());
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told() {
    let trio = Sentinels::start().await;
    let redis = builder(url(&trio.addresses()).replace("/fleet", "/fleets")).build().unwrap();
    assert!(redis.connected().await.is_err());
    let health = redis.check().await;
    assert_eq!(health.status(), HealthStatus::Down);
    assert!(health.message().unwrap().contains("master"), "{health:?}");
}

/// Nobody is left who asks the sentinels.
#[tokio::test]
async fn the_last_handle_takes_all_tasks_with_it() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    let master = trio.master().await;
    let listening = async || {
        let mut count = 0;
        for sentinel in trio.sentinels() {
            let clients = sentinel.command(["CLIENT", "LIST"]).await.text();
            count += clients.matches(" sub=1 ").count();
        }
        count
    };
    until("all are listened to", async || (listening().await == 3).then_some(())).await;
    drop(redis.clone());
    assert_eq!(listening().await, 3);
    drop(redis);
    until("nobody listens", async || (listening().await == 0).then_some(())).await;
    let clients = async || {
        let clients = master.command(["CLIENT", "LIST"]).await.text();
        (!clients.contains("name=buttress")).then_some(())
    };
    until("nobody is connected", clients).await;
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

#[cfg(feature = "deadpool")]
#[tokio::test]
async fn calls_that_wait_go_to_the_new_master() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    let blocking = redis.blocking(1).unwrap();
    let add = async || blocking.run(&ADD, "t").arg(1_i64).within(DEADLINE).await;
    assert!(add().await.is_ok());
    let (_, new) = usurp(&trio).await;
    until("the new one is asked", async || {
        let _ = add().await;
        (sum(new, "t").await > 1).then_some(())
    })
    .await;
}
