//! A fleet that counts in Redis: what its clients and its load balancer see when that is lost, and when it is back.

use std::time::Duration;

use axum::extract::State;
use axum::{Json, Router, routing::get};
use buttress::clock::{Clock, SystemClock};
use buttress::health::{Check, HealthChecks, Running};
use buttress::prelude::*;
use buttress::redis::engine::{Answered, Degrade, Fallback};
use buttress::redis::store::{CounterStore, Counters, MemoryCounters, RedisCounters, Window};
use buttress::redis::{Redis, RedisSettings};
use buttress::{Key, Keyer};
use buttress_testkit::redis::Server as RedisServer;
use buttress_testkit::until::until;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Protocol, Server, prompt, serve_ours};

/// One process of a service: its server, and the tasks that look after its health.
struct Replica {
    server: Server,
    _health: Running,
}

#[derive(Clone)]
struct Visits {
    counters: Counters,
    key: Key,
}

async fn count(State(visits): State<Visits>) -> Result<Json<Value>, Problem> {
    let minute = Window::new(Duration::from_secs(60)).unwrap();
    Ok(Json(match visits.counters.count(visits.key, 1, minute).await {
        Answered::Store(counted) => json!({ "fleet": counted.total() }),
        Answered::Local(counted) => json!({ "here": counted.total() }),
        Answered::Allow => json!({}),
        Answered::Deny => return Err(Problem::new(Code::UNAVAILABLE)),
    }))
}

impl Replica {
    /// As a file says it, with a budget for each request that is far below the time of a call.
    async fn start(redis: &RedisServer, response_timeout_ms: u64, degrade: Degrade) -> Self {
        let settings = json!({
            "url": redis.url(), "prefix": "shop", "response_timeout_ms": response_timeout_ms,
        });
        let settings: RedisSettings = serde_json::from_value(settings).unwrap();
        let redis = Redis::connect(settings).await.unwrap();
        let seed = until("there is a seed", async || redis.seed("keys").await.ok()).await;
        let keyer = Keyer::from(seed);
        let fallback = Fallback::new(redis.clone(), "visits", degrade).within(BUDGET);
        let counters = RedisCounters::new(fallback, MemoryCounters::new()).into();
        let check = Check::new(redis).critical().every(Duration::from_millis(20));
        let health = HealthChecks::builder().check(check).build().unwrap();
        let wall = Inbound::builder().health(&health).build().unwrap();
        let visits = Visits { counters, key: keyer.key_of(["visits"]) };
        let app = Router::new().route("/visits", get(count)).with_state(visits).layer(wall);
        let (server, _) = serve_ours(prompt(), app).await;
        let replica = Self { server, _health: health.spawn() };
        replica.is("ok").await;
        replica
    }

    async fn visit(&self, protocol: Protocol) -> Answer {
        Client::connect(protocol, &self.server).await.get("/visits").await
    }

    /// Waits until the load balancer is told so, over either protocol.
    async fn is(&self, word: &str) {
        for protocol in Protocol::BOTH {
            let mut client = Client::connect(protocol, &self.server).await;
            let told = async || {
                let answer = client.get("/ready").await;
                let right = answer.status() == if word == "ok" { 200 } else { 503 };
                (answer.json()["status"] == word && right).then_some(())
            };
            until(format_args!("readiness says {word}"), told).await;
        }
    }

    /// Waits until a visit is counted by the fleet, and tells how many there were.
    async fn fleet(&self) -> u64 {
        let counted = async || self.visit(Protocol::Http1).await.json()["fleet"].as_u64();
        until("the fleet counts", counted).await
    }

    /// A visit is answered as the settings say, whatever is with Redis.
    async fn degrades_to(&self, degrade: Degrade) {
        for protocol in Protocol::BOTH {
            let answer = self.visit(protocol).await;
            match degrade {
                Degrade::Allow => assert_eq!((answer.status(), answer.json()), (200, json!({}))),
                Degrade::Deny => answer.assert_problem(Code::UNAVAILABLE),
                Degrade::Local => assert!(answer.json()["here"].as_u64() > Some(0), "{answer:?}"),
            }
        }
    }
}

const BUDGET: Duration = Duration::from_millis(100);

#[tokio::test]
async fn two_replicas_count_together() {
    let redis = RedisServer::start().await;
    let mut replicas = Vec::new();
    for _ in 0..2 {
        replicas.push(Replica::start(&redis, 2_000, Degrade::Deny).await);
    }
    let mut last = 0;
    for round in 0..20 {
        let counted = replicas[round % 2].fleet().await;
        // On a busy machine one may have come too late for its answer, and be counted all the same.
        assert!(counted > last, "{counted} after {last}");
        last = counted;
    }
    for replica in replicas {
        replica.server.stop().await;
    }
}

#[tokio::test]
async fn killed_it_degrades_as_the_settings_say_and_comes_back() {
    for degrade in [Degrade::Allow, Degrade::Deny, Degrade::Local] {
        let redis = RedisServer::start().await;
        let replica = Replica::start(&redis, 500, degrade).await;
        assert!(replica.fleet().await > 0);
        redis.kill();
        replica.is("down").await;
        replica.degrades_to(degrade).await;
        redis.restart().await;
        let began = SystemClock.now();
        assert!(replica.fleet().await > 0);
        let took = SystemClock.now() - began;
        assert!(took < Duration::from_secs(2), "it took {took:?}");
        replica.is("ok").await;
        replica.server.stop().await;
    }
}

/// Its sockets stay, so nobody knows: a request pays the budget of the store, and not the time of a call.
#[tokio::test]
async fn frozen_it_costs_a_request_its_budget() {
    let redis = RedisServer::start().await;
    let replica = Replica::start(&redis, 30_000, Degrade::Local).await;
    assert!(replica.fleet().await > 0);
    redis.freeze();
    let began = SystemClock.now();
    replica.degrades_to(Degrade::Local).await;
    let took = SystemClock.now() - began;
    assert!(took >= BUDGET * 2, "neither knew: {took:?}");
    assert!(took < Duration::from_secs(10), "it is not the time of a call: {took:?}");
    replica.is("down").await;
    redis.thaw();
    assert!(replica.fleet().await > 0);
    replica.is("ok").await;
    replica.server.stop().await;
}
