//! A hundred million keys, each of which comes once: the memory of a limit stays as it is, and those who are in debt
//! stay in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, Moment, Timestamp};
use buttress_core::key::Keyer;
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::{Algorithm, Charge, Limit, Limits, Quota};
use buttress_testkit::allocations;

const KEYS: u64 = 100_000_000;

/// A million requests a second: far more keys are alive at any time than there is room for.
const STEP: u64 = 1_000;

/// How often those who are in debt ask, among the others.
const EVERY: u64 = 1_000;

#[derive(Clone, Debug, Default)]
struct Ticks(Arc<AtomicU64>);

impl Clock for Ticks {
    fn now(&self) -> Moment {
        Moment::from_nanos(self.0.load(Relaxed))
    }

    fn wall(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

/// Ten at once, and ten a minute from then on.
fn minutely(algorithm: Algorithm) -> Limits {
    let quota = Quota::per_minute(10).algorithm(algorithm);
    std::iter::once(Limit::try_from(quota).unwrap()).collect()
}

/// How often each of these has passed after all the others have come; they ask all the time.
fn storm(memory: &Memory, limits: &Limits, clock: &Ticks, keys: u64, debtors: &[Key]) -> Vec<u64> {
    let keyer = Keyer::random();
    let mut passed = vec![0; debtors.len()];
    for nth in 0..keys {
        clock.0.fetch_add(STEP, Relaxed);
        if nth % EVERY == 0 {
            for (key, passed) in debtors.iter().zip(&mut passed) {
                // Ten at a time at first, so that there is something to lose.
                let tries = if nth == 0 { 10 } else { 1 };
                let charge = Charge::new(0, *key, 1);
                let is_taken = |_: &_| memory.check(limits, &charge, clock.now()).is_taken();
                *passed += (0..tries).filter(is_taken).count() as u64;
            }
        }
        let stranger = Charge::new(0, keyer.key_of([nth.to_le_bytes()]), 1);
        assert!(memory.check(limits, &stranger, clock.now()).is_taken());
    }
    passed
}

fn debtors() -> Vec<Key> {
    let keyer = Keyer::random();
    (0..20_u8).map(|nth| keyer.key_of([[nth]])).collect()
}

#[test]
fn a_hundred_million_keys_leave_the_memory_as_it_was() {
    let clock = Ticks::default();
    let memory = Memory::new().clock(clock.clone());
    let limits = minutely(Algorithm::Gcra);
    let (debtors, before) = (debtors(), memory.usage(&limits, 0));
    let mut passed = Vec::new();
    let count = allocations::of(|| passed = storm(&memory, &limits, &clock, KEYS, &debtors)).1;
    // The vector of the result.
    assert_eq!(count.allocations(), 1, "{count:?}");

    let after = memory.usage(&limits, 0);
    assert_eq!((after.bytes(), after.places()), (before.bytes(), before.places()));
    assert!(after.bytes() < 1_500_000, "{after:?}");
    assert!(after.forgotten() > KEYS * 9 / 10, "{after:?}");

    // A hundred seconds: ten at once, and one in six seconds since. None was forgotten for a stranger.
    let seconds = (clock.now() - Moment::FIRST).as_secs();
    assert!(passed.iter().all(|passed| *passed == 10 + seconds / 6), "{passed:?} in {seconds} s");
    let heaviest = memory.heaviest(&limits, 0, debtors.len());
    assert!(debtors.iter().all(|key| heaviest.iter().any(|heavy| heavy.key() == *key)));
}

/// The same for those that are kept behind locks; a tenth of the keys, as they take longer.
#[test]
fn ten_million_keys_leave_the_others_as_they_were() {
    for algorithm in [Algorithm::FixedWindow, Algorithm::SlidingCounter, Algorithm::SlidingLog] {
        let clock = Ticks::default();
        let memory = Memory::new().clock(clock.clone());
        let limits = minutely(algorithm);
        let (debtors, before) = (debtors(), memory.usage(&limits, 0));
        let passed = storm(&memory, &limits, &clock, KEYS / 10, &debtors);
        assert_eq!(memory.usage(&limits, 0).bytes(), before.bytes());
        // Ten seconds of the first minute.
        assert!(clock.now() - Moment::FIRST < Duration::from_secs(60));
        assert_eq!(passed, [10; 20], "{algorithm}");
    }
}
