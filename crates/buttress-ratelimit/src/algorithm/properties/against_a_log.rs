//! Every algorithm against a log of all that it has let through.

use std::time::Duration;

use buttress_core::clock::Moment;
use proptest::prelude::*;

use super::super::counter::Counter;
use super::super::fixed::FixedWindow;
use super::super::gcra::Gcra;
use super::super::log::SlidingLog;
use super::super::sliding::SlidingCounter;
use super::{Steps, at, limit, steps, take};
use crate::{Algorithm, Limit, Quota, Retry};

/// A time, and what was let through then.
type Log = Vec<(u64, u64)>;

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
