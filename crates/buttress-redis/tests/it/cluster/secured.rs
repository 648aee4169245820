//! A cluster that speaks TLS: to every node that anybody names, and to nobody else.

use std::time::Duration;

use buttress_core::{HealthStatus, Key, Probe};
use buttress_redis::{Event, Redis};
use buttress_testkit::log::Log;
use buttress_testkit::redis::{Cluster, Engine, Server};
use buttress_testkit::until::{DEADLINE, until};
use tokio::time::timeout;

use super::{add, errors, other, slot_of};
use crate::support::{Crowd, builder, sum};
use crate::tls::front::Front;
use crate::tls::witness::Witness;
use crate::tls::{KIT, OTHER, trusted, trusting};

fn url(servers: &[&Server]) -> String {
    super::url(servers).replacen("redis", "rediss", 1)
}

async fn connected(redis: Redis) -> Redis {
    until("all are connected", async || redis.connected().await.ok()).await;
    redis
}

/// Waits longer for answers than a busy machine makes it wait.
fn patient(url: &str) -> Redis {
    let builder = builder(url).response_timeout(Duration::from_secs(10));
    builder.tls(trusting([KIT])).build().unwrap()
}

async fn with_tls(engine: Engine) -> (Cluster, Redis) {
    let cluster = Server::builder().engine(engine).tls().cluster().await;
    let redis = connected(trusted(url(&[&cluster.nodes()[0]]))).await;
    (cluster, redis)
}

/// By one seed that is a replica.
#[tokio::test]
async fn every_key_finds_its_primary_on_every_engine() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).password("p@ss").tls().cluster().await;
        let replica = cluster.replicas_of(0).await[0];
        let url = url(&[replica]).replace("//", "//:p%40ss@");
        let redis = connected(patient(&url)).await;
        for byte in 0..=15 {
            let key = Key::from_bytes([byte; 16]);
            assert_eq!(add(&redis, key).await.unwrap(), 1);
            let owner = cluster.primary_of(slot_of(&cluster, &key.to_string()).await).await;
            assert_eq!(sum(owner, &key.to_string()).await, 1);
        }
        for node in cluster.nodes() {
            assert_eq!(errors(node, "MOVED").await, 0, "all went straight");
        }
        let health = redis.check().await;
        assert_eq!(health.status(), HealthStatus::Up, "{health:?}");
    }
}

