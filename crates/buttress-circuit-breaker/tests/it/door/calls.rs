//! Calls without tower.

use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use buttress_circuit_breaker::{Breaker, State, Trip};
use buttress_core::clock::ManualClock;
use buttress_core::outcome::Outcome;
use buttress_core::{Code, Problem};
use buttress_testkit::poll;

use super::{OPEN, SLOW, builder};

fn breaker(failures: u32) -> (Breaker, ManualClock) {
    let clock = ManualClock::new();
    (builder(failures, &clock).build().unwrap().breaker().clone(), clock)
}

fn broken() -> ! {
    std::panic::resume_unwind(Box::new("it"))
}

fn failed() -> Result<u32, Problem> {
    Err(Problem::new(Code::DATABASE_FAILED))
}

#[test]
fn what_is_open_is_not_called() {
    let (breaker, clock) = breaker(2);
    let mut called = 0;
    let mut call = |result: Result<u32, Problem>| {
        poll::assert_ready(pin!(breaker.call(|| {
            called += 1;
            ready(result)
        })))
    };
    assert_eq!(call(Ok(7)).unwrap(), 7);
    for _ in 0..2 {
        assert_eq!(call(failed()).unwrap_err().code(), Code::DATABASE_FAILED);
    }
    assert_eq!(call(Ok(7)).unwrap_err().code(), Code::CIRCUIT_OPEN);
    clock.advance(OPEN);
    assert_eq!(call(Ok(8)).unwrap(), 8);
    assert_eq!(called, 4);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_refusal_of_an_inner_breaker_is_not_counted() {
    let ((outer, _), (inner, _)) = (breaker(1), breaker(1));
    inner.trip(Trip::switch());
    let nested = outer.call(|| inner.call(|| ready(Ok::<_, Problem>(7))));
    assert_eq!(poll::assert_ready(pin!(nested)).unwrap_err().code(), Code::CIRCUIT_OPEN);
    assert_eq!((outer.state(), outer.snapshot().in_a_row()), (State::Closed, 0));
    // Whoever is behind that may say the same of itself.
    let down = outer.call(|| ready(Err::<u32, _>(Problem::new(Code::UNAVAILABLE))));
    assert!(poll::assert_ready(pin!(down)).is_err());
    assert_eq!(outer.state(), State::Open);
}

#[test]
fn a_call_dropped_after_it_was_slow_is_a_failure() {
    let (breaker, clock) = breaker(1);
    for (waited, state) in [(SLOW, State::Closed), (2 * SLOW, State::Open)] {
        let mut call = Box::pin(breaker.call(pending::<Result<u32, Problem>>));
        poll::assert_pending(call.as_mut());
        clock.advance(waited);
        drop(call);
        assert_eq!(breaker.state(), state);
    }
}

#[test]
fn whatever_panics_gives_the_place_back() {
    fn panics<T>(work: impl FnOnce() -> T) {
        assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
    }
    let due = || {
        let (breaker, clock) = breaker(1);
        breaker.trip(Trip::switch());
        clock.advance(OPEN);
        breaker
    };
    // The work, before there is a future, and in it.
    let breaker = due();
    panics(|| breaker.call(|| -> std::future::Ready<Result<u32, Problem>> { broken() }));
    assert_eq!((breaker.state(), breaker.snapshot().level()), (State::Open, 2));
    let breaker = due();
    let work = || std::future::poll_fn(|_| -> std::task::Poll<Result<u32, Problem>> { broken() });
    panics(|| poll::poll_once(pin!(breaker.call(work))).is_ready());
    assert_eq!((breaker.state(), breaker.snapshot().level()), (State::Open, 2));
    // The judge, which says nothing of whom was called.
    let breaker = due();
    let judge = |_: Result<&u32, &Problem>| -> Outcome { broken() };
    let mut call = Box::pin(breaker.call_judged(judge, || ready(Ok(7))));
    panics(|| poll::poll_once(call.as_mut()).is_ready());
    assert_eq!((breaker.state(), breaker.snapshot().probes()), (State::HalfOpen, 0));
}

#[test]
fn a_ticket_is_settled_once() {
    let (breaker, clock) = breaker(1);
    let mut ticket = breaker.try_enter().unwrap();
    ticket.waits();
    clock.advance(2 * SLOW);
    ticket.settle(Outcome::Success);
    assert_eq!(breaker.state(), State::Closed);
    let mut ticket = breaker.try_enter().unwrap();
    ticket.waits();
    clock.advance(2 * SLOW);
    drop(ticket);
    assert_eq!(breaker.state(), State::Open, "nobody said how it ended, and it had been slow");
}
