//! Slots: where they are, and that they move.

use std::collections::HashMap;
use std::time::Duration;

use buttress_core::{HealthStatus, Key, Probe};
use buttress_redis::Script;
use buttress_testkit::redis::{Cluster, Engine, Server};
use buttress_testkit::until::until;

use super::{add, connected, errors, other, slot_of, url};
use crate::support::{Crowd, builder, joined, sum};

/// Keys of all slots, by one seed that is a replica.
#[tokio::test]
async fn every_key_finds_its_primary_on_every_engine() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).password("p@ss").cluster().await;
        let replica = cluster.replicas_of(0).await[0];
        let redis = joined(url(&[replica]).replace("//", "//:p%40ss@")).await;
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
