//! Limits in memory: what a caller sees, whatever happens inside.

use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, ManualClock, Moment};
use buttress_core::engine::Step;
use buttress_core::metrics::Metrics;
use buttress_core::stage::Never;
use buttress_ratelimit::store::{LimitStore, Memory, Terms};
use buttress_ratelimit::{Algorithm, Charge, Charges, Limit, Limits, Quota, Retry, Verdict};

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

fn left(memory: &Memory, limits: &Limits, charges: &Charges) -> u32 {
    now(memory.look(limits, charges)).standings()[0].remaining()
}

#[test]
fn clones_count_together() {
    let memory = Memory::with_capacity(10).clock(ManualClock::new());
    let (limits, ada) = (limits([Quota::per_second(2)]), charges(1, &[0]));
    assert!(take(&memory.clone(), &limits, &ada).is_taken());
    assert!(take(&memory, &limits, &ada).is_taken());
    assert!(!take(&memory.clone(), &limits, &ada).is_taken());
}

#[test]
fn policies_have_nothing_in_common() {
    let memory = Memory::with_capacity(10).clock(ManualClock::new());
    let limits = limits([Quota::per_second(1), Quota::per_second(1)]);
    assert!(take(&memory, &limits, &charges(1, &[0])).is_taken());
    assert!(take(&memory, &limits, &charges(1, &[1])).is_taken());
    assert!(!take(&memory, &limits, &charges(1, &[0])).is_taken());
}

#[test]
fn what_costs_more_than_there_ever_is_never_passes() {
    let window = |algorithm| Quota::per_second(4).algorithm(algorithm);
    let limits = limits([
        Quota::per_second(9).burst(4),
        window(Algorithm::FixedWindow),
        window(Algorithm::SlidingCounter),
        window(Algorithm::SlidingLog),
        Quota::at_once(4),
    ]);
    let memory = Memory::with_capacity(10).clock(ManualClock::new());
    for policy in 0..5 {
        let key = Key::from_bytes([1; 16]);
        let verdict = memory.check(&limits, &Charge::new(policy, key, 5), Moment::FIRST);
        assert_eq!(verdict.retry(), Some(Retry::Never));
        assert!(memory.check(&limits, &Charge::new(policy, key, 4), Moment::FIRST).is_taken());
    }
}

#[test]
fn what_is_counted_afterwards_may_be_more_than_there_was() {
    let clock = ManualClock::new();
    let memory = Memory::with_capacity(10).clock(clock.clone());
    let (limits, ada) = (limits([Quota::per_minute(60).burst(10)]), charges(1, &[0]));
    let mut much = Charges::new();
    assert!(much.push(Charge::new(0, Key::from_bytes([1; 16]), 1_000)));
    memory.count(&limits, &much);
    let verdict = take(&memory, &limits, &ada);
    // The burst and a period, and not the sixteen minutes that it was.
    assert_eq!(verdict.refusal(), Some((0, Retry::After(Duration::from_secs(61)))));
    clock.advance(Duration::from_secs(61));
    assert!(take(&memory, &limits, &ada).is_taken());
}

#[test]
fn who_is_forgotten_begins_anew() {
    let window = |algorithm| Quota::per_second(2).algorithm(algorithm);
    let limits = limits([
        Quota::per_second(2),
        window(Algorithm::FixedWindow),
        window(Algorithm::SlidingCounter),
        window(Algorithm::SlidingLog),
        Quota::at_once(2),
    ]);
    let memory = Memory::with_capacity(10).clock(ManualClock::new());
    let all = charges(1, &[0, 1, 2, 3, 4]);
    assert!(take(&memory, &limits, &all).is_taken() && take(&memory, &limits, &all).is_taken());
    assert!(!take(&memory, &limits, &all).is_taken());
    let verdict = now(memory.forget(&limits, &all));
    assert!(verdict.standings().iter().all(|standing| standing.remaining() == 2));
    assert!(take(&memory, &limits, &all).is_taken());
}

#[test]
fn numbers_change_and_what_was_counted_stays() {
    let memory = Memory::with_capacity(10).clock(ManualClock::new());
    let ada = charges(1, &[0]);
    let (few, many) = (limits([Quota::per_hour(5)]), limits([Quota::per_hour(50)]));
    for _ in 0..5 {
        assert!(take(&memory, &few, &ada).is_taken());
    }
    assert!(!take(&memory, &few, &ada).is_taken());
    // An hour's worth of five is an hour's worth of fifty.
    assert!(!take(&memory, &many, &ada).is_taken());
    let plenty = limits([Quota::per_hour(50).burst(70)]);
    assert_eq!(left(&memory, &plenty, &ada), 20);
}

