//! Sizes that no machine has.

use buttress_core::Fault;
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::throttle::ThrottleBuilder;
use buttress_ratelimit::{Algorithm, Penalty, Policy, Quota, RateLimit, RateLimitBuilder, address};

fn paths(builder: RateLimitBuilder) -> Vec<String> {
    let error = builder.build().unwrap_err();
    error.faults().iter().map(|fault| fault.path().to_owned()).collect()
}

fn with(memory: Memory, policy: Policy) -> RateLimitBuilder {
    RateLimit::builder().engine(memory).policy("a", policy)
}

#[test]
fn a_table_that_no_machine_has_is_a_fault_and_no_panic() {
    for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingLog] {
        let policy = || Quota::per_second(9).algorithm(algorithm).by(address());
        for bytes in [usize::MAX, usize::MAX / 2, 1 << 60] {
            assert_eq!(paths(with(Memory::with_bytes(bytes), policy())), ["memory.bytes"]);
        }
        for keys in [usize::MAX, usize::MAX / 2, 1 << 50] {
            assert_eq!(paths(with(Memory::with_capacity(keys), policy())), ["memory.keys"]);
        }
    }
}

#[test]
fn so_is_a_table_of_bans() {
    for most in [usize::MAX, 1 << 60, 1 << 40] {
        let policy = Quota::per_second(9).by(address()).penalty(Penalty::after(9));
        assert_eq!(paths(with(Memory::new(), policy).most_banned(most)), ["most_banned"]);
    }
}

#[test]
fn so_are_more_policies_than_numbers() {
    let many = (0..300).fold(RateLimit::builder(), |builder, number| {
        builder.policy(format!("p{number}"), Quota::per_second(1).by(address()))
    });
    assert_eq!(paths(many), ["policies"]);
}

/// What a store says of the policies does not wait until all else is mended.
#[test]
fn what_a_store_says_of_policies_comes_at_once_with_all_else() {
    let log = || Quota::per_second(9).algorithm(Algorithm::SlidingLog).by(address());
    let huge = || Memory::with_bytes(1 << 60);
    assert_eq!(paths(with(huge(), log().cost(0))), ["policies.a.cost", "memory.bytes"]);
    let taken = Memory::with_capacity(9);
    assert!(with(taken.clone(), log()).build().is_ok());
    let other = with(taken, Quota::per_second(9).by(address()).cost(0));
    assert_eq!(paths(other), ["policies.a.cost", "memory"]);

    let throttle =
        ThrottleBuilder::http(Quota::per_second(9).algorithm(Algorithm::SlidingLog), address());
    let error = throttle.engine(huge()).most_waiting(0).build().unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    assert_eq!(paths, ["memory.bytes", "most_waiting"]);
}

#[cfg(feature = "redis")]
#[test]
fn so_does_what_a_store_in_redis_says_of_them() {
    use buttress_ratelimit::key::Keyer;
    use buttress_ratelimit::store::{Engine, RedisStore};

    let redis = buttress_redis::Redis::builder("redis://127.0.0.1:1").build().unwrap();
    let leasing = ["a", "zero", "unknown"]
        .iter()
        .fold(RedisStore::new(redis), |store, policy| store.leases(*policy, 99));
    let error = RateLimit::builder()
        .keyer(Keyer::random())
        .policy("a", Quota::per_second(9).by(address()).cost(0))
        .policy("zero", Quota::per_second(0).by(address()))
        .engine(Engine::from(leasing.local(Memory::with_bytes(1 << 60))))
        .build()
        .unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    // That there are no tokens of nothing need not be said.
    let of_store = ["redis.leases.a", "redis.leases.unknown", "redis.memory.bytes"];
    let of_policies = ["policies.a.cost", "policies.zero.quota.count"];
    assert_eq!(paths, [&of_policies[..], &of_store[..]].concat());
}
