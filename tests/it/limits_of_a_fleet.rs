//! Limits that several processes share in Redis, as a file says it, and what their clients see when Redis is lost.

use std::time::Duration;

use axum::{Router, routing::get};
use buttress::health::{Check, HealthChecks, Running};
use buttress::ratelimit::RateLimitSettings;
use buttress::redis::{Redis, RedisSettings};
use buttress::{InboundBuilder, InboundSettings};
use buttress_testkit::redis::Server as RedisServer;
use buttress_testkit::until::until;
use serde_json::json;

use crate::support::{Client, Protocol, Server, prompt, serve_ours};

/// What a service reads when it starts: one block for each part.
#[derive(serde::Deserialize)]
struct Settings {
    inbound: InboundSettings,
    rate_limit: RateLimitSettings,
    redis: RedisSettings,
}

impl Settings {
    /// Logins are refused while nobody can count them, pages are counted here, and pictures are let through.
    fn read(server: &RedisServer) -> Self {
        let policy = |name: &str, path: &str, degrade: Option<&str>| {
            json!({
                "name": name, "quota": "4/hour", "by": "everyone",
                "when": { "path_prefixes": [path] }, "degrade": degrade,
            })
        };
        let text = json!({
            "inbound": { "context": { "addresses": { "trusted_proxies": ["10.0.0.0/8"] } } },
            "redis": { "url": server.url(), "prefix": "shop" },
            "rate_limit": {
                "policies": [
                    policy("logins", "/login", Some("deny")),
                    policy("pages", "/page", Some("local")),
                    policy("pictures", "/picture", None),
                ],
                "redis": { "name": "front", "degrade": "allow" },
            },
        });
        serde_json::from_value(text).unwrap()
    }
}

/// One process.
struct Replica {
    server: Server,
    _health: Running,
}

impl Replica {
    async fn start(server: &RedisServer) -> Self {
        let Settings { inbound, rate_limit, redis } = Settings::read(server);
        let redis = Redis::connect(redis).await.unwrap();
        // On a busy machine who connected may not have had time for it.
        until("there is a seed", async || redis.seed("keys").await.ok()).await;
        let limits = rate_limit.over(Some(redis)).build().unwrap();
        let check = Check::new(limits.clone()).critical().every(Duration::from_millis(20));
        let health = HealthChecks::builder().check(check).build().unwrap();
        let wall = InboundBuilder::from(inbound).health(&health).rate_limit(&limits);
        let app = Router::new().fallback(get(|| async { "hello" })).layer(wall.build().unwrap());
        let (server, _) = serve_ours(prompt(), app).await;
        Self { server, _health: health.spawn() }
    }

    async fn get(&self, path: &str) -> u16 {
        Client::connect(Protocol::Http2, &self.server).await.get(path).await.status()
    }

    /// Waits until readiness has this status.
    async fn is_ready(&self, ready: bool) {
        let wanted = if ready { 200 } else { 503 };
        let told = async || (self.get("/health/ready").await == wanted).then_some(());
        until(format_args!("readiness says {wanted}"), told).await;
    }
}

#[tokio::test]
async fn processes_share_a_quota_and_a_new_one_knows_it() {
    let redis = RedisServer::start().await;
    let (one, other) = (Replica::start(&redis).await, Replica::start(&redis).await);
    let mut seen = Vec::new();
    for replica in [&one, &other].into_iter().cycle().take(6) {
        seen.push(replica.get("/page").await);
    }
    assert_eq!(seen, [200, 200, 200, 200, 429, 429]);
    other.server.stop().await;
    let new = Replica::start(&redis).await;
    assert_eq!(new.get("/page").await, 429, "a restart loses nothing");
    assert_eq!(new.get("/picture").await, 200, "another policy");
    let records = redis.command(["KEYS", "shop:limit:*{front}:g:pages:*"]).await;
    assert_eq!(records.items().len(), 1, "the set has the name of the file");
    new.server.stop().await;
    one.server.stop().await;
}

#[tokio::test]
async fn without_redis_each_policy_does_what_it_says() {
    let redis = RedisServer::start().await;
    let replica = Replica::start(&redis).await;
    assert_eq!(replica.get("/login").await, 200);
    replica.is_ready(true).await;
    redis.kill();
    replica.is_ready(false).await;
    for _ in 0..3 {
        assert_eq!(replica.get("/login").await, 503);
        assert_eq!(replica.get("/picture").await, 200);
    }
    let mut pages = Vec::new();
    for _ in 0..6 {
        pages.push(replica.get("/page").await);
    }
    assert_eq!(pages[..4], [200; 4], "{pages:?}");
    assert_eq!(pages[4..], [429; 2], "{pages:?}");
    redis.restart().await;
    replica.is_ready(true).await;
    let logged_in = async || (replica.get("/login").await == 200).then_some(());
    until("somebody can log in", logged_in).await;
    replica.server.stop().await;
}
