//! More keys than there is room for.

use std::collections::HashMap;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, ManualClock};
use buttress_core::key::{KeySeed, Keyer};
use buttress_ratelimit::store::{LimitStore, Memory, Usage, WhenFull};
use buttress_ratelimit::{Algorithm, Charge, Limits, Quota, Retry, Source, Verdict};
use proptest::prelude::*;

use crate::memory::{charges, limits, now};

const ALL: [Algorithm; 4] =
    [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingCounter, Algorithm::SlidingLog];

fn of(algorithm: Algorithm, count: u64) -> Limits {
    limits([Quota::per_second(count).algorithm(algorithm)])
}

fn take(memory: &Memory, limits: &Limits, key: u8) -> Verdict {
    now(memory.take(limits, &charges(key, &[0])))
}

/// Full of these keys, each of which has taken two more than the one before.
fn full(memory: &Memory, limits: &Limits) -> u8 {
    let places = u8::try_from(memory.usage(limits, 0).places()).unwrap();
    for key in 0..places {
        for _ in 0..=2 * key {
            assert!(take(memory, limits, key).is_taken());
        }
    }
    assert_eq!(memory.usage(limits, 0).live(), usize::from(places));
    places
}

#[test]
fn whoever_loses_least_gives_way() {
    for algorithm in ALL {
        let limits = of(algorithm, 60);
        let memory = Memory::with_capacity(3).clock(ManualClock::new());
        let places = full(&memory, &limits);
        for newcomer in 100..140 {
            assert!(take(&memory, &limits, newcomer).is_taken(), "{algorithm}");
        }
        assert_eq!(memory.usage(&limits, 0).forgotten(), 40);
        for key in 2..places {
            let verdict = now(memory.look(&limits, &charges(key, &[0])));
            let left = verdict.standings()[0].remaining();
            assert_eq!(left, 59 - 2 * u32::from(key), "{algorithm}: who is in debt stays");
        }
    }
}

/// Whoever used all of the window before has more to lose than a stranger with one request in this one.
#[test]
fn who_is_in_debt_from_the_window_before_stays() {
    let (limits, clock) = (of(Algorithm::SlidingCounter, 60), ManualClock::new());
    let memory = Memory::with_capacity(3).clock(clock.clone());
    let places = full(&memory, &limits);
    while take(&memory, &limits, places - 1).is_taken() {}
    clock.advance(Duration::from_millis(1_050));
    let left = || now(memory.look(&limits, &charges(places - 1, &[0]))).standings()[0].remaining();
    let before = left();
    assert!(before < 5, "{before}");
    for newcomer in 100..140 {
        assert!(take(&memory, &limits, newcomer).is_taken());
    }
    assert_eq!(left(), before);
}

#[test]
fn a_newcomer_is_refused_until_a_place_is_free() {
    for algorithm in ALL {
        let (limits, clock) = (of(algorithm, 60), ManualClock::new());
        let memory = Memory::with_capacity(3).clock(clock.clone()).when_full(WhenFull::Refuse);
        full(&memory, &limits);
        let verdict = take(&memory, &limits, 100);
        let Some((0, Retry::After(wait))) = verdict.refusal() else { panic!("{verdict:?}") };
        clock.advance(wait.saturating_sub(Duration::from_nanos(1)));
        assert!(!take(&memory, &limits, 100).is_taken(), "{algorithm}");
        clock.advance(Duration::from_nanos(1));
        assert!(take(&memory, &limits, 100).is_taken(), "{algorithm}");
        assert_eq!(memory.usage(&limits, 0).refused(), 2);
        assert_eq!(memory.usage(&limits, 0).forgotten(), 0);
    }
}

#[test]
fn a_newcomer_is_let_through_without_being_counted() {
    for algorithm in ALL {
        let limits = of(algorithm, 60);
        let memory = Memory::with_capacity(3).clock(ManualClock::new()).when_full(WhenFull::Admit);
        full(&memory, &limits);
        for _ in 0..100 {
            let mut asked = charges(100, &[0]);
            let verdict = now(memory.take(&limits, &asked));
            assert!(verdict.is_taken(), "{algorithm}");
            assert_eq!(verdict.standings()[0].source(), Source::Uncounted);
            asked.stamp(&verdict);
            memory.give_back(&limits, &asked);
        }
        assert_eq!(memory.usage(&limits, 0).uncounted(), 100);
    }
}

/// Permits are not forgotten, or else who comes back with one would make room for two.
#[test]
fn permits_do_not_give_way() {
    let limits = limits([Quota::at_once(2)]);
    let memory = Memory::with_capacity(3).clock(ManualClock::new());
    for key in 0..8 {
        assert!(take(&memory, &limits, key).is_taken());
    }
    assert_eq!(take(&memory, &limits, 100).refusal(), Some((0, Retry::Unknown)));
    let mut held = charges(3, &[0]);
    held.stamp(&now(memory.look(&limits, &held)));
    memory.give_back(&limits, &held);
    assert!(take(&memory, &limits, 100).is_taken());
}

/// What the page of the memory says of each algorithm.
#[test]
fn a_key_takes_as_many_bytes_as_is_documented() {
    let memory = Memory::with_capacity(15_000);
    let heavy = 24_576;
    for (algorithm, bytes) in [
        (Algorithm::Gcra, 320_000 + heavy),
        (Algorithm::FixedWindow, 15_000 * 68),
        (Algorithm::SlidingCounter, 15_000 * 68),
        (Algorithm::SlidingLog, 15_000 * 1_076),
    ] {
        let memory = memory.clone().when_full(WhenFull::Forget);
        assert_eq!(memory.usage(&of(algorithm, 10), 0).bytes(), bytes, "{algorithm}");
    }
    let permits = memory.usage(&limits([Quota::at_once(1)]), 0);
    assert_eq!(permits.bytes(), 15_000 * 68);
}

