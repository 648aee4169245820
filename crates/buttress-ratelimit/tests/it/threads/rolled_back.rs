//! Decisions that take back what they have taken, as somebody was faster with their last charge.

use std::fmt;
use std::sync::Arc;

use buttress_core::sync::Lock;

use super::*;

/// A clock that, once it is looked at so often, has something happen before whoever looked goes on.
#[derive(Clone)]
struct Halting(Arc<Lock<Halt>>);

struct Halt {
    now: u64,
    looks: usize,
    meanwhile: Option<Box<dyn FnOnce() -> u64 + Send>>,
}

impl fmt::Debug for Halting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Halting")
    }
}

impl Clock for Halting {
    fn now(&self) -> Moment {
        let (seen, meanwhile) = {
            let mut halt = self.0.lock();
            halt.looks = halt.looks.saturating_sub(1);
            (halt.now, if halt.looks == 0 { halt.meanwhile.take() } else { None })
        };
        if let Some(meanwhile) = meanwhile {
            let later = meanwhile();
            self.0.lock().now = later;
        }
        Moment::from_nanos(seen)
    }

    fn wall(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

/// A decision that is held up between two of its charges, and then has to take back the first: what is over by then
/// does not come back, or it would make room for one more.
#[test]
fn what_is_rolled_back_late_makes_no_room() {
    let first = Quota::per(Duration::from_micros(1), 10).burst(3);
    let window = Quota::per_hour(100).algorithm(Algorithm::FixedWindow);
    let limits = limits([first, window, Quota::per_hour(1)]);
    let clock = Halting(Arc::new(Lock::new(Halt { now: 1_000, looks: 0, meanwhile: None })));
    let memory = Memory::with_capacity(4).clock(clock.clone());
    let takes = |memory: &Memory, limits: &Limits, policy, key, now| {
        let charge = Charge::new(policy, Key::from_bytes([key; 16]), 1);
        memory.check(limits, &charge, Moment::from_nanos(now)).is_taken()
    };
    // The first policy knows the key, so nobody waits for its place. The page of the window is a little ahead, so the
    // decision looks at the clock once more when it comes there.
    assert!(takes(&memory, &limits, 0, 1, 800) && takes(&memory, &limits, 1, 2, 1_001));
    let (others, theirs) = (memory.clone(), limits.clone());
    let meanwhile = move || {
        // The first charge is over by itself, another caller takes one, and the last policy has nothing left.
        assert!(takes(&others, &theirs, 0, 1, 1_100) && takes(&others, &theirs, 2, 1, 1_100));
        1_100
    };
    *clock.0.lock() = Halt { now: 1_000, looks: 2, meanwhile: Some(Box::new(meanwhile)) };
    let verdict = now(memory.take(&limits, &charges(1, &[0, 1, 2])));
    assert_eq!(verdict.refusal().map(|(at, _)| at), Some(2));
    assert!(clock.0.lock().meanwhile.is_none());
    let passed = (0..9).filter(|_| takes(&memory, &limits, 0, 1, 1_100)).count();
    assert_eq!(passed, 2, "of three, as another caller has taken one");
}

/// Two threads whose last policy refuses again and again, and one that asks of the first alone. Whatever is rolled
/// back, in no span does more pass than the quota, and what two of them may have under way.
#[test]
fn what_threads_roll_back_is_bounded() {
    const EACH: u64 = 60_000;
    const INTERVAL: i128 = 100;
    let clock = Ticks::default();
    let quota = Quota::per(Duration::from_micros(1), 10).burst(5);
    let limits = limits([quota, Quota::per(Duration::from_micros(1), 3).burst(1)]);
    let memory = Memory::with_capacity(100);
    let passed = together(|thread| {
        let asked = charges(1, if thread == 0 { &[0] } else { &[0, 1] });
        let mut passed = Vec::new();
        for nth in 0..EACH {
            if nth % 4 == 0 {
                clock.on(29);
            }
            let at = clock.now();
            if memory.take_at(&limits, &asked, at).is_taken() {
                passed.push(at.as_nanos());
            }
        }
        passed
    });
    let mut passed: Vec<u64> = passed.into_iter().flatten().collect();
    passed.sort_unstable();
    assert!(passed.len() > 1_000, "{}", passed.len());
    // Of all spans at once: how far the time of one was ahead of its turn, and that of a later one is behind it.
    let mut ahead = i128::MIN;
    for (nth, at) in (0_i128..).zip(&passed) {
        let turn = i128::from(*at) - nth * INTERVAL;
        ahead = ahead.max(turn);
        let most = (5 + i128::from(THREADS - 1)) * INTERVAL;
        assert!(ahead - turn + INTERVAL <= most, "the {nth}th at {at}");
    }
}
