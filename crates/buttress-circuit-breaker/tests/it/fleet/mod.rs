//! Breakers that open together, over real servers.

mod alike;
mod guide;
mod records;
mod suites;

use std::time::Duration;

use buttress_core::{Key, Keyer};
use buttress_redis::Redis;

/// One that is connected, and would rather wait than fail on a machine that is busy.
pub async fn connected(url: impl Into<String>) -> Redis {
    let redis = Redis::builder(url).prefix("test").response_timeout(Duration::from_secs(5)).build().unwrap();
    redis.connected().await.unwrap();
    redis
}

/// A process that there was none of.
pub fn member() -> Key {
    Keyer::random().writer().key()
}
