//! A script that counts how often it ran, and handles that are tuned for tests.

use std::time::Duration;

use buttress_redis::{Redis, RedisBuilder, Script};
use buttress_testkit::redis::{Reply, Server};

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
