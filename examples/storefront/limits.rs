//! Who may ask how much. The shops of a fleet count together, in Redis; without it each counts for itself.

use buttress::prelude::*;
use buttress::ratelimit::classes;
use buttress::ratelimit::store::{Engine, Memory, RedisStore};
use buttress::redis::Redis;
use buttress::{BuildError, Keyer};

/// Reads, mutations and logins, each by the address of the client, each in its own way.
pub(crate) async fn limits(redis: Option<&Redis>) -> Result<RateLimit<Engine>, BuildError> {
    let (engine, keyer) = counted(redis).await;
    // ANCHOR: limits
    RateLimit::builder()
        .policy("reads", classes::reads())
        .policy("mutations", classes::mutations().quota(Quota::per_minute(120).burst(60)))
        // Wrong passwords only; and nobody logs in while wrong ones cannot be counted.
        .policy("logins", classes::logins("/login").quota(Quota::per_hour(3)))
        .headers_on_success()
        .keyer(keyer)
        .engine(engine)
        .build()
    // ANCHOR_END: limits
}

/// A fleet makes its keys with the seed that it shares. A shop that cannot ask for it counts for itself, until it is
/// started anew: with keys of its own it would not know what the others counted.
async fn counted(redis: Option<&Redis>) -> (Engine, Keyer) {
    let Some(redis) = redis else { return (Memory::new().into(), Keyer::random()) };
    // Whatever is wrong is told by the next line.
    let _ = redis.connected().await;
    match redis.seed("shop").await {
        Ok(seed) => (RedisStore::new(redis.clone()).into(), Keyer::from(seed)),
        Err(error) => {
            tracing::warn!(%error, "limits are counted in this shop alone");
            (Memory::new().into(), Keyer::random())
        }
    }
}
