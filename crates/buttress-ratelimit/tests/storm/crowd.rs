//! Processes whose callers ask as fast as they can, and count what they are told.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::engine::Degrade;
use buttress_core::metrics::Metrics;
use buttress_ratelimit::store::{LimitStore, RedisStore, Terms};
use buttress_ratelimit::{Charge, Charges, Limits, Quota, Source, Verdict};
use buttress_redis::Redis;
use buttress_testkit::redis::Sentinels;
use buttress_testkit::until::until;
use tokio::task::JoinSet;

/// So many tokens a key has, and hardly any comes while a test runs: one in a minute and a half.
pub(crate) const QUOTA: u32 = 1_000;

/// As many as may come meanwhile.
const MEANWHILE: u32 = 2;

/// A process of the fleet.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) store: RedisStore,
    limits: Limits,
}

impl Process {
    /// Two of them, which know of each other.
    pub(crate) async fn two(url: &str, degrade: Degrade) -> [Self; 2] {
        let two = [Self::start(url, degrade).await, Self::start(url, degrade).await];
        let known = async || {
            for process in &two {
                let _ = process.look(Key::from_bytes([1; 16])).await;
            }
            two.iter().all(|process| process.store.knows_processes() == 2).then_some(())
        };
        until("each knows of the other", known).await;
        two
    }

    async fn start(url: &str, degrade: Degrade) -> Self {
        let redis = Redis::builder(url).prefix("test");
        let redis = redis.response_timeout(Duration::from_millis(300)).build().unwrap();
        until("it is connected", async || redis.connected().await.ok()).await;
        let limit = Quota::per_day(u64::from(QUOTA)).check().unwrap();
        // Each request is to be asked, so nothing is remembered.
        let store = RedisStore::new(redis).within(Duration::from_millis(300)).remembered(0);
        let terms = [Terms::new("per-key", limit).degrade(degrade)];
        let store = store.bind(&terms, None, &Metrics::default()).unwrap();
        Self { store, limits: [limit].into_iter().collect() }
    }

    async fn take(&self, key: Key) -> Verdict {
        self.store.take(&self.limits, &one(key)).await
    }

    async fn look(&self, key: Key) -> Verdict {
        self.store.look(&self.limits, &one(key)).await
    }

    /// Waits until Redis has nothing left for a key.
    pub(crate) async fn is_refused(&self, key: Key) {
        let refused = async || {
            let verdict = self.look(key).await;
            let by_store = verdict.standings()[0].source() == Source::Store;
            (by_store && !verdict.is_taken()).then_some(())
        };
        until("all is taken", refused).await;
    }
}

fn one(key: Key) -> Charges {
    let mut charges = Charges::new();
    assert!(charges.push(Charge::new(0, key, 1)));
    charges
}

/// Lets the replicas of a master forget all that they have heard of it: when one of them takes over, the most is lost
/// that can be.
pub(crate) async fn forget_all(trio: &Sentinels) {
    let master = trio.master().await;
    for replica in trio.nodes().iter().filter(|node| node.address() != master.address()) {
        replica.command(["CONFIG", "SET", "replica-read-only", "no"]).await;
        replica.command(["FLUSHALL"]).await;
        replica.command(["CONFIG", "SET", "replica-read-only", "yes"]).await;
    }
}

/// Callers of all processes, about one key.
pub(crate) struct Crowd {
    callers: JoinSet<Counted>,
    stop: Arc<AtomicBool>,
}

/// What callers were told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) asked: u64,
    /// Those whom Redis let through.
    pub(crate) admitted: u32,
    /// Those whom their process let through.
    pub(crate) locally: u32,
    /// Those about whom Redis could not be asked, or did not answer.
    pub(crate) degraded: u32,
}

impl Crowd {
    pub(crate) fn of(processes: &[Process], key: Key) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let callers = processes.iter().flat_map(|process| [process; 8]);
        let callers = callers.map(|process| hammer(process.clone(), key, stop.clone())).collect();
        Self { callers, stop }
    }

    /// Lets them stop, and adds up what they counted.
    pub(crate) async fn settle(self) -> Counted {
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

impl Counted {
    /// How many Redis let through beyond the quota.
    pub(crate) fn beyond(&self) -> u32 {
        self.admitted.saturating_sub(QUOTA)
    }

    /// Nobody was let through beyond what is stated: by Redis a quota, and one more for each time it lost its data; by
    /// the processes alone one quota together, if they may at all.
    pub(crate) fn assert_within(&self, losses: u32, degrade: Degrade) {
        let most = losses * QUOTA + (1 + losses) * MEANWHILE;
        assert!(self.beyond() <= most, "{} beyond, after {losses} losses: {self:?}", self.beyond());
        let locally = if degrade == Degrade::Local { QUOTA } else { 0 };
        assert!(self.locally <= locally, "{degrade}: {self:?}");
    }
}

async fn hammer(process: Process, key: Key, stop: Arc<AtomicBool>) -> Counted {
    let mut counted = Counted::default();
    while !stop.load(Relaxed) {
        let verdict = process.take(key).await;
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