/// Half-way a server says `ASK`, and then `MOVED`: both name where TLS is spoken.
#[tokio::test]
async fn a_slot_that_moves_is_followed() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).tls().cluster().await;
        let redis = connected(patient(&url(&[&cluster.nodes()[0]]))).await;
        let slot = slot_of(&cluster, "t").await;
        let (old, new) = (cluster.primary_of(slot).await, other(&cluster, slot).await);
        cluster.begin_move(slot, new).await;
        for expected in 1..=5 {
            assert_eq!(add(&redis, "t").await.unwrap(), expected);
        }
        assert_eq!(errors(old, "ASK").await, 5);
        cluster.finish_move(slot, new).await;
        for expected in 6..=10 {
            assert_eq!(add(&redis, "t").await.unwrap(), expected);
        }
        assert_eq!(sum(new, "t").await, 10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_replica_takes_over() {
    for engine in Engine::all() {
        let (cluster, redis) = with_tls(engine).await;
        let slot = slot_of(&cluster, "t").await;
        let crowd = Crowd::of(8, &redis, "t");
        crowd.is_served().await;
        let new = cluster.fail_over(slot).await;
        crowd.is_served_within(Duration::from_secs(2)).await;
        crowd.settle().await.agree_with(new, "t").await;
    }
}

#[tokio::test]
async fn what_is_told_is_heard() {
    let (_cluster, redis) = with_tls(Engine::first()).await;
    let mut subscription = redis.subscribe(["news"]).unwrap();
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    redis.publish("news", "rain").await.unwrap();
    let heard = timeout(DEADLINE, subscription.next()).await.unwrap();
    assert!(matches!(heard, Event::Message { payload, .. } if payload == b"rain"));
}

/// Nodes have told their host names since 7.0, if they are set to.
#[tokio::test]
async fn a_certificate_is_asked_for_the_name_that_is_announced() {
    for engine in Engine::all().into_iter().filter(|engine| engine.version() >= (7, 0)) {
        let cluster = Server::builder()
            .engine(engine)
            .tls()
            .config("cluster-announce-hostname localhost")
            .config("cluster-preferred-endpoint-type hostname")
            .cluster()
            .await;
        for node in cluster.nodes() {
            until("all names are known", async || {
                let slots = node.command(["CLUSTER", "SLOTS"]).await;
                let mut primaries = slots.items().iter().map(|range| &range.items()[2].items()[0]);
                primaries.all(|host| host.text() == "localhost").then_some(())
            })
            .await;
        }
        let url = url(&[&cluster.nodes()[0]]);
        for (expected, builder) in [
            // The seed has the name by which we know it.
            (&["127.0.0.1", "localhost"][..], builder(&url)),
            (&["localhost"], builder(url.replace("127.0.0.1", "localhost"))),
            (&["127.0.0.1"], builder(&url).server_name("127.0.0.1")),
        ] {
            let witness = Witness::new();
            let redis = connected(builder.tls(witness.config()).build().unwrap()).await;
            let slot = slot_of(&cluster, "t").await;
            cluster.move_slot(slot, other(&cluster, slot).await).await;
            until("it is followed", async || add(&redis, "t").await.ok()).await;
            assert_eq!(witness.names(), expected);
        }
    }
}

/// A node says of itself that it is somewhere else, where somebody else is.
async fn announces(node: &Server, port: u16) {
    let port = port.to_string();
    // Which of the two counts depends on whether it was built with TLS.
    let _ = node.command(["CONFIG", "SET", "cluster-announce-tls-port", &port]).await;
    let _ = node.command(["CONFIG", "SET", "cluster-announce-port", &port]).await.accepted();
}

#[tokio::test]
async fn whom_a_redirect_names_is_told_nothing_without_a_certificate() {
    let cluster = Server::builder().password("hunter2").tls().cluster().await;
    let behind = Server::start().await;
    let front = Front::before(behind.address(), false).await;
    let slot = slot_of(&cluster, "t").await;
    let (old, new) = (cluster.primary_of(slot).await, other(&cluster, slot).await);
    let url = url(&[old]).replace("//", "//:hunter2@");
    let log = Log::of("buttress");
    let listening = log.listen();
    let redis = connected(trusted(&url)).await;

    announces(new, front.address.port()).await;
    until("the others believe it", async || {
        let slots = format!("{:?}", old.command(["CLUSTER", "SLOTS"]).await);
        slots.contains(&front.address.port().to_string()).then_some(())
    })
    .await;
    let id = new.command(["CLUSTER", "MYID"]).await.text();
    for node in [new, old] {
        let order = ["CLUSTER", "SETSLOT", &slot.to_string(), "NODE", &id];
        let _ = node.command(order).await.accepted();
    }
    let mut lines = String::new();
    until("it is refused", async || {
        let error = add(&redis, "t").await.unwrap_err();
        assert!(!error.may_have_run(), "{error:?}");
        lines.push_str(&log.take().join("\n"));
        lines.contains("UnknownIssuer").then_some(())
    })
    .await;
    assert!(!lines.contains("hunter2"), "{lines}");
    assert_eq!(front.heard(), "");
    drop((redis, listening));

    // Its certificate is right, but for somebody else: and if that is who is meant, it is spoken to.
    let stranger = builder(&url).tls(trusting([KIT, OTHER])).build().unwrap();
    let health = async || {
        let health = stranger.check().await;
        health.message().is_some_and(|words| words.contains("2 of 3")).then_some(())
    };
    until("the others can be reached", health).await;
    assert_eq!(front.heard(), "");
    let friend = builder(&url).tls(trusting([KIT, OTHER])).server_name("localhost").build();
    let friend = friend.unwrap();
    until("it is spoken to", async || front.heard().contains("hunter2").then_some(())).await;
    drop((stranger, friend));
}
