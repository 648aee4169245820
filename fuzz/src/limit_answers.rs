//! What a server says of charges that were to be taken.

use std::time::Duration;

use buttress_core::Key;
use buttress_ratelimit::store::redis::parsing::taken;
use buttress_ratelimit::{Algorithm, Charge, Charges, Limit, Limits, Quota, Retry, Verdict};

/// Of all kinds, and one whose numbers are longer than a script can count.
fn limits() -> Limits {
    let window = |algorithm| Quota::per_minute(50).algorithm(algorithm);
    let quotas = [
        Quota::per_second(10).burst(30),
        Quota::per_second(10).burst(3).queue(Duration::from_millis(700)),
        Quota::per(Duration::from_secs(366 * 86_400), 3),
        window(Algorithm::FixedWindow),
        window(Algorithm::SlidingCounter),
        window(Algorithm::SlidingLog),
        Quota::at_once(5),
    ];
    quotas.iter().map(|quota| quota.check().unwrap()).collect()
}

/// The first byte says how many charges there are, and its first bit that all numbers of all kinds are answered. Two
/// bytes are a charge: its policy; its cost, and whether it refuses nobody. The rest is the answer.
///
/// Whoever reads it hears of a verdict that those limits could have come to, or of none.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let (of_all, count) = (first >> 7 == 1, usize::from(first & 7) + 1);
    let Some((asked, answer)) = rest.split_at_checked(2 * count) else { return };
    let (limits, mut charges) = (limits(), Charges::new());
    let policies = if of_all { limits.all().len() } else { 3 };
    for asked in asked.chunks_exact(2) {
        let policy = u8::try_from(usize::from(asked[0]) % policies).unwrap();
        let charge = Charge::new(policy, Key::from_bytes([7; 16]), u32::from(asked[1] & 0x7f));
        assert!(charges.push(if asked[1] >> 7 == 1 { charge.optional() } else { charge }));
    }
    let each = if of_all { 3 } else { 1 };
    let Some(verdict) = taken(answer, each, &limits, &charges) else { return };
    assert_eq!(answer.len(), 8 * (2 + each * count));
    let code = i64::from_be_bytes(*answer.first_chunk().unwrap());
    assert_eq!(verdict.is_taken(), code >= 0);
    assert!(code >= -1);
    check(&verdict, &limits, charges.as_slice());
}

fn check(verdict: &Verdict, limits: &Limits, charges: &[Charge]) {
    assert_eq!(verdict.standings().len(), charges.len());
    for (at, (charge, standing)) in (0..).zip(charges.iter().zip(verdict.standings())) {
        let limit = limits.of(charge);
        assert!(!verdict.is_missed(at) || charge.is_optional(), "what is taken is not missed");
        assert!(u64::from(standing.remaining()) <= limit.burst(), "{standing:?}");
        assert!(standing.resets_in() <= longest(limit), "{standing:?}");
    }
    let required = || charges.iter().filter(|charge| !charge.is_optional());
    match verdict.refusal() {
        None => {
            let queue = required().map(|charge| limits.of(charge).queue()).max();
            let inexact = Duration::from_micros(1);
            assert!(verdict.delay() <= queue.unwrap_or_default() + inexact, "{verdict:?}");
        }
        Some((at, retry)) => {
            let charge = charges[usize::from(at)];
            assert!(!charge.is_optional(), "it refuses nobody");
            if let Retry::After(wait) = retry {
                assert!(wait <= longest(limits.of(&charge)), "{wait:?} of {charge:?}");
            }
        }
    }
}

/// The longest that a key waits for anything: a burst with its queue and a debt of a period, or what two windows have.
/// And two microseconds, by which a script may be wrong, and the time of a server.
fn longest(limit: &Limit) -> Duration {
    let interval = limit.period().as_nanos().div_ceil(limit.count().into());
    let burst = Duration::from_nanos(u64::try_from(interval).unwrap() * limit.burst());
    burst.max(limit.period()) + limit.queue() + limit.period() + Duration::from_micros(2)
}
