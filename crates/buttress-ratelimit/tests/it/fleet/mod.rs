//! Limits that processes share, against real servers.

mod allowed;
mod away;
mod bans;
mod beginning;
mod breaking;
mod by_hand;
mod census;
mod degraded;
mod differing;
mod door;
mod in_a_file;
mod joined;
mod leases;
mod lying;
mod member;
mod permits;
mod places;
mod processes;
mod racing;
mod records;
mod remembered;
mod reported;
mod returned;
mod sharded;
mod told;

use std::time::Duration;

use buttress_core::Key;
use buttress_core::engine::Degrade;
use buttress_core::metrics::Metrics;
use buttress_ratelimit::store::{LimitStore, RedisStore, Terms};
use buttress_ratelimit::{Charge, Charges, Limit, Limits, Quota, Source, Verdict};
use buttress_redis::Redis;
use buttress_testkit::redis::{Cluster, Server};
use buttress_testkit::until::until;

/// One that is connected.
pub async fn connected(url: impl Into<String>) -> Redis {
    let redis = Redis::builder(url).prefix("test").response_timeout(Duration::from_secs(5));
    let redis = redis.build().unwrap();
    redis.connected().await.unwrap();
    redis
}

pub async fn joined(cluster: &Cluster) -> Redis {
    let places: Vec<_> = cluster.addresses().iter().map(ToString::to_string).collect();
    let redis = Redis::builder(format!("redis+cluster://{}", places.join(","))).prefix("test");
    let redis = redis.response_timeout(Duration::from_secs(5)).build().unwrap();
    until("all are connected", async || redis.connected().await.ok()).await;
    redis
}

/// A store that would rather wait than be without Redis, on a machine that is busy.
pub fn patient(redis: Redis) -> RedisStore {
    RedisStore::new(redis).within(Duration::from_secs(5))
}

/// A store that knows its policies, and their limits.
#[derive(Clone)]
pub struct Rig {
    pub store: RedisStore,
    pub limits: Limits,
}

impl Rig {
    pub fn new(store: RedisStore, policies: &[(Quota, Degrade)]) -> Self {
        let limits: Vec<Limit> = policies.iter().map(|(quota, _)| quota.check().unwrap()).collect();
        let terms = limits.iter().zip(policies).enumerate().map(|(at, (limit, (_, degrade)))| {
            Terms::new(format!("policy-{at}"), *limit).degrade(*degrade)
        });
        let terms: Vec<_> = terms.collect();
        let store = store.bind(&terms, None, &Metrics::default()).unwrap();
        Self { store, limits: limits.into_iter().collect() }
    }

    /// With one policy that is denied while Redis is gone.
    pub fn strict(store: RedisStore, quota: Quota) -> Self {
        Self::new(store, &[(quota, Degrade::Deny)])
    }

    pub async fn look(&self, charges: &[Charge]) -> Verdict {
        self.store.look(&self.limits, &all(charges)).await
    }

    /// Takes one, and keeps what is to be given back.
    pub async fn taken(&self, charge: Charge) -> Charges {
        let mut charges = all(&[charge]);
        let verdict = self.store.take(&self.limits, &charges).await;
        assert!(verdict.is_taken(), "{verdict:?}");
        charges.stamp(&verdict);
        charges
    }

    pub async fn take(&self, charges: &[Charge]) -> Verdict {
        self.store.take(&self.limits, &all(charges)).await
    }
}

pub fn all(charges: &[Charge]) -> Charges {
    let mut all = Charges::new();
    for charge in charges {
        assert!(all.push(*charge));
    }
    all
}

/// How the first charge stands, by whom.
pub fn first(verdict: &Verdict) -> (u32, Source) {
    let standing = verdict.standings()[0];
    (standing.remaining(), standing.source())
}

/// The name of a record of the first policy.
pub fn record(kind: char, key: Key) -> String {
    format!("test:limit:v1:{{limits}}:{kind}:policy-0:{key}")
}

/// How many commands a server has processed.
pub async fn commands(server: &Server) -> u64 {
    server.info("stats", "total_commands_processed").await.parse().unwrap()
}

pub fn key(of: u8) -> Key {
    Key::from_bytes([of; 16])
}