/// So many places may be taken, and hardly any key is forgotten.
#[test]
fn the_load_that_is_documented_fits() {
    let keyer = Keyer::from(KeySeed::from_bytes([7; 16]));
    let crowd = |algorithm, keys: u32| {
        let limits = of(algorithm, 10);
        let clock = ManualClock::new();
        let memory = Memory::with_capacity(30_000).clock(clock.clone());
        for key in 0..keys {
            let charge = Charge::new(0, keyer.key_of([key.to_le_bytes()]), 1);
            assert!(memory.check(&limits, &charge, clock.now()).is_taken());
        }
        let usage = memory.usage(&limits, 0);
        let all = usize::try_from(usage.forgotten()).unwrap() + usage.live();
        assert_eq!(all, usize::try_from(keys).unwrap());
        usage.forgotten() * 1_000 / u64::from(keys)
    };
    // In a thousand: three keys for five places, four for five, one for two.
    assert_eq!(crowd(Algorithm::Gcra, 30_000), 2);
    assert_eq!(crowd(Algorithm::Gcra, 40_000), 20);
    assert_eq!(crowd(Algorithm::FixedWindow, 30_000), 8);
}

/// A glance looks at few places, and says nearly the same.
#[test]
fn a_glance_tells_about_how_full_it_is() {
    let keyer = Keyer::from(KeySeed::from_bytes([7; 16]));
    for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow] {
        let limits = of(algorithm, 10);
        let clock = ManualClock::new();
        let memory = Memory::with_capacity(60_000).clock(clock.clone());
        for key in 0..20_000_u32 {
            let charge = Charge::new(0, keyer.key_of([key.to_le_bytes()]), 1);
            assert!(memory.check(&limits, &charge, clock.now()).is_taken());
        }
        let (usage, glance) = (memory.usage(&limits, 0), memory.glance(&limits, 0));
        let all = [usage.places(), usage.bytes()];
        assert_eq!([glance.places(), glance.bytes()], all, "{algorithm}");
        assert!(glance.live().abs_diff(usage.live()) < usage.places() * 4 / 100, "{algorithm}");
        assert_ne!(glance.live(), usage.live(), "{algorithm}: it looks at as many");
    }
}

#[test]
fn what_is_over_frees_its_place() {
    let (clock, limits) = (ManualClock::new(), limits([Quota::per_second(1)]));
    let memory = Memory::with_capacity(3).clock(clock.clone()).when_full(WhenFull::Refuse);
    for round in 0..100_u8 {
        for key in 0..5 {
            assert!(take(&memory, &limits, round.wrapping_mul(5).wrapping_add(key)).is_taken());
        }
        assert_eq!(memory.usage(&limits, 0).live(), 5);
        clock.advance(Duration::from_secs(1));
        assert_eq!(memory.usage(&limits, 0).live(), 0);
    }
}

/// Who asks, how much, how much later.
fn steps(keys: u8) -> impl Strategy<Value = Vec<(u8, u32, u64)>> {
    prop::collection::vec((0..keys, 1..3_u32, prop_oneof![0..9_u64, 0..400_u64]), 1..150)
}

/// What a key has taken, without a table: five a second, five at once. When it is empty, in milliseconds.
#[derive(Default)]
struct Alone(HashMap<u8, u64>);

impl Alone {
    fn has_room(&self, key: u8, cost: u32, now: u64) -> bool {
        let empty_at = self.0.get(&key).copied().unwrap_or_default();
        now.max(empty_at) + u64::from(cost) * 200 <= now + 1_000
    }

    fn add(&mut self, key: u8, cost: u32, now: u64) {
        let empty_at = self.0.entry(key).or_default();
        *empty_at = now.max(*empty_at) + u64::from(cost) * 200;
    }
}

/// Asks step by step, and tells each decision beside what a key alone would have had room for.
fn walk(
    steps: Vec<(u8, u32, u64)>,
    mut each: impl FnMut(bool, bool, Usage) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let (clock, limits) = (ManualClock::new(), limits([Quota::per_second(5)]));
    let memory = Memory::with_capacity(3).clock(clock.clone());
    let mut alone = Alone::default();
    for (key, cost, later) in steps {
        clock.advance(Duration::from_millis(later));
        let millis = clock.now().as_nanos() / 1_000_000;
        let charge = Charge::new(0, Key::from_bytes([key; 16]), cost);
        let usage = memory.usage(&limits, 0);
        let is_taken = memory.check(&limits, &charge, clock.now()).is_taken();
        each(is_taken, alone.has_room(key, cost, millis), usage)?;
        if is_taken {
            alone.add(key, cost, millis);
        }
    }
    Ok(())
}

proptest! {
    /// With room for all, a table is as if every key were alone.
    #[test]
    fn with_room_nobody_feels_the_others(steps in steps(5)) {
        walk(steps, |is_taken, has_room, usage| {
            prop_assert_eq!(is_taken, has_room);
            prop_assert_eq!(usage.forgotten(), 0);
            Ok(())
        })?;
    }

    /// Without, a key may be forgotten. Nobody is refused who has not taken that much, and until somebody was
    /// forgotten nobody gets more.
    #[test]
    fn without_room_nobody_is_refused_for_another(steps in steps(40)) {
        walk(steps, |is_taken, has_room, usage| {
            prop_assert!(is_taken || !has_room);
            prop_assert!(usage.forgotten() > 0 || is_taken == has_room);
            Ok(())
        })?;
    }
}
