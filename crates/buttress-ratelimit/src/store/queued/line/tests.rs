use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::key::Keyer;

use super::*;
use crate::{Charge, Quota};

const SECOND: Duration = Duration::from_secs(1);

fn charges(name: &str) -> Charges {
    let mut charges = Charges::new();
    assert!(charges.push(Charge::new(0, Keyer::from(SEED).key_of([name]), 1)));
    charges
}

const SEED: buttress_core::KeySeed = buttress_core::KeySeed::from_bytes([7; 16]);

/// Taken, with a turn in so many seconds.
fn taken(charges: &Charges, seconds: u32) -> Taken {
    let limits = [Quota::per_second(1).check().unwrap()].into_iter().collect();
    Taken { verdict: Verdict::taken().at(0).after(SECOND * seconds), limits, charges: *charges }
}

fn join(lines: &Lines<ManualClock>, asked: &Charges, turn: u32, clock: &ManualClock) -> u64 {
    lines.join(asked, taken(asked, turn), clock, usize::MAX).ok().unwrap()
}

fn polled(lines: &Lines<ManualClock>, asked: &Charges, number: u64) -> Option<Duration> {
    match lines.poll(asked, number, &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(taken) => taken.map(|taken| taken.verdict.delay()),
        Poll::Pending => None,
    }
}

#[test]
fn who_joined_first_goes_first_whatever_turn_it_brought() {
    let (lines, clock, ada) = (Lines::new(), ManualClock::new(), charges("ada"));
    let numbers = [2, 1].map(|turn| join(&lines, &ada, turn, &clock));
    clock.advance(SECOND);
    assert_eq!(polled(&lines, &ada, numbers[1]), None);
    assert_eq!(polled(&lines, &ada, numbers[0]), Some(SECOND));
    clock.advance(SECOND);
    assert_eq!(polled(&lines, &ada, numbers[1]), Some(2 * SECOND));
}

#[test]
fn the_last_turn_is_given_back_whoever_leaves() {
    let (lines, clock, ada) = (Lines::new(), ManualClock::new(), charges("ada"));
    let numbers = [1, 2, 3].map(|turn| join(&lines, &ada, turn, &clock));
    let back = |number| lines.leave(&ada, number).map(|taken| taken.verdict.delay());
    assert_eq!(back(numbers[0]), Some(3 * SECOND));
    assert_eq!(back(numbers[0]), None, "it has left");
    assert_eq!(back(numbers[2]), Some(2 * SECOND));
    clock.advance(SECOND);
    assert_eq!(polled(&lines, &ada, numbers[1]), Some(SECOND));
}

/// So there are never more lines than waiters.
#[test]
fn a_line_without_waiters_is_no_more() {
    let (lines, clock) = (Lines::new(), ManualClock::new());
    let (ada, bob) = (charges("ada"), charges("bob"));
    let (first, other) = (join(&lines, &ada, 1, &clock), join(&lines, &bob, 1, &clock));
    assert_eq!(lines.0.lock().lines.len(), 2);
    assert!(lines.leave(&bob, other).is_some());
    clock.advance(SECOND);
    assert!(polled(&lines, &ada, first).is_some());
    assert!(lines.0.lock().lines.is_empty());
}

/// Of all lines together; who leaves and whose turn comes makes room.
#[test]
fn no_more_wait_than_may() {
    let (lines, clock) = (Lines::new(), ManualClock::new());
    let (ada, bob) = (charges("ada"), charges("bob"));
    let joins = |asked: &Charges, turn| {
        lines.join(asked, taken(asked, turn), &clock, 2).map_err(|back| back.verdict.delay())
    };
    let (first, other) = (joins(&ada, 1).unwrap(), joins(&bob, 9).unwrap());
    assert_eq!(joins(&bob, 2), Err(2 * SECOND), "what was taken is given back");
    assert!(lines.leave(&bob, other).is_some());
    let third = joins(&ada, 2).unwrap();
    assert!(joins(&ada, 3).is_err());
    clock.advance(SECOND);
    assert!(polled(&lines, &ada, first).is_some());
    assert!(joins(&bob, 1).is_ok() && joins(&bob, 2).is_err());
    assert!(lines.leave(&ada, third).is_some());
    assert!(lines.leave(&ada, third).is_none(), "and makes room once");
    assert!(joins(&bob, 2).is_ok() && joins(&bob, 3).is_err());
}
