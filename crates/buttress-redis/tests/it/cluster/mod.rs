//! Many primaries, and slots that move between them.

mod failing;
mod joining;
#[cfg(feature = "tls")]
mod secured;
mod slots;
#[cfg(feature = "deadpool")]
mod waiting;

use buttress_redis::{Redis, RedisError, Tag};
use buttress_testkit::redis::{Cluster, Server};

use crate::support::{ADD, joined, key_of};

fn url(servers: &[&Server]) -> String {
    let places: Vec<_> = servers.iter().map(|server| server.address().to_string()).collect();
    format!("redis+cluster://{}", places.join(","))
}

async fn connected(cluster: &Cluster) -> Redis {
    joined(url(&cluster.nodes().iter().collect::<Vec<_>>())).await
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
