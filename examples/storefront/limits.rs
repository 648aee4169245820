//! Who may ask how much. The shops of a fleet count together, in Redis; without it each counts for itself.

use buttress::BuildError;
use buttress::prelude::*;
use buttress::ratelimit::classes;
use buttress::ratelimit::store::{Engine, Memory, RedisStore};
use buttress::redis::Redis;

/// Reads, mutations and logins, each by the address of the client, each in its own way.
pub(crate) async fn limits(redis: Option<&Redis>) -> Result<RateLimit<Engine>, BuildError> {
    let engine = counted(redis).await;
    // ANCHOR: limits
    RateLimit::builder()
        .policy("reads", classes::reads())
        .policy("mutations", classes::mutations().quota(Quota::per_minute(120).burst(60)))
        // Wrong passwords only; and nobody logs in while wrong ones cannot be counted.
        .policy("logins", classes::logins("/login").quota(Quota::per_hour(3)))
        .headers_on_success()
        .engine(engine)
        .build()
    // ANCHOR_END: limits
}

/// Waits a moment for Redis and the keys of the fleet, so that the first who log in are not denied for want of them.
/// Without it the shop begins as one that has lost it, and counts there once it is back.
async fn counted(redis: Option<&Redis>) -> Engine {
    let Some(redis) = redis else { return Memory::new().into() };
    // Whatever is wrong, limits and health tell it.
    let _ = redis.connected().await;
    let _ = redis.seed("keys").await;
    RedisStore::new(redis.clone()).into()
}
