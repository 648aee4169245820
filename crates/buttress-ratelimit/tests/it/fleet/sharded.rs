//! A rule set that is spread over the servers of a cluster.

use std::collections::HashSet;

use buttress_core::engine::Degrade;
use buttress_core::key::{KeyFor, KeyParts, address, key_fn, principal, route};
use buttress_core::metrics::Metrics;
use buttress_core::{Fault, Keyer};
use buttress_ratelimit::store::{LimitStore, RedisStore, Terms};
use buttress_ratelimit::{Charge, Charges, Quota, RateLimit, Source, Subject};
use buttress_redis::Redis;
use buttress_testkit::redis::{Cluster, Server};

use super::{Rig, connected, first, joined, patient};

#[tokio::test]
async fn each_shard_is_where_its_key_says() {
    let cluster = Cluster::start().await;
    let quota = (Quota::per_hour(3), Degrade::Deny);
    let rig = Rig::new(patient(joined(&cluster).await), &[quota, quota]);
    let (keyer, mut owners) = (Keyer::random(), HashSet::new());
    // So many that one server in three is left out once in four million runs.
    for caller in 0..40_u8 {
        let (shard, key) = (keyer.key_of([[caller]]), keyer.key_of([[caller, 1]]));
        let mut charges = Charges::new().at(shard);
        charges.push(Charge::new(0, key, 1));
        charges.push(Charge::new(1, key, 1));
        for left in (0..3).rev() {
            let verdict = rig.store.take(&rig.limits, &charges).await;
            assert_eq!(first(&verdict), (left, Source::Store));
        }
        assert!(!rig.store.take(&rig.limits, &charges).await.is_taken());
        let name = format!("test:limit:v1:{{{shard}}}:g:policy-0:{key}");
        let owner = cluster.primary_of(cluster.slot_of(&name).await).await;
        assert_eq!(owner.command(["EXISTS", &name]).await.integer(), 1, "{name}");
        owners.insert(owner.address());
    }
    assert_eq!(owners.len(), 3, "all primaries have some");
}

/// Two sets of limits that are spread by the same key, in one Redis: each counts for itself.
#[tokio::test]
async fn sets_of_two_names_have_nothing_in_common() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let keyer = Keyer::random();
    let set = |name: &'static str| {
        let policy = Quota::per_hour(3).by(principal()).degrade(Degrade::Deny);
        let limits = RateLimit::builder().policy("writes", policy).shard_by(principal());
        limits.keyer(keyer).engine(patient(redis.clone()).named(name)).build().unwrap()
    };
    let (front, back) = (set("front"), set("back"));
    let ada = |limits: &RateLimit<RedisStore>| {
        let shard = limits.shard_writer().unwrap().principal("ada").key();
        Subject::from(limits.writer("writes").unwrap().principal("ada").key()).at(shard)
    };
    assert!(front.take("writes", ada(&front), 3).unwrap().await.is_taken());
    assert!(back.take("writes", ada(&back), 3).unwrap().await.is_taken());
    let again = set("front");
    assert!(
        !again.check("writes", ada(&again)).unwrap().await.is_taken(),
        "of one name they are one"
    );
}

/// The limits tell it of each policy, and the store has nothing to add; what else is wrong with that policy is told.
#[test]
fn a_policy_that_would_be_split_is_told_once() {
    let redis = Redis::builder("redis://127.0.0.1:1").build().unwrap();
    let store = RedisStore::new(redis).leases("other", 50);
    let limits = RateLimit::builder()
        .policy("same", Quota::per_hour(3).by(address()))
        .policy("other", Quota::per_hour(3).by(principal()))
        .shard_by(address())
        .keyer(Keyer::random());
    let refused = limits.engine(store).build().unwrap_err();
    let paths: Vec<_> = refused.faults().iter().map(Fault::path).collect();
    assert_eq!(paths, ["policies.other.by", "redis.leases.other"], "{refused}");
}

#[test]
fn a_policy_that_would_be_split_is_refused() {
    let by = |key: &dyn KeyFor| KeyParts::of(key);
    let limit = Quota::per_hour(3).check().unwrap();
    let own = key_fn(|_, key| {
        key.text("own");
    });
    let terms = [
        Terms::new("same", limit).keyed_by(by(&address())),
        Terms::new("more", limit).keyed_by(by(&(route(), address()))),
        Terms::new("other", limit).keyed_by(by(&principal())),
        Terms::new("own", limit).keyed_by(by(&own)),
    ];
    let redis = || RedisStore::new(Redis::builder("redis://127.0.0.1:1").build().unwrap());
    let refused = redis().bind(&terms, Some(&by(&address())), &Metrics::default()).unwrap_err();
    let faults: Vec<_> = refused.faults().iter().map(Fault::path).collect();
    assert_eq!(faults, ["policies.other.by", "policies.own.by"]);
    assert!(refused.faults()[0].reason().contains("address"), "{refused}");
    assert!(redis().bind(&terms[..2], Some(&by(&address())), &Metrics::default()).is_ok());
    assert!(redis().bind(&terms, None, &Metrics::default()).is_ok());
}

#[test]
fn settings_are_wrong_all_at_once() {
    let redis = RedisStore::new(Redis::builder("redis://127.0.0.1:1").build().unwrap());
    let limit = |quota: Quota| quota.check().unwrap();
    let terms = [
        Terms::new("bucket", limit(Quota::per_hour(3))),
        Terms::new("held", limit(Quota::at_once(3))),
        Terms::new("queue", limit(Quota::per_hour(3).queue(std::time::Duration::from_secs(1)))),
    ];
    let again = redis.clone().leases("bucket", 4).leases("bucket", 3);
    assert!(again.bind(&terms[..1], None, &Metrics::default()).is_ok(), "what is said last holds");
    let other = redis.clone().bind(&terms, None, &Metrics::default());
    assert!(other.is_ok(), "and another rule set has a memory of its own");
    let refused = redis
        .named("{x}")
        .within(std::time::Duration::ZERO)
        .held_for(std::time::Duration::ZERO)
        .remembered(usize::MAX)
        .leases("bucket", 4)
        .leases("held", 1)
        .leases("queue", 1)
        .leases("unknown", 1)
        .bind(&terms, None, &Metrics::default())
        .unwrap_err();
    let faults: Vec<_> = refused.faults().iter().map(Fault::path).collect();
    let leases = ["bucket", "held", "queue", "unknown"].map(|name| format!("redis.leases.{name}"));
    let mut expected = vec!["redis.name", "redis.within", "redis.held_for", "redis.remembered"];
    expected.extend(leases.iter().map(String::as_str));
    assert_eq!(faults, expected);
}
