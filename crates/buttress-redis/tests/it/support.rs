//! A script that counts how often it ran, and handles that are tuned for tests.

use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_redis::{Redis, RedisBuilder, RedisError, Script};
use buttress_testkit::redis::{Reply, Server};
use buttress_testkit::until::until;

/// Adds a number to what stands there.
pub(crate) static ADD: Script =
    Script::new("add", 1, "return redis.call('INCRBY', KEYS[1], ARGV[1])");

/// The key of [`ADD`] for this tag.
pub(crate) fn key_of(tag: &str) -> String {
    format!("test:add:v1:{{{tag}}}")
}

pub(crate) fn builder(url: impl Into<String>) -> RedisBuilder {
    Redis::builder(url).prefix("test").response_timeout(Duration::from_millis(300))
}

/// One that is connected.
pub(crate) async fn connected(url: impl Into<String>) -> Redis {
    let redis = builder(url).build().unwrap();
    redis.connected().await.unwrap();
    redis
}

/// What [`ADD`] has added up, as the server knows it.
pub(crate) async fn sum(server: &Server, tag: &str) -> i64 {
    match server.command(["GET", &key_of(tag)]).await {
        Reply::Nil => 0,
        Reply::Bulk(bytes) => String::from_utf8(bytes).unwrap().parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Adds one.
pub(crate) async fn add(redis: &Redis) -> Result<i64, RedisError> {
    redis.run(&ADD, "t").arg(1_i64).send().await?.integer()
}

/// Asks until it is answered; the server is back, so that must be soon.
pub(crate) async fn is_back_soon(redis: &Redis) {
    let began = SystemClock.now();
    until("it comes back", async || add(redis).await.ok()).await;
    let took = SystemClock.now() - began;
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}
