//! What every algorithm promises.

mod against_a_log;

use std::time::Duration;

use buttress_core::clock::Moment;
use proptest::prelude::*;

use super::concurrent::Concurrent;
use super::counter::{Counter, LATEST};
use super::fixed::FixedWindow;
use super::gcra::Gcra;
use super::log::SlidingLog;
use super::sliding::SlidingCounter;
use crate::{Algorithm, Limit, Quota, Retry};

/// How much later than the one before, and how much.
type Steps = Vec<(u64, u32)>;

fn limit(algorithm: Algorithm, count: u64, interval: u64) -> Limit {
    let quota = match algorithm {
        Algorithm::Concurrent => Quota::at_once(count),
        _ => Quota::per(Duration::from_nanos(count * interval), count).algorithm(algorithm),
    };
    Limit::try_from(quota).unwrap()
}

fn at(nanos: u64) -> Moment {
    Moment::from_nanos(nanos)
}

/// Mostly close together, so that limits are reached; sometimes so far that all is over.
fn steps() -> impl Strategy<Value = Steps> {
    let later = prop_oneof![4 => 0..150_u64, 2 => 0..1_500_u64, 1 => 0..40_000_u64];
    prop::collection::vec((later, 0..4_u32), 1..120)
}

/// Takes where there is room, as a store does.
fn take<C: Counter>(counter: &mut C, limit: &Limit, cost: u32, now: Moment) -> Result<u64, Retry> {
    counter.settle(limit, now);
    let room = counter.room(limit, cost, now);
    if room.is_ok() {
        counter.add(limit, cost, now);
    }
    room
}

/// What was taken is given back at once, later, and too late.
fn gives_back<C: Counter + PartialEq + std::fmt::Debug>(
    limit: &Limit,
    steps: &Steps,
) -> Result<(), TestCaseError> {
    let (mut counter, mut now) = (C::default(), 1_000);
    for (later, cost) in steps {
        now += later;
        counter.settle(limit, at(now));
        let before = counter.clone();
        if take(&mut counter, limit, *cost, at(now)).is_err() || *cost == 0 {
            continue;
        }
        let over = at(counter.until(limit, at(now)));
        let until = Some(over.as_nanos());
        let mut back = counter.clone();
        back.remove(limit, *cost, until, at(now));
        back.settle(limit, at(now));
        prop_assert_eq!(back.remaining(limit, at(now)), before.remaining(limit, at(now)));
        prop_assert_eq!(back.is_empty(), before.is_empty());
        let mut late = counter.clone();
        late.settle(limit, over);
        late.add(limit, 1, over);
        let again = late.clone();
        late.remove(limit, *cost, until, over);
        prop_assert_eq!(late, again, "what is over is not given back");
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_given_back_was_never_asked(
        steps in steps(), count in 1..9_u64, interval in 100..300_u64,
    ) {
        let limit = |algorithm| limit(algorithm, count, interval);
        gives_back::<Gcra>(&limit(Algorithm::Gcra), &steps)?;
        gives_back::<FixedWindow>(&limit(Algorithm::FixedWindow), &steps)?;
        gives_back::<SlidingCounter>(&limit(Algorithm::SlidingCounter), &steps)?;
        gives_back::<SlidingLog>(&limit(Algorithm::SlidingLog), &steps)?;
    }
}

/// Any moments, in any order, and anything counted by force: never a panic, never a lock-out that is longer than a
/// limit can be in debt, never more at one moment than fits.
fn endures<C: Counter>(
    limit: &Limit,
    steps: &[(u64, u32, bool)],
    longest: u64,
) -> Result<(), TestCaseError> {
    let mut counter = C::default();
    for (now, cost, by_force) in steps {
        let now = at(*now).min(LATEST);
        counter.settle(limit, now);
        if let Err(Retry::After(wait)) = counter.room(limit, 1, now) {
            prop_assert!(wait.as_nanos() <= u128::from(longest), "{:?} of {}", wait, longest);
        }
        if *by_force {
            counter.add(limit, *cost, now);
        }
        counter.remove(limit, cost / 2, by_force.then_some(now.as_nanos()), now);
        let most = limit.burst.min(u64::from(u32::MAX)) + limit.queue / limit.interval.max(1);
        let passed = (0..=most + 1).take_while(|_| take(&mut counter, limit, 1, now).is_ok());
        prop_assert!(passed.count() as u64 <= most, "no free pass at {:?}", now);
        let until = counter.until(limit, now) - now.as_nanos();
        prop_assert!(until <= longest + limit.reach, "{} of {}", until, longest);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_clock_locks_out_or_lets_through(
        steps in prop::collection::vec((any_time(), any::<u32>(), any::<bool>()), 1..20),
        count in 1..9_u64, interval in 100..10_000_000_000_u64, queue in 0..10_000_u64,
    ) {
        let gcra = Quota::per(Duration::from_nanos(count * interval), count);
        let gcra = Limit::try_from(gcra.queue(Duration::from_nanos(queue))).unwrap();
        endures::<Gcra>(&gcra, &steps, gcra.period + gcra.tolerance)?;
        let limit = |algorithm| limit(algorithm, count, interval);
        let period = gcra.period;
        endures::<FixedWindow>(&limit(Algorithm::FixedWindow), &steps, period)?;
        endures::<SlidingCounter>(&limit(Algorithm::SlidingCounter), &steps, 2 * period)?;
        endures::<SlidingLog>(&limit(Algorithm::SlidingLog), &steps, period)?;
        endures::<Concurrent>(&limit(Algorithm::Concurrent), &steps, 0)?;
    }
}

fn any_time() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0..100_000_u64,
        Just(0),
        Just(u64::MAX),
        (u64::MAX - 99_999)..u64::MAX
    ]
}

