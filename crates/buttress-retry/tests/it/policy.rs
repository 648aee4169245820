//! Any async call is tried again, without tower.

use std::cell::RefCell;
use std::future::{Ready, ready};
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::{Clock, ManualClock, ms};
use buttress_core::outcome::{Advice, Judgement, Outcome, Reached};
use buttress_core::{Code, Deadline, Problem};
use buttress_retry::{Attempt, Backoff, Budget, Cost, RetryPolicy};
use buttress_testkit::{allocations, poll};

use crate::support::up_to;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum DbError {
    Serialization,
    UniqueViolation,
    Unreachable,
    Busy,
}

fn policy(clock: &ManualClock) -> RetryPolicy<ManualClock> {
    up_to(3, clock).build_policy().unwrap()
}

/// Lets the clock go on from sleep to sleep.
fn finish<T, E>(clock: &ManualClock, run: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let mut run = Box::pin(run);
    loop {
        if let Poll::Ready(result) = poll::poll_once(&mut run) {
            return result;
        }
        assert!(clock.sleepers() > 0, "it waits for something that is not time");
        clock.advance(ms(1));
    }
}

#[test]
fn an_error_is_tried_again_after_a_pause() {
    let clock = ManualClock::new();
    let (began, seen) = (clock.now(), RefCell::new(Vec::new()));
    let result = finish(
        &clock,
        policy(&clock).run(|attempt: Attempt| {
            seen.borrow_mut().push((attempt.number(), clock.now() - began));
            ready(if attempt.number() < 3 { Err(DbError::Serialization) } else { Ok(7) })
        }),
    );
    assert_eq!(result, Ok(7));
    assert_eq!(*seen.borrow(), [(1, ms(0)), (2, ms(100)), (3, ms(300))]);
    let never: Ready<Result<u8, _>> = ready(Err(DbError::Serialization));
    assert_eq!(finish(&clock, policy(&clock).run(|_| never.clone())), Err(DbError::Serialization));
}

#[test]
fn a_judge_says_what_is_worth_it() {
    let clock = ManualClock::new();
    let judge = |result: Result<&u8, &DbError>| match result {
        Ok(_) | Err(DbError::UniqueViolation) => Judgement::new(Outcome::Success),
        Err(DbError::Serialization) => Judgement::new(Outcome::Failure),
        Err(DbError::Unreachable) => Judgement::new(Outcome::Failure).with_reached(Reached::No),
        Err(DbError::Busy) => {
            Judgement::new(Outcome::Throttled).with_advice(Advice::After(Duration::from_secs(2)))
        }
    };
    let attempts = |error| {
        let (mut attempts, began) = (0, clock.now());
        let result = finish(
            &clock,
            policy(&clock).run_if(judge, |_| {
                attempts += 1;
                ready(Err::<u8, _>(error))
            }),
        );
        assert_eq!(result, Err(error));
        (attempts, clock.now() - began)
    };
    assert_eq!(attempts(DbError::UniqueViolation), (1, ms(0)));
    assert_eq!(attempts(DbError::Serialization), (3, ms(300)));
    assert_eq!(attempts(DbError::Unreachable), (3, ms(300)));
    assert_eq!(attempts(DbError::Busy), (3, ms(4_000)));
}

/// An open breaker would refuse all repeats, too: they would only cost.
#[test]
fn a_refusal_of_our_own_wall_is_final_unless_it_can_be_waited_for() {
    let clock = ManualClock::new();
    let attempts = |problem: &Problem| {
        let (attempts, began) = (RefCell::new(0), clock.now());
        let run = policy(&clock).run(|_| {
            *attempts.borrow_mut() += 1;
            ready(Err::<(), _>(problem.clone()))
        });
        assert_eq!(finish(&clock, run).unwrap_err().code(), problem.code());
        (attempts.into_inner(), clock.now() - began)
    };
    let refused = Problem::new(Code::CIRCUIT_OPEN).with_retry_after(ms(500));
    assert_eq!(attempts(&refused), (1, ms(0)), "without a deadline nobody knows whether it fits");
    assert_eq!(attempts(&Problem::new(Code::DEPENDENCY_FAILED)), (3, ms(300)));
    let told = Problem::new(Code::DEPENDENCY_FAILED).with_retry_after(ms(700));
    assert_eq!(attempts(&told), (3, ms(1_400)), "whoever says when to come back is heeded");
    let _around = Deadline::after(clock.now(), ms(800)).enter();
    assert_eq!(attempts(&refused), (2, ms(500)), "it fits once");
}

#[test]
fn a_value_may_be_a_failure_too() {
    let clock = ManualClock::new();
    let is_pending = |result: Result<&&str, &()>| match result {
        Ok(&"pending") => Outcome::Failure,
        _ => Outcome::Success,
    };
    let asked = RefCell::new(0);
    let run = policy(&clock).run_if(is_pending, |attempt: Attempt| {
        *asked.borrow_mut() += 1;
        ready(Ok(if attempt.is_first() { "pending" } else { "done" }))
    });
    assert_eq!(finish(&clock, run), Ok("done"));
    assert_eq!(*asked.borrow(), 2);
}

#[test]
fn the_deadline_of_the_scope_counts() {
    let clock = ManualClock::new();
    let asked = RefCell::new(0);
    let _around = Deadline::after(clock.now(), ms(250)).enter();
    let run = policy(&clock).run(|_| {
        *asked.borrow_mut() += 1;
        ready(Err::<(), _>("no"))
    });
    assert_eq!(finish(&clock, run), Err("no"));
    assert_eq!(*asked.borrow(), 2);
}

#[test]
fn it_pays_from_its_budget_and_gives_back_what_it_did_not_use() {
    let clock = ManualClock::new();
    let budget = Budget::percent(100).floor(0);
    let policy = up_to(2, &clock).budget(budget.clone()).build_policy().unwrap();
    let mut run = Box::pin(policy.run(|_| ready(Err::<(), _>("no"))));
    poll::assert_pending(&mut run);
    assert!(budget.take(Cost::Failure, None, clock.now()).is_none());
    drop(run);
    assert!((budget.left(clock.now()) - 1.0).abs() < 1e-6);
    assert_eq!(finish(&clock, policy.clone().run(|_| ready(Err::<(), _>("no")))), Err("no"));
    assert!((policy.budget().left(clock.now()) - 1.0).abs() < 1e-6, "two calls, one repeat");
}

#[test]
fn a_run_allocates_nothing() {
    let clock = ManualClock::new();
    let policy = up_to(3, &clock).backoff(Backoff::none()).budget(Budget::percent(50));
    let policy = policy.build_policy().unwrap();
    let run = || {
        let run = std::pin::pin!(policy.run(|attempt: Attempt| {
            ready(if attempt.is_first() { Err("no") } else { Ok(()) })
        }));
        poll::assert_ready(run)
    };
    run().unwrap();
    allocations::assert_exactly(0, run).unwrap();
}
