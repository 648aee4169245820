//! A master that sentinels replace.

mod asking;
mod following;
#[cfg(feature = "tls")]
mod secured;
#[cfg(feature = "deadpool")]
mod waiting;

use std::net::SocketAddr;

use buttress_redis::Redis;
use buttress_testkit::redis::{Sentinels, Server};
use buttress_testkit::until::until;

use crate::support::{ADD, joined};

fn url(addresses: &[SocketAddr]) -> String {
    let places: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    format!("redis+sentinel://{}/{}", places.join(","), Sentinels::NAME)
}

async fn connected(trio: &Sentinels) -> Redis {
    joined(url(&trio.addresses())).await
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