#[test]
fn what_waits_in_the_queue_goes_on_one_by_one() {
    let queue = Duration::from_millis(500);
    let limit = Limit::try_from(Quota::per_second(10).burst(2).queue(queue)).unwrap();
    let mut cell = Gcra::default();
    let room: Vec<_> = (0..8).map(|_| take(&mut cell, &limit, 1, at(7))).collect();
    let after = |tenths: u64| Ok(tenths * 100_000_000);
    let refused = Err(Retry::After(Duration::from_millis(100)));
    let expected = [0, 0, 1, 2, 3, 4, 5].map(after);
    assert_eq!(room, [&expected[..], &[refused]].concat());
}

#[test]
fn a_debt_is_bounded_by_a_period() {
    let limit = Limit::try_from(Quota::per_minute(60).burst(10)).unwrap();
    let mut cell = Gcra::default();
    cell.add(&limit, u32::MAX, at(5));
    assert_eq!(cell.level(at(5)), 70_000_000_000);
    let Err(Retry::After(wait)) = cell.room(&limit, 1, at(5)) else { panic!("it is in debt") };
    assert_eq!(wait, Duration::from_secs(61));
}

#[test]
fn who_was_forgotten_gives_nothing_back() {
    let limit = limit(Algorithm::Concurrent, 2, 100);
    let mut count = Concurrent::default();
    assert!(take(&mut count, &limit, 1, at(10)).is_ok());
    let earlier = count.until(&limit, at(10));
    count = Concurrent::default();
    assert!(take(&mut count, &limit, 2, at(20)).is_ok());
    count.remove(&limit, 1, Some(earlier), at(30));
    assert_eq!(take(&mut count, &limit, 1, at(30)), Err(Retry::Unknown));
    count.remove(&limit, 1, Some(20), at(30));
    assert_eq!(take(&mut count, &limit, 1, at(30)), Ok(0));
}

#[test]
fn who_comes_after_a_clock_jumped_back_gives_back_too() {
    let limit = limit(Algorithm::Concurrent, 2, 100);
    let mut count = Concurrent::default();
    assert!(take(&mut count, &limit, 1, at(100)).is_ok());
    assert!(take(&mut count, &limit, 1, at(50)).is_ok());
    for came in [50, 100] {
        count.settle(&limit, at(60));
        count.remove(&limit, 1, Some(came), at(60));
    }
    assert!(count.is_empty());
}
