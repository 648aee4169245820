//! What happens to one key of a limit: charges, what comes back, clocks that jump, quotas that are replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, Moment, Timestamp};
use buttress_core::engine::Step;
use buttress_ratelimit::store::{LimitStore, Memory};
use buttress_ratelimit::{Algorithm, Charge, Charges, Limit, Limits, Quota, Retry, Verdict};

const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::Gcra,
    Algorithm::FixedWindow,
    Algorithm::SlidingCounter,
    Algorithm::SlidingLog,
    Algorithm::Concurrent,
];

/// Eight bytes of the input are a step: what is done, how much, and how far the clock goes, in either direction.
///
/// Nothing is left that a limit does not have. Who is told when to come again is admitted at exactly that time, and not
/// a nanosecond before; and that time is no longer than what a limit can be in debt.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let Some((first, steps)) = data.split_first_chunk::<8>() else { return };
    let algorithm = ALGORITHMS[usize::from(first[0]) % ALGORITHMS.len()];
    let Some(mut limit) = limit(algorithm, *first) else { return };
    let clock = Hand(Arc::new(AtomicU64::new(1 << 60)));
    let memory = Memory::with_capacity(8).clock(clock.clone());
    let mut taken = Vec::new();
    for step in steps.chunks_exact(8) {
        let &[what, cost, which, shift, a, b, c, d] = step else { continue };
        let limits: Limits = [limit].into_iter().collect();
        // On both sides of a turn, or several of them might add up to less than the second below.
        let Step::Now(_) = memory.take(&limits, &charges(0));
        clock.turn(which, shift, u32::from_be_bytes([a, b, c, d]));
        let Step::Now(_) = memory.take(&limits, &charges(0));
        let mut charges = charges(1 << (cost % 20));
        match what % 8 {
            0..=3 => {
                let Step::Now(verdict) = memory.take(&limits, &charges);
                check(&verdict, &limit);
                if verdict.is_taken() {
                    charges.stamp(&verdict);
                    taken.push(charges);
                } else {
                    come_again(&memory, &clock, &limit, &charges, &verdict);
                }
            }
            4 => memory.count(&limits, &charges),
            5 => taken.pop().iter().for_each(|charges| memory.give_back(&limits, charges)),
            6 => {
                let Step::Now(verdict) = memory.forget(&limits, &charges);
                assert_eq!(u64::from(verdict.standings()[0].remaining()), limit.burst());
            }
            _ => {
                let changed = self::limit(algorithm, [what, cost, which, shift, a, b, c, d]);
                limit = changed.unwrap_or(limit);
            }
        }
    }
}

fn limit(algorithm: Algorithm, [_, unit, burst, queue, a, b, c, d]: [u8; 8]) -> Option<Limit> {
    let count = u64::from(u16::from_be_bytes([a, b])) + 1;
    let period = Duration::from_nanos(u64::from(u16::from_be_bytes([c, d])) << (unit % 40));
    let mut quota = match algorithm {
        Algorithm::Concurrent => Quota::at_once(count),
        Algorithm::SlidingLog => Quota::per(period, count % 64 + 1),
        _ => Quota::per(period, count),
    }
    .algorithm(algorithm);
    if algorithm == Algorithm::Gcra {
        quota = quota.burst(1 << (burst % 24)).queue(period * u32::from(queue) / 64);
    }
    quota.check().ok()
}

fn charges(cost: u32) -> Charges {
    let mut charges = Charges::new();
    charges.push(Charge::new(0, Key::from_bytes([7; 16]), cost));
    charges
}

fn check(verdict: &Verdict, limit: &Limit) {
    let standing = verdict.standings()[0];
    assert!(u64::from(standing.remaining()) <= limit.burst(), "{standing:?}");
    assert!(standing.resets_in() <= longest(limit), "{standing:?} {limit:?}");
    assert!(verdict.delay() <= limit.queue(), "{verdict:?}");
}

/// The deepest debt: a whole burst, a queue, and what was counted too late to be asked for. And a second, by which
/// threads may be out of order.
fn longest(limit: &Limit) -> Duration {
    let interval = limit.period().as_nanos().div_ceil(limit.count().into());
    let burst = Duration::from_nanos(u64::try_from(interval).unwrap() * limit.burst());
    burst.max(limit.period()) + limit.queue() + limit.period() + Duration::from_secs(1)
}

fn come_again(memory: &Memory, clock: &Hand, limit: &Limit, charges: &Charges, verdict: &Verdict) {
    let limits: Limits = [*limit].into_iter().collect();
    let cost = u64::from(charges.as_slice()[0].cost());
    match verdict.refusal() {
        Some((0, Retry::Never)) => assert!(cost > limit.burst()),
        Some((0, Retry::Unknown)) => assert_eq!(limit.algorithm(), Algorithm::Concurrent),
        Some((0, Retry::After(wait))) => {
            assert!(cost <= limit.burst() && !wait.is_zero() && wait <= longest(limit), "{wait:?}");
            clock.forward(wait.saturating_sub(Duration::from_nanos(1)));
            let Step::Now(early) = memory.look(&limits, charges);
            assert!(!early.is_taken(), "told to come in {wait:?}");
            clock.forward(Duration::from_nanos(1));
            let Step::Now(then) = memory.look(&limits, charges);
            assert!(then.is_taken(), "told to come in {wait:?}, and then {:?}", then.refusal());
        }
        other => panic!("{other:?}"),
    }
}

/// A clock that goes wherever it is turned to, but not to the last centuries of the time line, where time stands still.
#[derive(Clone, Debug)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn turn(&self, which: u8, shift: u8, by: u32) {
        let by = u64::from(by) << (shift % 33);
        let now = self.0.load(Relaxed);
        // What is less than a second late is a thread that was slow, and not a clock that went back.
        let back = now.saturating_sub(by.max(1_000_000_001));
        let now = match which {
            ..200 => now.saturating_add(by).min(u64::MAX >> 1).max(now),
            _ if now - back > 1_000_000_000 => back,
            _ => now,
        };
        self.0.store(now, Relaxed);
    }

    fn forward(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_nanos()).unwrap(), Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Moment {
        Moment::from_nanos(self.0.load(Relaxed))
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Relaxed))
    }
}
