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

/// So many each process has for itself, where there is such a policy: together more than there are for all, and less
/// than the one with [more callers](CALLERS) would get.
const OWN: u32 = 600;

/// How many ask in each process at the same time.
const CALLERS: [usize; 2] = [12, 4];

/// As many as may come meanwhile.
const MEANWHILE: u32 = 2;

/// So many tokens of a key a process may have in advance, where it may.
const IN_ADVANCE: u32 = 50;

/// What processes go by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Beside the quota of all together each process has one of its own, and a request needs both.
    pub(crate) has_own: bool,
    /// They take tokens in advance.
    pub(crate) is_leased: bool,
}

/// A process of the fleet.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) store: RedisStore,
    limits: Limits,
    policies: usize,
    /// Which of them it is.
    number: u8,
}

impl Rules {
    pub(crate) const PLAIN: Self = Self { has_own: false, is_leased: false };

    pub(crate) const ALL: [Self; 4] = [
        Self::PLAIN,
        Self { is_leased: true, ..Self::PLAIN },
        Self { has_own: true, ..Self::PLAIN },
        Self { has_own: true, is_leased: true },
    ];
}

impl Process {
    /// Two of them, which know of each other.
    pub(crate) async fn two(url: &str, rules: Rules, degrade: Degrade) -> [Self; 2] {
        let start = |number| Self::start(url, number, rules, degrade);
        let two = [start(0).await, start(1).await];
        let known = async || {
            for process in &two {
                let _ = process.look(Key::from_bytes([1; 16])).await;
            }
            two.iter().all(|process| process.store.knows_processes() == 2).then_some(())
        };
        until("each knows of the other", known).await;
        two
    }

    async fn start(url: &str, number: u8, rules: Rules, degrade: Degrade) -> Self {
        let redis = Redis::builder(url).prefix("test");
        let redis = redis.response_timeout(Duration::from_millis(300)).build().unwrap();
        until("it is connected", async || redis.connected().await.ok()).await;
        let policies = [("per-key", QUOTA), ("own", OWN)];
        let policies = &policies[..if rules.has_own { 2 } else { 1 }];
        // Each request is to be asked, so nothing is remembered.
        let mut store = RedisStore::new(redis).within(Duration::from_millis(300)).remembered(0);
        let (mut terms, mut limits) = (Vec::new(), Vec::new());
        for (name, quota) in policies {
            let limit = Quota::per_day(u64::from(*quota)).check().unwrap();
            if rules.is_leased {
                store = store.leases(*name, IN_ADVANCE);
            }
            terms.push(Terms::new(*name, limit).degrade(degrade));
            limits.push(limit);
        }
        let store = store.bind(&terms, None, &Metrics::default()).unwrap();
        Self { store, limits: limits.into_iter().collect(), policies: policies.len(), number }
    }

    async fn take(&self, key: Key) -> Verdict {
        self.store.take(&self.limits, &self.charges(key)).await
    }

    async fn look(&self, key: Key) -> Verdict {
        self.store.look(&self.limits, &self.charges(key)).await
    }

    /// One of the key, and one of what the process has for itself.
    fn charges(&self, key: Key) -> Charges {
        let mut own = key.to_bytes();
        own[0] ^= self.number + 1;
        let keys = [key, Key::from_bytes(own)];
        let mut charges = Charges::new();
        for (policy, key) in (0..).zip(keys).take(self.policies) {
            assert!(charges.push(Charge::new(policy, key, 1)));
        }
        charges
    }

    /// Waits until Redis has nothing left for a key.
    pub(crate) async fn is_refused(&self, key: Key) {
        let refused = async || {
            let verdict = self.look(key).await;
            let of_all = verdict.standings()[0];
            let is_over = of_all.source() == Source::Store && of_all.remaining() == 0;
            (is_over && !verdict.is_taken()).then_some(())
        };
        until("all is taken", refused).await;
    }
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
    callers: JoinSet<(u8, Counted)>,
    stop: Arc<AtomicBool>,
}

/// What callers were told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) asked: u64,
    /// Those whom Redis let through, in advance or not.
    pub(crate) admitted: u32,
    /// Those among them who were let through by what a process had in advance.
    pub(crate) leased: u32,
    /// Those whom their process let through.
    pub(crate) locally: u32,
    /// Those about whom Redis could not be asked, or did not answer.
    pub(crate) degraded: u32,
    /// The most whom Redis let through for one of the processes.
    pub(crate) by_one: u32,
}

impl Crowd {
    pub(crate) fn of(processes: &[Process], key: Key) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let callers = processes.iter().zip(CALLERS);
        let callers = callers.flat_map(|(process, callers)| std::iter::repeat_n(process, callers));
        let callers = callers.map(|process| hammer(process.clone(), key, stop.clone())).collect();
        Self { callers, stop }
    }

    /// Lets them stop, and adds up what they counted.
    pub(crate) async fn settle(self) -> Counted {
        self.stop.store(true, Relaxed);
        let (mut all, mut each) = (Counted::default(), [0; 2]);
        for (number, counted) in self.callers.join_all().await {
            all.asked += counted.asked;
            all.admitted += counted.admitted;
            all.leased += counted.leased;
            all.locally += counted.locally;
            all.degraded += counted.degraded;
            each[usize::from(number)] += counted.admitted;
        }
        all.by_one = each.into_iter().max().unwrap();
        all
    }
}

impl Counted {
    /// How many Redis let through beyond the quota.
    pub(crate) fn beyond(&self) -> u32 {
        self.admitted.saturating_sub(QUOTA)
    }

    /// Nobody was let through beyond what is stated: by Redis a quota, and one more for each time it lost its data; by
    /// the processes alone one quota together, if they may at all. What was taken in advance was counted then, and adds
    /// nothing.
    pub(crate) fn assert_within(&self, rules: Rules, losses: u32, degrade: Degrade) {
        let most = |quota: u32| (1 + losses) * (quota + MEANWHILE);
        assert!(self.admitted <= most(QUOTA), "{rules:?}, {losses} losses: {self:?}");
        let own = if rules.has_own { OWN } else { QUOTA };
        assert!(self.by_one <= most(own), "{rules:?}, {losses} losses: {self:?}");
        // Half of it each.
        let locally = if degrade == Degrade::Local { own } else { 0 };
        assert!(self.locally <= locally, "{degrade}: {self:?}");
    }
}

async fn hammer(process: Process, key: Key, stop: Arc<AtomicBool>) -> (u8, Counted) {
    let mut counted = Counted::default();
    while !stop.load(Relaxed) {
        let verdict = process.take(key).await;
        let taken = u32::from(verdict.is_taken());
        counted.asked += 1;
        match verdict.standings()[0].source() {
            Source::Store => counted.admitted += taken,
            Source::Leased => {
                counted.admitted += taken;
                counted.leased += taken;
            }
            _ => {
                counted.locally += taken;
                counted.degraded += 1;
            }
        }
        tokio::task::yield_now().await;
    }
    (process.number, counted)
}
