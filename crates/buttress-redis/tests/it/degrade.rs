//! What a store does while Redis is away: as it was told, in time, seen by who has to, and not longer than that.

use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_core::{HealthStatus, Key, Probe};
use buttress_redis::Redis;
use buttress_redis::engine::{Answered, Degrade, Fallback, Step};
use buttress_redis::store::{Counted, CounterStore, MemoryCounters, RedisCounters};
use buttress_testkit::allocations;
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use crate::counters::seconds;
use crate::support::{builder, connected};

const ALL: [Degrade; 3] = [Degrade::Allow, Degrade::Deny, Degrade::Local];
const BUDGET: Duration = Duration::from_millis(40);

struct Rig {
    counters: RedisCounters,
    fallback: Fallback,
    page: Page,
}

impl Rig {
    fn new(redis: Redis, degrade: Degrade) -> Self {
        let page = Page::default();
        let fallback = Fallback::new(redis, "hits", degrade).within(BUDGET);
        let fallback = fallback.metrics(&Metrics::new(page.clone()));
        let counters = RedisCounters::new(fallback.clone(), MemoryCounters::with_capacity(64));
        Self { counters, fallback, page }
    }

    async fn count(&self) -> Answered<Counted> {
        self.counters.count(Key::from_bytes([7; 16]), 1, seconds(600)).await
    }

    fn degraded(&self, degrade: Degrade) -> f64 {
        self.page.of(&format!("buttress_degraded_answers_total hits {degrade}")).unwrap_or_default()
    }

    /// Asks until the store itself answers; the server is back, so that must be soon.
    async fn is_back_soon(&self) -> u64 {
        let began = SystemClock.now();
        let total = until("the store answers", async || match self.count().await {
            Answered::Store(counted) => Some(counted.total()),
            _ => None,
        });
        let total = total.await;
        let took = SystemClock.now() - began;
        assert!(took < Duration::from_secs(2), "it took {took:?}");
        total
    }
}

/// What the settings say, whatever it is that is wrong. `before` is what was counted locally until then.
fn assert_as_told(answer: Answered<Counted>, degrade: Degrade, before: u64) {
    match (degrade, answer) {
        (Degrade::Allow, Answered::Allow) | (Degrade::Deny, Answered::Deny) => {}
        (Degrade::Local, Answered::Local(counted)) => assert_eq!(counted.total(), before + 1),
        other => panic!("{other:?}"),
    }
}

fn told(log: &Log) -> Vec<String> {
    log.take().into_iter().filter(|line| line.contains("store=\"hits\"")).collect()
}

#[tokio::test]
async fn killed_and_back() {
    for degrade in ALL {
        let log = Log::of("buttress");
        let listening = log.listen();
        let server = Server::start().await;
        let rig = Rig::new(connected(server.url()).await, degrade);
        assert_eq!(rig.count().await.value().map(Counted::total), Some(1));
        assert_eq!(rig.fallback.check().await.status(), HealthStatus::Up);

        server.kill();
        for before in 0..50 {
            assert_as_told(rig.count().await, degrade, before);
        }
        assert!((rig.degraded(degrade) - 50.0).abs() < 0.1, "each is counted");
        let lines = told(&log);
        assert_eq!(lines.len(), 1, "one line, not one for each: {lines:?}");
        assert!(lines[0].starts_with("WARN message=answers without Redis"), "{lines:?}");
        assert!(lines[0].contains(degrade.as_str()) && lines[0].contains("error="), "{lines:?}");
        let ill =
            if degrade == Degrade::Deny { HealthStatus::Down } else { HealthStatus::Degraded };
        assert_eq!(rig.fallback.check().await.status(), ill);
        assert_eq!(rig.fallback.critical(), degrade == Degrade::Deny);

        server.restart().await;
        assert_eq!(rig.is_back_soon().await, 1, "what was counted meanwhile stays where it was");
        let lines = until("the end is told", async || {
            let _ = rig.count().await;
            Some(told(&log)).filter(|lines| !lines.is_empty())
        });
        let lines = lines.await;
        assert_eq!(lines, ["INFO message=Redis answers again store=\"hits\""]);
        let up = async || (rig.fallback.check().await.status() == HealthStatus::Up).then_some(());
        until("it is well", up).await;
        drop(listening);
    }
}

