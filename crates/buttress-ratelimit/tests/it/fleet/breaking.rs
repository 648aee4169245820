//! Redis breaks under load: what is admitted stays within what is stated, counted.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use buttress_core::engine::Degrade;
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Charge, Quota, Source};
use buttress_redis::Redis;
use buttress_testkit::proxy::Proxy;
use buttress_testkit::redis::{Sentinels, Server};
use buttress_testkit::until::until;
use tokio::task::JoinSet;

use super::{Rig, key};

/// So many tokens there are, and hardly any comes while a test runs: one in a minute and a half.
const QUOTA: u32 = 1_000;

/// Two processes, whose callers ask as fast as they can until all is settled.
struct Crowd {
    callers: JoinSet<Counted>,
    stop: Arc<AtomicBool>,
    rigs: Vec<Rig>,
}

/// What callers were told.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    asked: u32,
    /// By Redis, or by what was remembered of it.
    admitted: u32,
    /// By this process alone.
    locally: u32,
    degraded: u32,
}

impl Crowd {
    async fn of(url: &str, degrade: Degrade) -> Self {
        let (mut callers, mut rigs) = (JoinSet::new(), Vec::new());
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..2 {
            let redis = Redis::builder(url).prefix("test");
            let redis = redis.response_timeout(Duration::from_millis(300)).build().unwrap();
            until("it is connected", async || redis.connected().await.ok()).await;
            let store = RedisStore::new(redis).within(Duration::from_millis(300)).remembered(0);
            let rig = Rig::new(store, &[(Quota::per_day(u64::from(QUOTA)), degrade)]);
            until("both are known", async || {
                let _ = rig.look(&[Charge::new(0, key(1), 1)]).await;
                Some(())
            })
            .await;
            rigs.push(rig);
        }
        let two = async || rigs.iter().all(|rig| rig.store.knows_processes() == 2).then_some(());
        until("each knows of the other", two).await;
        for rig in rigs.iter().flat_map(|rig| [rig; 8]) {
            callers.spawn(hammer(rig.clone(), stop.clone()));
        }
        Self { callers, stop, rigs }
    }

    /// Waits until there is no more to be had.
    async fn is_refused(&self) {
        let refused = async || {
            let verdict = self.rigs[0].look(&[Charge::new(0, key(1), 1)]).await;
            let by_store = verdict.standings()[0].source() == Source::Store;
            (by_store && !verdict.is_taken()).then_some(())
        };
        until("all is taken", refused).await;
    }

    async fn settle(self) -> Counted {
        self.stop.store(true, Relaxed);
        let mut all = Counted::default();
        for counted in self.callers.join_all().await {
            all.asked += counted.asked;
            all.admitted += counted.admitted;
            all.locally += counted.locally;
            all.degraded += counted.degraded;
        }
        all
    }
}

async fn hammer(rig: Rig, stop: Arc<AtomicBool>) -> Counted {
    let mut counted = Counted::default();
    while !stop.load(Relaxed) {
        let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
        let taken = u32::from(verdict.is_taken());
        counted.asked += 1;
        if verdict.standings()[0].source() == Source::Store {
            counted.admitted += taken;
        } else {
            counted.locally += taken;
            counted.degraded += 1;
        }
        tokio::task::yield_now().await;
    }
    counted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_are_forgotten_lose_nothing() {
    let server = Server::start().await;
    let crowd = Crowd::of(&server.url(), Degrade::Deny).await;
    for _ in 0..20 {
        server.flush_scripts().await;
    }
    crowd.is_refused().await;
    let counted = crowd.settle().await;
    // What was not answered in time may have been counted.
    assert!(
        counted.admitted <= QUOTA + 1 && counted.admitted + counted.degraded >= QUOTA,
        "{counted:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_it_admits_no_more() {
    for degrade in [Degrade::Deny, Degrade::Local] {
        let server = Server::start().await;
        let crowd = Crowd::of(&server.url(), degrade).await;
        server.freeze();
        let gone = async || (!crowd.rigs[0].store.is_asked()).then_some(());
        until("it is known to be gone", gone).await;
        server.thaw();
        crowd.is_refused().await;
        let counted = crowd.settle().await;
        assert!(counted.admitted <= QUOTA + 1, "{counted:?}");
        let locally = if degrade == Degrade::Local { QUOTA } else { 0 };
        assert!(counted.locally <= locally, "the shares are one more quota: {counted:?}");
    }
}

/// It keeps nothing on disk, so each time it is killed there is one more quota.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_it_admits_one_more_quota() {
    let server = Server::start().await;
    let crowd = Crowd::of(&server.url(), Degrade::Local).await;
    crowd.is_refused().await;
    server.kill();
    let gone = async || (!crowd.rigs[0].store.is_asked()).then_some(());
    until("it is known to be gone", gone).await;
    server.restart().await;
    crowd.is_refused().await;
    let counted = crowd.settle().await;
    assert!(counted.admitted > QUOTA && counted.admitted <= 2 * (QUOTA + 1), "{counted:?}");
    assert!(counted.locally <= QUOTA, "{counted:?}");
}

/// A replica may not have heard of all: at the most, of nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_over_it_admits_at_most_one_more_quota() {
    let trio = Sentinels::start().await;
    let places: Vec<_> = trio.addresses().iter().map(ToString::to_string).collect();
    let url = format!("redis+sentinel://{}/{}", places.join(","), Sentinels::NAME);
    let crowd = Crowd::of(&url, Degrade::Deny).await;
    crowd.is_refused().await;
    let old = trio.master().await;
    old.kill();
    let _ = trio.successor(old).await;
    crowd.is_refused().await;
    let counted = crowd.settle().await;
    assert!(counted.admitted <= 2 * (QUOTA + 1) && counted.locally == 0, "{counted:?}");
}

/// What is no answer admits nobody.
#[tokio::test]
async fn garbage_admits_nobody() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = Redis::builder(server.url_at(proxy.address())).prefix("test").build().unwrap();
    redis.connected().await.unwrap();
    let rig = Rig::strict(RedisStore::new(redis), Quota::per_hour(10));
    assert!(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
    for garbage in [&b"\0\xff"[..], b"*-7\r\n", b":1x\r\n", b"HTTP/1.1 400\r\n\r\n"] {
        proxy.garble(garbage);
        let denied = async || {
            let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
            let source = verdict.standings()[0].source();
            assert!(!verdict.is_taken() || source == Source::Store, "{verdict:?}");
            (source == Source::Denied).then_some(())
        };
        until("it is no answer", denied).await;
        proxy.heal().await;
        let back = async || {
            let verdict = rig.look(&[Charge::new(0, key(1), 1)]).await;
            (verdict.standings()[0].source() == Source::Store).then_some(())
        };
        until("it is asked again", back).await;
    }
}

/// Another process, or the same one after a restart, goes on where the first one was.
#[tokio::test]
async fn a_process_that_restarts_loses_nothing() {
    let server = Server::start().await;
    for left in (0..5).rev() {
        let redis = super::connected(server.url()).await;
        let rig = Rig::strict(super::patient(redis), Quota::per_hour(5));
        let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
        assert_eq!(super::first(&verdict), (left, Source::Store));
    }
}