#[test]
fn a_limit_that_is_lowered_locks_nobody_out() {
    let clock = ManualClock::new();
    let memory = Memory::with_capacity(10).clock(clock.clone());
    let ada = charges(1, &[0]);
    let yearly = limits([Quota::per(Duration::from_secs(86_400 * 365), 4)]);
    while take(&memory, &yearly, &ada).is_taken() {}
    let a_second = limits([Quota::per_second(2)]);
    let verdict = take(&memory, &a_second, &ada);
    let Some((0, Retry::After(wait))) = verdict.refusal() else { panic!("{verdict:?}") };
    assert!(wait <= Duration::from_millis(1_500), "{wait:?}");
    clock.advance(wait);
    assert!(take(&memory, &a_second, &ada).is_taken());
}

#[test]
fn a_clock_that_jumps_back_locks_nobody_out() {
    let memory = Memory::with_capacity(10);
    let window = |algorithm| Quota::per_second(2).algorithm(algorithm);
    let limits = limits([
        Quota::per_second(2),
        window(Algorithm::FixedWindow),
        window(Algorithm::SlidingCounter),
        window(Algorithm::SlidingLog),
    ]);
    let years = Duration::from_secs(86_400 * 365 * 40);
    for policy in 0..4 {
        let charge = Charge::new(policy, Key::from_bytes([1; 16]), 1);
        let late = Moment::FIRST + years;
        for jump in [late, Moment::LAST, Moment::FIRST, late, Moment::from_nanos(5)] {
            let passed = (0..9).take_while(|_| memory.check(&limits, &charge, jump).is_taken());
            assert!(passed.count() <= 2, "no free pass");
            let Some(Retry::After(wait)) = memory.check(&limits, &charge, jump).retry() else {
                panic!("there is no more");
            };
            assert!(wait <= Duration::from_secs(2), "{wait:?}");
            let then = jump + wait;
            let checked = memory.check(&limits, &charge, then);
            assert!(
                jump > late || checked.is_taken(),
                "{policy} at {jump:?}: {wait:?}, {checked:?}"
            );
        }
    }
}

#[test]
fn the_heaviest_are_found_by_their_keys() {
    let window = |algorithm| Quota::per_hour(40).algorithm(algorithm);
    let limits = limits([window(Algorithm::Gcra), window(Algorithm::FixedWindow)]);
    let memory = Memory::with_capacity(1_000).clock(ManualClock::new());
    for policy in [0, 1] {
        for key in 1..=200_u8 {
            let much = if key <= 8 { 30 + u32::from(key) } else { 3 };
            let mut charges = Charges::new();
            assert!(charges.push(Charge::new(policy, Key::from_bytes([key; 16]), much)));
            assert!(now(memory.take(&limits, &charges)).is_taken());
        }
        let heaviest = memory.heaviest(&limits, policy, 5);
        let found: Vec<_> = heaviest.iter().map(|of| of.key().to_bytes()[0]).collect();
        assert_eq!(found, [8, 7, 6, 5, 4]);
        assert_eq!(heaviest[0].standing().remaining(), 2);
    }
}

#[test]
fn a_memory_is_bound_to_one_set_of_policies() {
    let terms = |algorithm| {
        let limit = Limit::try_from(Quota::per_second(1).algorithm(algorithm)).unwrap();
        [Terms::new("one", limit)]
    };
    let bind = |memory: &Memory, of| memory.clone().bind(&terms(of), None, &Metrics::default());
    let memory = Memory::with_capacity(10);
    bind(&memory, Algorithm::Gcra).unwrap();
    bind(&memory, Algorithm::Gcra).unwrap();
    let wrong = bind(&memory, Algorithm::FixedWindow).unwrap_err();
    assert_eq!(wrong.faults()[0].path(), "memory");
    for (memory, path) in [
        (Memory::with_capacity(0), "memory.keys"),
        (Memory::with_capacity(usize::MAX), "memory.keys"),
        (Memory::with_bytes(8_191), "memory.bytes"),
    ] {
        assert_eq!(bind(&memory, Algorithm::Gcra).unwrap_err().faults()[0].path(), path);
    }
}

#[test]
fn bytes_are_a_ceiling() {
    let window = |algorithm| Quota::per_second(2).algorithm(algorithm);
    let limits = limits([
        Quota::per_second(2),
        window(Algorithm::FixedWindow),
        window(Algorithm::SlidingCounter),
        window(Algorithm::SlidingLog),
        Quota::at_once(2),
    ]);
    let memory = Memory::with_bytes(100_000);
    for policy in 0..5 {
        let usage = memory.usage(&limits, policy);
        assert!((90_000..=100_000).contains(&usage.bytes()), "{policy}: {usage:?}");
    }
}

#[test]
fn a_policy_that_there_is_not_never_passes() {
    let memory = Memory::with_capacity(10);
    let limits = limits([Quota::per_second(1)]);
    let verdict = take(&memory, &limits, &charges(1, &[0, 7]));
    assert_eq!(verdict.refusal(), Some((1, Retry::Never)));
    assert_eq!(left(&memory, &limits, &charges(1, &[0])), 1);
}