#[tokio::test]
async fn frozen_it_costs_the_budget_and_then_nothing() {
    for degrade in ALL {
        let server = Server::start().await;
        let rig = Rig::new(connected(server.url()).await, degrade);
        let _ = rig.count().await;
        server.freeze();

        let began = SystemClock.now();
        let step = rig.counters.count(Key::from_bytes([7; 16]), 1, seconds(600));
        assert!(matches!(step, Step::Later(_)), "nobody knows yet");
        assert_as_told(step.await, degrade, 0);
        let took = SystemClock.now() - began;
        assert!(took >= BUDGET && took < BUDGET * 5, "{took:?}");

        let mut asked: u64 = 1;
        until("it is known", async || {
            let step = rig.counters.count(Key::from_bytes([7; 16]), 1, seconds(600));
            let known = matches!(step, Step::Now(_));
            assert_as_told(step.await, degrade, asked);
            asked += 1;
            known.then_some(())
        })
        .await;

        server.thaw();
        let total = rig.is_back_soon().await;
        assert!((2..=2 + asked).contains(&total), "what was ambiguous may have run: {total}");
    }
}

#[tokio::test]
async fn a_slow_one_is_not_waited_for() {
    const PAUSE: Duration = Duration::from_secs(1);
    let server = Server::start().await;
    let redis = builder(server.url()).response_timeout(PAUSE * 3).build().unwrap();
    redis.connected().await.unwrap();
    let rig = Rig::new(redis, Degrade::Local);
    let _ = rig.count().await;
    server.pause_clients(PAUSE).await;
    let began = SystemClock.now();
    assert_as_told(rig.count().await, Degrade::Local, 0);
    assert!(SystemClock.now() - began < PAUSE);
    let _ = rig.is_back_soon().await;
}

/// Down from the start, and while it is known to be down: at once, and for nothing.
#[tokio::test]
async fn known_to_be_down_it_costs_nothing() {
    let server = Server::start().await;
    server.kill();
    for degrade in ALL {
        let redis = builder(server.url()).build().unwrap();
        let rig = Rig::new(redis.clone(), degrade);
        assert_as_told(rig.count().await, degrade, 0);
        assert!((rig.degraded(degrade) - 1.0).abs() < 0.1);

        // Uncounted: the metrics of a test allocate.
        let fallback = Fallback::new(redis, "hits", degrade);
        let counters = RedisCounters::new(fallback, MemoryCounters::with_capacity(64));
        let key = Key::from_bytes([7; 16]);
        let _ = counters.count(key, 1, seconds(600)).await;
        let step = allocations::assert_exactly(0, || counters.count(key, 1, seconds(600)));
        let Step::Now(answer) = step else { panic!("there is nothing to wait for") };
        assert_as_told(answer, degrade, 1);
    }
}

/// What it counts is in the catalogue.
#[tokio::test]
async fn its_metric_is_listed() {
    let rig = Rig::new(builder("redis://127.0.0.1:1").build().unwrap(), Degrade::Allow);
    let bound = rig.page.bound();
    assert_eq!(bound, buttress_redis::engine::CATALOGUE);
}

/// An error that is no time-out degrades as well.
#[tokio::test]
async fn out_of_memory() {
    let server = Server::builder().config("maxmemory 1").config("maxmemory-policy noeviction");
    let server = server.start().await;
    for degrade in ALL {
        let rig = Rig::new(connected(server.url()).await, degrade);
        assert_as_told(rig.count().await, degrade, 0);
    }
    let _ = server.command(["CONFIG", "SET", "maxmemory", "0"]).await;
    let rig = Rig::new(connected(server.url()).await, Degrade::Deny);
    assert_eq!(rig.is_back_soon().await, 1);
}
