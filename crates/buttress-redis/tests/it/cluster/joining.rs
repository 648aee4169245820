//! Handles that come and go, and what they hear.

use buttress_core::{HealthStatus, Probe};
use buttress_redis::{ErrorKind, Event};
use buttress_testkit::redis::{Cluster, Server};
use buttress_testkit::until::{DEADLINE, until};
use tokio::time::timeout;

use super::{add, connected, url};
use crate::support::{builder, joined};

#[tokio::test]
async fn one_seed_that_lives_is_enough_and_all_may_come_later() {
    let cluster = Cluster::start().await;
    let dead = Server::start().await;
    dead.kill();
    let redis = joined(url(&[&dead, &cluster.nodes()[3]])).await;
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

/// By a seed that is a replica; and by a primary that dies, of those that live.
#[tokio::test]
async fn what_is_told_is_heard_at_any_primary() {
    let cluster = Cluster::start().await;
    let replica = cluster.replicas_of(0).await[0];
    let redis = joined(url(&[replica])).await;
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
