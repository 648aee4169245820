//! Limits in memory: what a caller sees, whatever happens inside.

use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, ManualClock};
use buttress_core::engine::Step;
use buttress_core::stage::Never;
use buttress_ratelimit::store::{LimitStore, Memory};
use buttress_ratelimit::{Charge, Charges, Limit, Limits, Quota, Retry, Verdict};

pub(crate) fn limits<const N: usize>(quotas: [Quota; N]) -> Limits {
    quotas.iter().map(|quota| Limit::try_from(*quota).unwrap()).collect()
}

/// Of this key, one of each policy.
pub(crate) fn charges(key: u8, policies: &[u8]) -> Charges {
    let mut charges = Charges::new();
    for policy in policies {
        assert!(charges.push(Charge::new(*policy, Key::from_bytes([key; 16]), 1)));
    }
    charges
}

pub(crate) fn now<T>(step: Step<T, Never>) -> T {
    match step {
        Step::Now(value) => value,
        Step::Later(never) => match never {},
    }
}

fn take(memory: &Memory, limits: &Limits, charges: &Charges) -> Verdict {
    now(memory.take(limits, charges))
}

#[test]
fn a_burst_passes_and_then_the_rate() {
    let clock = ManualClock::new();
    let memory = Memory::with_capacity(100).clock(clock.clone());
    let limits = limits([Quota::per_second(20).burst(60)]);
    let ada = charges(1, &[0]);
    for left in (0..60).rev() {
        let verdict = take(&memory, &limits, &ada);
        assert!(verdict.is_taken());
        assert_eq!(verdict.standings()[0].remaining(), left);
    }
    let verdict = take(&memory, &limits, &ada);
    assert_eq!(verdict.refusal(), Some((0, Retry::After(Duration::from_millis(50)))));
    assert_eq!(verdict.standings()[0].resets_in(), Duration::from_secs(3));
    clock.advance(Duration::from_nanos(49_999_999));
    assert!(!take(&memory, &limits, &ada).is_taken());
    clock.advance(Duration::from_nanos(1));
    assert!(take(&memory, &limits, &ada).is_taken());
    assert!(take(&memory, &limits, &charges(2, &[0])).is_taken(), "somebody else");
    assert!(clock.now().as_nanos() > 0);
}
