//! Threads that ask at the same time: counted to the last request.

mod refunds;
mod rolled_back;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, Moment, Timestamp};
use buttress_ratelimit::store::{LimitStore, Memory, WhenFull};
use buttress_ratelimit::{Algorithm, Charge, Charges, Limits, Quota, Standing};

use crate::memory::{charges, limits, now};

/// A clock that every thread pushes on.
#[derive(Clone, Debug, Default)]
struct Ticks(std::sync::Arc<AtomicU64>);

impl Ticks {
    fn on(&self, nanos: u64) {
        self.0.fetch_add(nanos, SeqCst);
    }
}

impl Clock for Ticks {
    fn now(&self) -> Moment {
        Moment::from_nanos(self.0.load(SeqCst))
    }

    fn wall(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

const THREADS: u8 = 3;

/// What every thread has come to.
fn together<T: Send>(each: impl Fn(u8) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let each = &each;
        let threads: Vec<_> = (0..THREADS).map(|nth| scope.spawn(move || each(nth))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A million requests of one key while time goes on: what passes is the burst and what came since, not one more
/// and not one less.
#[test]
fn one_key_gets_exactly_its_quota() {
    const EACH: u64 = 350_000;
    let clock = Ticks::default();
    let limits = limits([Quota::per(Duration::from_micros(1), 10).burst(50)]);
    let memory = Memory::with_capacity(100).clock(clock.clone());
    let passed: u64 = together(|_| {
        let mut passed = 0;
        for nth in 0..EACH {
            if nth % 8 == 0 {
                clock.on(13);
            }
            passed += u64::from(now(memory.take(&limits, &charges(1, &[0]))).is_taken());
        }
        passed
    })
    .into_iter()
    .sum();
    // To the end, so that nothing is left because nobody asked any more.
    let rest =
        (0..EACH).take_while(|_| now(memory.take(&limits, &charges(1, &[0]))).is_taken()).count();
    let quota = 50 + clock.now().as_nanos() / 100;
    assert!(clock.now().as_nanos() / 100 > 10_000, "time has gone on");
    assert_eq!(passed + rest as u64, quota);
}

/// Half of them give back what they took: no more is taken, less what came back, than the quota.
#[test]
fn what_comes_back_meanwhile_makes_no_room_that_was_not_there() {
    const EACH: u64 = 120_000;
    let clock = Ticks::default();
    let limits = limits([Quota::per(Duration::from_micros(1), 10).burst(50)]);
    let memory = Memory::with_capacity(100).clock(clock.clone());
    let kept: u64 = together(|thread| {
        let mut kept = 0;
        for nth in 0..EACH {
            if nth % 8 == 0 {
                clock.on(13);
            }
            let mut asked = charges(1, &[0]);
            let verdict = now(memory.take(&limits, &asked));
            if verdict.is_taken() && (nth + u64::from(thread)) % 2 == 0 {
                asked.stamp(&verdict);
                memory.give_back(&limits, &asked);
            } else if verdict.is_taken() {
                kept += 1;
            }
        }
        kept
    })
    .into_iter()
    .sum();
    let quota = 50 + clock.now().as_nanos() / 100;
    assert!(kept <= quota, "{kept} of {quota}");
    assert!(kept > quota / 4, "{kept} of {quota}");
}

/// Five places for nine keys, which are over all the time and change hands: no key ever gets more than its own.
#[test]
fn keys_that_take_turns_in_a_place_stay_apart() {
    const EACH: u64 = 200_000;
    let clock = Ticks::default();
    let limits = limits([Quota::per(Duration::from_micros(1), 10).burst(2)]);
    let memory = Memory::with_capacity(3).clock(clock.clone()).when_full(WhenFull::Refuse);
    let passed = together(|thread| {
        let mut passed = [0_u64; 9];
        for nth in 0..EACH {
            if nth % 4 == 0 {
                clock.on(29);
            }
            let key = u8::try_from((nth * 7 / 3 + u64::from(thread)) % 9).unwrap();
            if now(memory.take(&limits, &charges(key, &[0]))).is_taken() {
                passed[usize::from(key)] += 1;
            }
        }
        passed
    });
    let quota = 2 + clock.now().as_nanos() / 100;
    let sums: Vec<u64> = (0..9).map(|key| passed.iter().map(|of| of[key]).sum()).collect();
    assert!(sums.iter().all(|sum| *sum > 1_000 && *sum <= quota), "{sums:?} of {quota}");
    assert_eq!(memory.usage(&limits, 0).places(), 5);
    assert_eq!(memory.usage(&limits, 0).forgotten(), 0);
}

fn three() -> Limits {
    let window = Quota::per_hour(3_000).algorithm(Algorithm::FixedWindow);
    limits([Quota::per_hour(4_000), window, Quota::per_hour(5_000)])
}

/// Time stands still, and three policies are charged at once: each has lost exactly what passed. What was rolled back
/// is there again.
#[test]
fn no_policy_loses_to_a_refusal_of_another() {
    let limits = three();
    let memory = Memory::with_capacity(100).clock(Ticks::default());
    let orders: [&[u8]; 3] = [&[0, 1, 2], &[2, 0, 1], &[1, 2, 0]];
    let passed: usize = together(|thread| {
        let asked = charges(1, orders[usize::from(thread)]);
        (0..20_000).filter(|_| now(memory.take(&limits, &asked)).is_taken()).count()
    })
    .into_iter()
    .sum();
    assert_eq!(passed, 3_000, "as many as the smallest of them has");
    let verdict = now(memory.look(&limits, &charges(1, &[0, 1, 2])));
    let left: Vec<_> = verdict.standings().iter().map(Standing::remaining).collect();
    assert_eq!(left, [1_000, 0, 2_000]);
}

/// Permits: never more at the same time than there are, and all of them are there in the end.
#[test]
fn permits_are_held_by_as_many_as_there_are() {
    let limits = limits([Quota::at_once(2)]);
    let memory = Memory::with_capacity(8);
    let holding = AtomicU64::new(0);
    let most: u64 = together(|_| {
        let mut most = 0;
        for _ in 0..60_000 {
            let mut asked: Charges = charges(1, &[0]);
            let verdict = now(memory.take(&limits, &asked));
            if verdict.is_taken() {
                most = most.max(holding.fetch_add(1, SeqCst) + 1);
                holding.fetch_sub(1, SeqCst);
                asked.stamp(&verdict);
                memory.give_back(&limits, &asked);
            }
        }
        most
    })
    .into_iter()
    .max()
    .unwrap_or_default();
    assert!(most <= 2, "{most}");
    let one = Charge::new(0, Key::from_bytes([1; 16]), 2);
    assert!(memory.check(&limits, &one, Moment::LAST).is_taken());
}
