//! Breakers that open together, over real servers.

mod alike;
mod away;
mod failover;
mod force;
mod guide;
mod process;
mod processes;
mod quorum;
mod records;
mod recovering;
mod slow;
mod suites;
mod together;

use std::time::Duration;

use buttress_core::{Key, Keyer};
use buttress_redis::{Redis, RedisBuilder};

use self::process::Process;

pub fn builder(url: impl Into<String>) -> RedisBuilder {
    Redis::builder(url).prefix("test")
}

/// One that is connected, and would rather wait than fail on a machine that is busy.
pub async fn connected(url: impl Into<String>) -> Redis {
    let redis = builder(url).response_timeout(Duration::from_secs(5)).build().unwrap();
    redis.connected().await.unwrap();
    redis
}

/// A process that there was none of.
pub fn member() -> Key {
    Keyer::random().writer().key()
}

/// Several that know of each other.
pub async fn fleet<const N: usize>(url: &str) -> [Process; N] {
    let mut all = Vec::new();
    for _ in 0..N {
        all.push(Process::over(connected(url).await));
    }
    Process::have_heard(&all).await;
    all.try_into().unwrap_or_else(|_| unreachable!("there are so many"))
}
