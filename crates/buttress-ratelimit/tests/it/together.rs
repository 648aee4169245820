//! All charges of a call are taken, or none is.

use std::collections::HashMap;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, ManualClock, Moment};
use buttress_ratelimit::store::{LimitStore, Memory};
use buttress_ratelimit::{Algorithm, Charge, Charges, Limits, Quota, Retry, Standing};
use proptest::prelude::*;

use crate::memory::{charges, limits, now};

/// Of every algorithm one, and each refuses now and then.
fn mixed() -> Limits {
    let window =
        |algorithm, count| Quota::per(Duration::from_millis(100), count).algorithm(algorithm);
    limits([
        Quota::per(Duration::from_millis(100), 10).burst(4),
        window(Algorithm::FixedWindow, 6),
        window(Algorithm::SlidingCounter, 6),
        window(Algorithm::SlidingLog, 6),
        Quota::at_once(3),
    ])
}

/// Who asks, of which policies as bits, how much, how much later, and whether it is given back at once.
type Step = (u8, u8, u32, u64, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..3_u8, 1..32_u8, 1..3_u32, 0..30_u64, any::<bool>()), 1..100)
}

fn ask((key, policies, cost, ..): Step) -> Charges {
    let mut charges = Charges::new();
    for policy in (0..5).filter(|policy| policies >> policy & 1 == 1) {
        assert!(charges.push(Charge::new(policy, Key::from_bytes([key; 16]), cost)));
    }
    charges
}

/// How much each policy has left for each key.
fn left(memory: &Memory, limits: &Limits) -> HashMap<(u8, u8), u32> {
    let mut left = HashMap::new();
    for key in 0..3 {
        let verdict = now(memory.look(limits, &charges(key, &[0, 1, 2, 3, 4])));
        for (policy, standing) in (0..).zip(verdict.standings()) {
            left.insert((key, policy), standing.remaining());
        }
    }
    left
}

proptest! {
    /// A refusal takes nothing from anybody; what is taken is taken from those who were asked, and from all of them.
    #[test]
    fn a_refusal_burns_nothing(steps in steps()) {
        let (clock, limits) = (ManualClock::new(), mixed());
        let memory = Memory::with_capacity(100).clock(clock.clone());
        for step in steps {
            clock.advance(Duration::from_millis(step.3));
            let before = left(&memory, &limits);
            let mut charges = ask(step);
            let verdict = now(memory.take(&limits, &charges));
            let after = left(&memory, &limits);
            for (of, had) in &before {
                let asked = of.0 == step.0 && step.1 >> of.1 & 1 == 1;
                let cost = if asked && verdict.is_taken() { step.2 } else { 0 };
                prop_assert_eq!(after[of], had - cost, "{:?} of {:?}", of, step);
            }
            if let Some((at, _)) = verdict.refusal() {
                let charge = charges.as_slice()[usize::from(at)];
                prop_assert!(before[&(step.0, charge.policy())] < step.2);
            } else if step.4 {
                charges.stamp(&verdict);
                memory.give_back(&limits, &charges);
                prop_assert_eq!(&left(&memory, &limits), &before);
            }
        }
    }

    /// What a look says comes true, to the nanosecond.
    #[test]
    fn a_look_says_what_would_be(steps in steps()) {
        let (clock, limits) = (ManualClock::new(), mixed());
        let memory = Memory::with_capacity(100).clock(clock.clone());
        for step in steps {
            clock.advance(Duration::from_millis(step.3));
            let charges = ask(step);
            let seen = now(memory.look(&limits, &charges));
            if let Some((_, Retry::After(wait))) = seen.refusal() {
                let then = clock.now() + wait;
                prop_assert!(memory.look_at(&limits, &charges, then).is_taken());
                let early = Moment::from_nanos(then.as_nanos() - 1);
                prop_assert!(!memory.look_at(&limits, &charges, early).is_taken());
            }
            let verdict = now(memory.take(&limits, &charges));
            prop_assert_eq!(verdict.refusal(), seen.refusal());
        }
    }
}

#[test]
fn the_refusal_that_is_told_is_the_one_that_waits_longest() {
    let limits = limits([Quota::per_second(1), Quota::per_hour(1), Quota::per_minute(1)]);
    let memory = Memory::with_capacity(10).clock(ManualClock::new());
    let all = charges(1, &[0, 1, 2]);
    assert!(now(memory.take(&limits, &all)).is_taken());
    let verdict = now(memory.take(&limits, &all));
    assert_eq!(verdict.refusal(), Some((1, Retry::After(Duration::from_secs(3_600)))));
    assert_eq!(verdict.standings().len(), 3);
}

#[test]
fn an_optional_charge_refuses_nobody() {
    let limits = limits([Quota::per_second(3), Quota::per_second(1)]);
    let memory = Memory::with_capacity(10).clock(ManualClock::new());
    let key = Key::from_bytes([1; 16]);
    let mut charges = Charges::new();
    assert!(
        charges.push(Charge::new(1, key, 1).optional()) && charges.push(Charge::new(0, key, 1))
    );
    let missed: Vec<_> = (0..4)
        .map(|_| {
            let verdict = now(memory.take(&limits, &charges));
            (verdict.is_taken(), verdict.is_missed(0), verdict.standings()[1].remaining())
        })
        .collect();
    assert_eq!(missed, [(true, false, 2), (true, true, 1), (true, true, 0), (false, true, 0)]);
}

/// Nothing that was missed is given back.
#[test]
fn what_was_missed_is_not_given_back() {
    let limits = limits([Quota::per_second(5), Quota::per_second(1)]);
    let memory = Memory::with_capacity(10).clock(ManualClock::new());
    let key = Key::from_bytes([1; 16]);
    let mut charges = Charges::new();
    assert!(
        charges.push(Charge::new(0, key, 1)) && charges.push(Charge::new(1, key, 1).optional())
    );
    assert!(now(memory.take(&limits, &charges)).is_taken());
    let verdict = now(memory.take(&limits, &charges));
    charges.stamp(&verdict);
    memory.give_back(&limits, &charges);
    let standings = now(memory.look(&limits, &charges));
    assert_eq!(standings.standings().iter().map(Standing::remaining).collect::<Vec<_>>(), [4, 0]);
}

/// What was taken and rolled back would be remembered as heavy, as at that moment it was: so whoever is refused by a
/// later policy has not even held what the first one has left.
#[test]
fn nothing_is_taken_only_to_be_given_back() {
    let (clock, limits) = (ManualClock::new(), limits([Quota::per_hour(2), Quota::per_hour(1)]));
    let memory = Memory::with_capacity(100).clock(clock.clone());
    let both = charges(1, &[0, 1]);
    assert!(memory.take_at(&limits, &both, clock.now()).is_taken());
    let refused = memory.take_at(&limits, &both, clock.now());
    assert!(matches!(refused.refusal(), Some((1, _))));
    assert_eq!(refused.standings().iter().map(Standing::remaining).collect::<Vec<_>>(), [1, 0]);
    assert!(memory.heaviest(&limits, 0, 5).is_empty());
}
