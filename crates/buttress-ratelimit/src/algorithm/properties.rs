//! Every algorithm against a log of all that it has let through.

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

/// A time, and what was let through then.
type Log = Vec<(u64, u64)>;

/// How much later than the one before, and how much.
type Steps = Vec<(u64, u32)>;

fn limit(algorithm: Algorithm, count: u64, interval: u64) -> Limit {
    let quota = Quota::per(Duration::from_nanos(count * interval), count).algorithm(algorithm);
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

/// Walks through the steps, asks `allows` what a log of all before would say, and looks at the time of each refusal
/// from both sides.
fn compare<C: Counter>(
    limit: &Limit,
    steps: &Steps,
    allows: impl Fn(&Log, u64, u64) -> bool,
) -> Result<(), TestCaseError> {
    let (mut counter, mut log, mut now) = (C::default(), Log::new(), 1_000);
    for (later, cost) in steps {
        now += later;
        let expected = allows(&log, now, u64::from(*cost));
        let before = counter.clone();
        let room = take(&mut counter, limit, *cost, at(now));
        prop_assert_eq!(room.is_ok(), expected, "at {}, {} of {:?}, {:?}", now, cost, limit, log);
        match room {
            Ok(_) if *cost > 0 => log.push((now, u64::from(*cost))),
            Ok(_) => {}
            Err(Retry::Never) => prop_assert!(u64::from(*cost) > limit.burst()),
            Err(Retry::Unknown) => prop_assert!(false, "it is known"),
            Err(Retry::After(wait)) => {
                let then = now + u64::try_from(wait.as_nanos()).unwrap();
                prop_assert!(take(&mut before.clone(), limit, *cost, at(then)).is_ok());
                prop_assert!(take(&mut before.clone(), limit, *cost, at(then - 1)).is_err());
            }
        }
        standing(&counter, limit, at(now))?;
    }
    Ok(())
}

/// What is said to remain can be taken, and no more; and then everything is there again, not before.
fn standing<C: Counter>(counter: &C, limit: &Limit, now: Moment) -> Result<(), TestCaseError> {
    let remaining = u32::try_from(counter.remaining(limit, now)).unwrap();
    prop_assert!(remaining == 0 || counter.room(limit, remaining, now) == Ok(0));
    prop_assert_ne!(counter.room(limit, remaining + 1, now), Ok(0));
    let until = counter.until(limit, now);
    let empty = |then: u64| {
        let mut counter = counter.clone();
        counter.settle(limit, at(then));
        counter.is_empty()
    };
    prop_assert!(empty(until));
    prop_assert!(until == now.as_nanos() || !empty(until - 1));
    Ok(())
}

proptest! {
    /// From no request that was let through on have there been more than the burst and what came since.
    #[test]
    fn gcra_is_a_log_without_a_log(
        steps in steps(), burst in 1..9_u64, interval in 100..300_u64, queue in 0..900_u64,
    ) {
        let queue = Duration::from_nanos(queue);
        let period = Duration::from_nanos(interval * 5);
        let limit = Limit::try_from(Quota::per(period, 5).burst(burst).queue(queue)).unwrap();
        compare::<Gcra>(&limit, &steps, |log, now, cost| {
            let mut sum = cost;
            let now_itself = (now, 0);
            let mut since = std::iter::once(&now_itself).chain(log.iter().rev());
            cost <= burst && since.all(|(came, cost)| {
                sum += cost;
                // A request that waits goes on as much later, and never before one that came earlier.
                sum * interval <= burst * interval + limit.queue + (now - came)
            })
        })?;
    }

    /// A window begins with the first that is let through when no other runs.
    #[test]
    fn a_fixed_window_is_what_its_log_says(
        steps in steps(), count in 1..9_u64, interval in 1..300_u64,
    ) {
        let limit = limit(Algorithm::FixedWindow, count, interval);
        compare::<FixedWindow>(&limit, &steps, |log, now, cost| {
            let (mut ends, mut used) = (0, 0);
            for (came, cost) in log {
                if *came >= ends {
                    (ends, used) = (came + limit.period, 0);
                }
                used += cost;
            }
            cost + if now < ends { used } else { 0 } <= count
        })?;
    }

    /// Windows stand side by side from the first request on, until both are empty.
    #[test]
    fn a_sliding_counter_is_what_its_log_says(
        steps in steps(), count in 1..9_u64, interval in 1..300_u64,
    ) {
        let limit = limit(Algorithm::SlidingCounter, count, interval);
        compare::<SlidingCounter>(&limit, &steps, |log, now, cost| {
            let period = limit.period;
            let Some(mut began) = log.first().map(|(came, _)| *came) else { return cost <= count };
            let mut last = began;
            for (came, _) in log {
                // The windows are left behind when the one after that of the last request is over.
                if *came >= began + ((last - began) / period + 2) * period {
                    began = *came;
                }
                last = *came;
            }
            if now >= began + ((last - began) / period + 2) * period {
                return cost <= count;
            }
            let window = (now - began) / period;
            let sum = |of: u64| -> u64 {
                let inside = log.iter().filter(|(came, _)| *came >= began && (came - began) / period == of);
                inside.map(|(_, cost)| cost).sum()
            };
            let in_view = (window + 1) * period - (now - began);
            let older = window.checked_sub(1).map_or(0, sum);
            older * in_view + (sum(window) + cost) * period <= count * period
        })?;
    }

    #[test]
    fn a_sliding_log_is_a_log(steps in steps(), count in 1..9_u64, interval in 1..300_u64) {
        let limit = limit(Algorithm::SlidingLog, count, interval);
        compare::<SlidingLog>(&limit, &steps, |log, now, cost| {
            let in_view = log.iter().filter(|(came, _)| came + limit.period > now);
            in_view.map(|(_, cost)| cost).sum::<u64>() + cost <= count
        })?;
    }
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
        let until = Some(counter.until(limit, at(now)));
        let mut back = counter.clone();
        back.remove(limit, *cost, until, at(now));
        back.settle(limit, at(now));
        prop_assert_eq!(back.remaining(limit, at(now)), before.remaining(limit, at(now)));
        prop_assert_eq!(back.is_empty(), before.is_empty());
        let over = at(until.unwrap_or_default());
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
