//! The connections to a cluster end with whoever needed the way; a subscription leaves a primary that is none.

use std::time::Duration;

use buttress_redis::{Event, Redis};
use buttress_testkit::redis::{Cluster, Server};
use buttress_testkit::until::{DEADLINE, until};
use tokio::time::timeout;

use super::{gives_up_with, listening, outlives, tasks, watches_on};

async fn connected(cluster: &Cluster) -> Redis {
    let places: Vec<_> = cluster.addresses().iter().map(ToString::to_string).collect();
    crate::support::joined(format!("redis+cluster://{}", places.join(","))).await
}

#[tokio::test]
async fn a_subscription_takes_all_with_it() {
    let cluster = Cluster::start().await;
    let servers: Vec<&Server> = cluster.nodes().iter().collect();
    let before = tasks();
    outlives(connected(&cluster).await, &servers, before).await;
    watches_on(connected(&cluster).await, &servers, before).await;
    gives_up_with(connected(&cluster).await, &servers, before).await;
}

/// Whether somebody listens there.
async fn is_heard_at(server: &Server) -> bool {
    server.command(["CLIENT", "LIST"]).await.text().contains(" sub=1 ")
}

/// Its connection is fine, and what it is connected to answers: only that is a replica now, and stays one.
#[tokio::test]
async fn a_subscription_leaves_a_primary_that_is_one_no_more() {
    let cluster = Cluster::start().await;
    let redis = connected(&cluster).await;
    let mut subscription = listening(&redis).await;
    let mut found = None;
    for slot in [0, 8_000, 16_000] {
        let primary = cluster.primary_of(slot).await;
        if is_heard_at(primary).await {
            found = Some((slot, primary));
        }
    }
    let (slot, old) = found.unwrap();
    cluster.fail_over(slot).await;
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    until("nobody listens there", async || (!is_heard_at(old).await).then_some(())).await;
    assert_eq!(old.info("replication", "role").await, "slave");
    let heard = async || {
        let _ = redis.publish("news", "after").await;
        let event = timeout(Duration::from_millis(50), subscription.next()).await.ok()?;
        matches!(event, Event::Message { .. }).then_some(())
    };
    until("it hears elsewhere", heard).await;
}
