//! Many primaries, and slots that move between them.

use std::collections::HashMap;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::{HealthStatus, Key, Probe};
use buttress_redis::{ErrorKind, Event, Redis, RedisError, Script, Tag};
use buttress_testkit::redis::{Cluster, Engine, Reply, Server};
use buttress_testkit::until::{DEADLINE, until};
use tokio::time::timeout;

use crate::support::{ADD, Crowd, builder, key_of, sum};

fn url(servers: &[&Server]) -> String {
    let places: Vec<_> = servers.iter().map(|server| server.address().to_string()).collect();
    format!("redis+cluster://{}", places.join(","))
}

async fn connected(cluster: &Cluster) -> Redis {
    crate::support::joined(url(&cluster.nodes().iter().collect::<Vec<_>>())).await
}

async fn add(redis: &Redis, tag: impl Into<Tag>) -> Result<i64, RedisError> {
    redis.run(&ADD, tag).arg(1_i64).send().await?.integer()
}

async fn slot_of(cluster: &Cluster, tag: &str) -> u16 {
    cluster.slot_of(&key_of(tag)).await
}

/// A primary that does not serve the slot.
async fn other(cluster: &Cluster, slot: u16) -> &Server {
    let owner = cluster.primary_of(slot).await.address();
    let primaries = cluster.primaries().await;
    primaries.into_iter().find(|primary| primary.address() != owner).unwrap()
}

/// How often a server answered with this error.
async fn errors(server: &Server, code: &str) -> u64 {
    let stats = server.command(["INFO", "errorstats"]).await.text();
    let line =
        stats.lines().find_map(|line| line.strip_prefix(&*format!("errorstat_{code}:count=")));
    line.map_or(0, |count| count.parse().unwrap())
}

/// Keys of all slots, by one seed that is a replica.
#[tokio::test]
async fn every_key_finds_its_primary_on_every_engine() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).password("p@ss").cluster().await;
        let replica = cluster.replicas_of(0).await[0];
        let redis = crate::support::joined(url(&[replica]).replace("//", "//:p%40ss@")).await;
        for byte in 0..=63 {
            let key = Key::from_bytes([byte; 16]);
            assert_eq!(add(&redis, key).await.unwrap(), 1);
            let owner = cluster.primary_of(slot_of(&cluster, &key.to_string()).await).await;
            assert_eq!(sum(owner, &key.to_string()).await, 1);
        }
        for node in cluster.nodes() {
            assert_eq!(errors(node, "MOVED").await, 0, "all went straight");
        }
        let health = redis.check().await;
        let details: HashMap<_, _> = health.details().collect();
        assert_eq!(health.status(), HealthStatus::Up, "{health:?}");
        assert_eq!((details["topology"], details["primaries"]), ("cluster", "3 of 3"));
    }
}

#[tokio::test]
async fn a_slot_that_moved_is_found_and_remembered() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let slot = slot_of(&cluster, "t").await;
    assert_eq!(add(&redis, "t").await.unwrap(), 1);
    let (old, new) = (cluster.primary_of(slot).await, other(&cluster, slot).await);
    cluster.move_slot(slot, new).await;
    for expected in 2..=20 {
        assert_eq!(add(&redis, "t").await.unwrap(), expected);
    }
    assert_eq!(sum(new, "t").await, 20);
    assert_eq!(errors(old, "MOVED").await, 1, "it was told once");
}

/// Half-way, a key is at one or the other, and a server says `ASK`.
#[tokio::test]
async fn a_slot_on_its_way_is_asked_for_at_both() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).cluster().await;
        let redis = connected(&cluster).await;
        let slot = slot_of(&cluster, "t").await;
        let (old, new) = (cluster.primary_of(slot).await, other(&cluster, slot).await);
        cluster.begin_move(slot, new).await;
        for expected in 1..=10 {
            assert_eq!(add(&redis, "t").await.unwrap(), expected);
        }
        assert_eq!(errors(old, "ASK").await, 10, "the map does not change for that");
        cluster.finish_move(slot, new).await;
        assert_eq!(sum(new, "t").await, 10);
        assert_eq!(add(&redis, "t").await.unwrap(), 11);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_slot_moves_and_nothing_fails_or_runs_twice() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let slot = slot_of(&cluster, "t").await;
    let crowd = Crowd::of(8, &redis, "t");
    crowd.is_served().await;
    let new = other(&cluster, slot).await;
    cluster.begin_move(slot, new).await;
    crowd.is_served().await;
    cluster.finish_move(slot, new).await;
    crowd.is_served_within(Duration::from_secs(2)).await;
    let heard = crowd.settle().await;
    let lost = heard.agree_with(new, "t").await;
    assert!(lost.is_empty(), "what was answered is there: {lost:?}");
}

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

