//! Sizes that no machine has.

use buttress_ratelimit::store::Memory;
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
