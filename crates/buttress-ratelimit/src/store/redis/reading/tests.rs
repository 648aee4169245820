//! Whatever numbers a server answers: a verdict that a limit could have come to, or none.

use buttress_core::Key;
use proptest::prelude::*;

use super::*;
use crate::{Algorithm, Limit, Quota};

/// Of all kinds, and one whose numbers are longer than a script can count.
fn quotas() -> [Quota; 7] {
    let window = |algorithm| Quota::per_minute(50).algorithm(algorithm);
    [
        Quota::per_second(10).burst(30),
        Quota::per_second(10).burst(3).queue(Duration::from_millis(700)),
        Quota::per(Duration::from_secs(366 * 86_400), 3),
        window(Algorithm::FixedWindow),
        window(Algorithm::SlidingCounter),
        window(Algorithm::SlidingLog),
        Quota::at_once(5),
    ]
}

fn limits() -> Limits {
    quotas().iter().map(|quota| quota.check().unwrap()).collect()
}

/// A policy, a cost, and whether it is optional.
type Asked = (u8, u32, bool);

fn asked(policies: std::ops::Range<u8>) -> impl Strategy<Value = Vec<Asked>> {
    let asked = (policies, 0_u32..40, any::<bool>());
    prop::collection::vec(asked, 1..=MOST_POLICIES)
}

fn charges(asked: &[Asked]) -> Vec<Charge> {
    let charge = |(policy, cost, optional): &Asked| {
        let charge = Charge::new(*policy, Key::from_bytes([7; 16]), *cost);
        if *optional { charge.optional() } else { charge }
    };
    asked.iter().map(charge).collect()
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{Count, Forget, GiveBack, Look, Renew, Take};
    prop_oneof![6 => Just(Take), 2 => Just(Look), 1 => Just(Count), 1 => Just(GiveBack), 1 => Just(Forget), 1 => Just(Renew)]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0_i64..60,
        4 => 0_i64..100_000_000_000,
        2 => any::<i64>(),
        1 => Just(i64::MAX),
        1 => Just(i64::MIN),
        1 => -2_i64..0,
        1 => Just(i64::from(u32::MAX)),
    ]
}

fn code() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0_i64), 4 => Just(-1_i64), 2 => 0_i64..256, 2 => any::<u16>().prop_map(i64::from), 1 => any::<i64>()]
}

/// The longest that a key waits for anything: a debt, or what two windows have.
fn longest(limit: &Limit) -> Duration {
    Duration::from_nanos(limit.deepest.max(2 * limit.period) + INEXACT + MICRO)
}

fn makes_sense(
    answer: &Answer,
    code: i64,
    operation: Operation,
    charges: &[Charge],
) -> Result<(), TestCaseError> {
    let (limits, verdict) = (limits(), &answer.verdict);
    prop_assert_eq!(verdict.is_taken(), code >= 0);
    prop_assert_eq!(verdict.standings().len(), charges.len());
    for (at, (charge, standing)) in (0..).zip(charges.iter().zip(verdict.standings())) {
        let limit = limits.of(charge);
        prop_assert!(!verdict.is_missed(at) || charge.is_optional(), "what is taken is not missed");
        prop_assert!(u64::from(standing.remaining()) <= limit.burst(), "{standing:?}");
        prop_assert!(standing.resets_in() <= longest(limit), "{standing:?}");
    }
    if let Some((at, retry)) = verdict.refusal() {
        let charge = charges[usize::from(at)];
        prop_assert!(!charge.is_optional(), "it refuses nobody");
        if let Retry::After(wait) = retry {
            prop_assert!(wait <= longest(limits.of(&charge)), "{wait:?} of {charge:?}");
        }
    }
    if verdict.is_taken() && operation == Operation::Take {
        let required = charges.iter().filter(|charge| !charge.is_optional());
        let queue = required.map(|charge| limits.of(charge).queue()).max().unwrap_or_default();
        prop_assert!(verdict.delay() <= queue + Duration::from_nanos(INEXACT), "{verdict:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_any_numbers_say_makes_sense(
        asked in asked(0..7), operation in operation(), code in code(), micros in number(),
        numbers in prop::collection::vec(number(), 3 * MOST_POLICIES),
    ) {
        let charges = charges(&asked);
        let whole = [&[code, micros], &numbers[..3 * charges.len()]].concat();
        if let Ok(answer) = of_numbers(&whole, 3, operation, &limits(), &charges) {
            makes_sense(&answer, code, operation, &charges)?;
        }
    }

    #[test]
    fn so_does_what_any_numbers_say_of_buckets(
        asked in asked(0..3), looks in any::<bool>(), code in code(), micros in number(),
        numbers in prop::collection::vec(number(), MOST_POLICIES),
    ) {
        let operation = if looks { Operation::Look } else { Operation::Take };
        let charges = charges(&asked);
        let whole = [&[code, micros], &numbers[..charges.len()]].concat();
        if let Ok(answer) = of_numbers(&whole, 1, operation, &limits(), &charges) {
            makes_sense(&answer, code, operation, &charges)?;
        }
    }
}

/// Bytes as a server may send them: often enough as many as are expected.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let whole = (code(), number(), prop::collection::vec(number(), 0..=3 * MOST_POLICIES));
    let whole = whole.prop_map(|(code, micros, numbers)| {
        let all = [code, micros].into_iter().chain(numbers);
        all.flat_map(i64::to_be_bytes).collect()
    });
    prop_oneof![3 => whole, 1 => prop::collection::vec(any::<u8>(), 0..300)]
}

proptest! {
    #[test]
    fn whatever_bytes_come_make_sense_or_are_none(
        asked in asked(0..3), buckets in any::<bool>(), bytes in sent(),
    ) {
        let charges = charges(&asked);
        let each = if buckets { 1 } else { 3 };
        let answer = of_bytes(&bytes, each, Operation::Take, &limits(), &charges);
        let expected = 8 * (2 + each * charges.len());
        prop_assert!(answer.is_err() || bytes.len() == expected, "{} bytes", bytes.len());
        if let Ok(answer) = answer {
            let code = i64::from_be_bytes(*bytes.first_chunk().unwrap());
            makes_sense(&answer, code, Operation::Take, &charges)?;
        }
    }
}

/// What would lock out, let through without taking, or keep somebody waiting is no answer, each for itself.
#[test]
fn what_no_limit_could_come_to_is_no_answer() {
    let read = |code, ahead, asked: &[Asked]| {
        let charges = charges(asked);
        let numbers = [&[code, 1_000_000][..], &vec![ahead; charges.len()]].concat();
        of_numbers(&numbers, 1, Operation::Take, &limits(), &charges).is_ok()
    };
    let (one, queued, optional) = ((0, 1, false), (1, 1, false), (0, 1, true));
    let seconds = |seconds: i64| seconds * 1_000_000_000;
    assert!(read(-1, seconds(4), &[one]), "a burst of three seconds, and a debt of one");
    assert!(!read(-1, seconds(5), &[one]), "nor is it deeper");
    assert!(read(0, seconds(3), &[one]) && !read(0, seconds(3) + 2_000, &[one]), "no queue");
    assert!(read(0, seconds(1), &[queued]) && !read(0, seconds(1) + 2_000, &[queued]));
    assert!(read(1, 0, &[optional, one]) && !read(2, 0, &[optional, one]), "it was not missed");
    assert!(read(-1, 0, &[optional, one]) && !read(-1, 0, &[optional]), "it refuses nobody");
}