/// Both keys of a call are on their way, and one has arrived.
#[tokio::test]
async fn a_call_waits_a_moment_for_keys_that_are_apart() {
    static BOTH: Script =
        Script::new("both", 1, "return redis.call('INCR', KEYS[1]) + redis.call('INCR', KEYS[2])")
            .keys(&["a", "b"]);
    let cluster = Cluster::start().await;
    let redis = builder(url(&[&cluster.nodes()[0]])).response_timeout(Duration::from_secs(10));
    let redis = redis.build().unwrap();
    redis.connected().await.unwrap();
    let slot = cluster.slot_of("{t}").await;
    let (old, new) = (cluster.primary_of(slot).await, other(&cluster, slot).await);
    let _ = old.command(["INCR", "test:both:v1:{t}:a"]).await.accepted();
    cluster.begin_move(slot, new).await;
    let call = tokio::spawn({
        let redis = redis.clone();
        async move { redis.run(&BOTH, "t").send().await }
    });
    let told =
        async || (errors(old, "TRYAGAIN").await + errors(new, "TRYAGAIN").await > 1).then_some(());
    until("it is told to try again", told).await;
    cluster.finish_move(slot, new).await;
    assert_eq!(call.await.unwrap().unwrap().integer().unwrap(), 3, "it ran once");
    drop(redis);
}

/// A primary without a slot is on nobody's map, until it takes its first.
#[tokio::test]
async fn a_server_that_is_new_gets_its_first_slot() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let slot = slot_of(&cluster, "t").await;
    let new = cluster.replicas_of(slot).await[0];
    let old = cluster.primary_of(slot).await;
    let _ = new.command(["CLUSTER", "RESET", "SOFT"]).await.accepted();
    let port = new.address().port().to_string();
    let _ = old.command(["CLUSTER", "MEET", "127.0.0.1", &port]).await.accepted();
    until("it is known", async || {
        let id = new.command(["CLUSTER", "MYID"]).await.text();
        let known = old.command(["CLUSTER", "NODES"]).await.text();
        let primary = known.lines().any(|line| line.starts_with(&id) && line.contains(" master "));
        let ok = new.command(["CLUSTER", "INFO"]).await.text().contains("cluster_state:ok");
        (primary && ok).then_some(())
    })
    .await;
    cluster.begin_move(slot, new).await;
    for expected in 1..=5 {
        assert_eq!(add(&redis, "t").await.unwrap(), expected, "it is asked there");
    }
    cluster.finish_move(slot, new).await;
    assert_eq!(add(&redis, "t").await.unwrap(), 6);
    assert_eq!(sum(new, "t").await, 6);
}

#[tokio::test]
async fn one_seed_that_lives_is_enough_and_all_may_come_later() {
    let cluster = Cluster::start().await;
    let dead = Server::start().await;
    dead.kill();
    let redis = crate::support::joined(url(&[&dead, &cluster.nodes()[3]])).await;
    assert_eq!(add(&redis, "t").await.unwrap(), 1);

    let early = builder(url(&[&dead])).build().unwrap();
    assert_eq!(add(&early, "t").await.unwrap_err().kind(), ErrorKind::Unreachable);
    let health = early.check().await;
    assert_eq!(health.status(), HealthStatus::Down);
    dead.restart().await;
    let told = async || {
        let health = early.check().await;
        health
            .message()
            .is_some_and(|words| words.contains("cluster support disabled"))
            .then_some(())
    };
    until("it is told that this is no cluster", told).await;
}

#[tokio::test]
async fn the_last_handle_takes_all_tasks_with_it() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let ours = async || {
        let mut count = 0;
        for node in cluster.nodes() {
            let clients = node.command(["CLIENT", "LIST"]).await.text();
            count += clients.matches("name=buttress").count();
        }
        count
    };
    assert_eq!(ours().await, 6, "two to each primary");
    drop(redis);
    until("nobody is connected", async || (ours().await == 0).then_some(())).await;
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

/// By a seed that is a replica; and by a primary that dies, of those that live.
#[tokio::test]
async fn what_is_told_is_heard_at_any_primary() {
    let cluster = Cluster::start().await;
    let replica = cluster.replicas_of(0).await[0];
    let redis = crate::support::joined(url(&[replica])).await;
    let mut subscription = redis.subscribe(["news"]).unwrap();
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    redis.publish("news", "before").await.unwrap();
    let heard = timeout(DEADLINE, subscription.next()).await.unwrap();
    assert!(matches!(heard, Event::Message { payload, .. } if payload == b"before"));

    let mut listened_at = None;
    for primary in cluster.primaries().await {
        let clients = primary.command(["CLIENT", "LIST"]).await.text();
        if clients.contains(" sub=1 ") {
            listened_at = Some(primary);
        }
    }
    listened_at.unwrap().kill();
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    assert!(redis.is_connected(), "to the others");
}

#[cfg(feature = "deadpool")]
#[tokio::test]
async fn calls_that_wait_go_to_the_primary_of_their_tag() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let blocking = redis.blocking(1).unwrap();
    for byte in 0..=15 {
        let key = Key::from_bytes([byte; 16]);
        let reply = blocking.run(&ADD, key).arg(1_i64).within(DEADLINE).await.unwrap();
        assert_eq!(reply.integer().unwrap(), 1);
    }
    assert!(blocking.command("PING").within(DEADLINE).await.is_ok(), "at any");

    let slot = slot_of(&cluster, "t").await;
    let new = other(&cluster, slot).await;
    cluster.move_slot(slot, new).await;
    let _ = until("it is found", async || {
        let call = blocking.run(&ADD, "t").arg(1_i64).within(DEADLINE);
        call.await.inspect_err(|error| assert!(!error.may_have_run(), "{error}")).ok()
    })
    .await;
    assert_eq!(sum(new, "t").await, 1);
}
