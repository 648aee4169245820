//! A call that is no HTTP, behind the wall.

use std::future::{Ready, pending, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};

use buttress::circuit_breaker::{State, Trip};
use buttress::clock::{Clock, ManualClock, TokioClock, TokioTimer};
use buttress::overload::adaptive::{Adaptive, Gradient};
use buttress::prelude::*;
use buttress_testkit::{allocations, poll};

use super::rig::in_time;

/// An error that is no problem, and can be made of one.
#[derive(Debug)]
enum DbError {
    Gone,
    Refused(Problem),
}

impl From<Problem> for DbError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

fn code<T>(result: Result<T, DbError>) -> Option<Code> {
    match result {
        Err(DbError::Refused(problem)) => Some(problem.code()),
        _ => None,
    }
}

fn fails() -> Ready<Result<u32, DbError>> {
    ready(Err(DbError::Gone))
}

async fn hangs() -> Result<u32, DbError> {
    pending().await
}

fn wall() -> buttress::OutboundBuilder {
    Outbound::to("database").clock(TokioClock::new())
}

#[tokio::test(start_paused = true)]
async fn it_is_made_again_and_paid_from_the_one_budget() {
    let retry = Retry::up_to(3).backoff(Backoff::none()).budget(Budget::percent(10));
    let wall = wall().retry(retry).build().unwrap();
    let left = wall.budget().left(TokioClock::new().now());
    let call = wall.run(async |attempt| match attempt.number() {
        3 => Ok("a row".to_owned()),
        _ => Err(DbError::Gone),
    });
    assert_eq!(in_time(call).await.unwrap(), "a row");
    let paid = left - wall.budget().left(TokioClock::new().now());
    assert!((1.8..=2.0).contains(&paid), "two, less what the call brings: {paid}");
    assert!(matches!(in_time(wall.run(|_| fails())).await, Err(DbError::Gone)), "the last error");
}

/// A refusal is no failure of the dependency, though the error is of the caller's own type; and no reason to try again.
#[tokio::test(start_paused = true)]
async fn an_open_breaker_ends_it_and_work_is_not_asked() {
    let asked = AtomicU32::new(0);
    let retry = Retry::up_to(9).backoff(Backoff::none()).budget(Budget::dangerous_unlimited());
    let breaker = CircuitBreaker::after(3).open_for(secs(60)..=secs(60)).jitter(0);
    let wall = wall().retry(retry).deadline(secs(30)).circuit_breaker(breaker).build().unwrap();
    let call = || {
        wall.run(|_| {
            asked.fetch_add(1, Ordering::Relaxed);
            fails()
        })
    };
    assert_eq!(code(in_time(call()).await), Some(Code::CIRCUIT_OPEN));
    assert_eq!((asked.load(Ordering::Relaxed), wall.breaker().state()), (3, State::Open));
    assert_eq!(wall.breaker().snapshot().refused(), 1, "it was tried once, and not nine times");
    assert_eq!(code(in_time(call()).await), Some(Code::CIRCUIT_OPEN));
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert_eq!(wall.breaker().history().len(), 1, "what was refused is no news");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_has_its_time_and_the_call_has_its_own() {
    let (clock, retry) = (TokioClock::new(), Retry::up_to(2).backoff(Backoff::none()));
    let breaker = CircuitBreaker::after(1).open_for(ms(1)..=ms(1));
    let wall = wall().retry(retry).circuit_breaker(breaker).attempt_timeout(ms(50));
    let wall = wall.build().unwrap();
    let before = clock.now();
    assert!(code(in_time(wall.run(|_| hangs())).await).is_some());
    assert_eq!(wall.breaker().history().len(), 1, "that time ran out is a failure");
    assert!(clock.now() - before >= ms(50));

    let wall = Outbound::to("database").deadline(ms(70)).build().unwrap();
    let before = clock.now();
    assert_eq!(code(in_time(wall.run(|_| hangs())).await), Some(Code::TIMED_OUT));
    assert_eq!(clock.now() - before, ms(70));
}

#[tokio::test(start_paused = true)]
async fn permits_and_places_come_back() {
    let breaker = CircuitBreaker::after(1).open_for(ms(1)..=ms(1));
    let wall = wall().bulkhead(1).circuit_breaker(breaker).build().unwrap();
    let in_flight = || wall.bulkhead().unwrap().in_flight();
    {
        let mut first = pin!(wall.run(|_| hangs()));
        poll::assert_pending(&mut first);
        assert_eq!(in_flight(), 1);
        assert_eq!(code(wall.run(|_| hangs()).await), Some(Code::SATURATED));
    }
    assert_eq!(in_flight(), 0, "it was dropped");

    let other = wall.clone();
    let call = async move {
        other.run::<_, Ready<Result<(), DbError>>, _, _>(|_| panic!("in work")).await
    };
    assert!(tokio::spawn(call).await.unwrap_err().is_panic());
    assert_eq!((in_flight(), wall.breaker().state()), (0, State::Open), "a panic is a failure");
    tokio::time::advance(ms(1)).await;
    drop(wall.run(|_| hangs()));
    assert!(
        in_time(wall.run(|_| ready(Ok::<_, DbError>(7)))).await.is_ok(),
        "nobody has its place"
    );
}

/// It waits for our own permits, and not for the dependency: that is not slow. While that is down none is waited for.
#[tokio::test(start_paused = true)]
async fn a_wait_for_a_permit_is_not_held_against_the_dependency() {
    let breaker = CircuitBreaker::after(1).slow(ms(10));
    let wall = wall().bulkhead(1).circuit_breaker(breaker);
    let wall = wall.bulkhead_with(|bulkhead| bulkhead.queue(9, secs(1), TokioTimer));
    let wall = wall.build().unwrap();
    let mut first = pin!(wall.run(|_| hangs()));
    poll::assert_pending(&mut first);
    {
        let mut second = pin!(wall.run(|_| hangs()));
        poll::assert_pending(&mut second);
        tokio::time::advance(ms(500)).await;
        poll::assert_pending(&mut second);
    }
    assert_eq!(wall.breaker().state(), State::Closed, "it gave up in our queue");
    wall.breaker().trip(Trip::switch());
    assert_eq!(code(poll::assert_ready(pin!(wall.run(|_| hangs())))), Some(Code::CIRCUIT_OPEN));
}

#[tokio::test(start_paused = true)]
async fn guards_turn_it_away_before_anything_is_done() {
    let adaptive = Adaptive::by(Gradient::new().between(1, 1).starting_at(1));
    let wall = wall().adaptive(adaptive).build().unwrap();
    let mut first = pin!(wall.run(|_| hangs()));
    poll::assert_pending(&mut first);
    let work = |_| async { panic!("nobody asks") };
    assert_eq!(code::<u32>(wall.run(work).await), Some(Code::OVERLOADED));
}

#[test]
fn a_success_allocates_nothing() {
    let wall = Outbound::to("database")
        .retry(Retry::up_to(3))
        .circuit_breaker(CircuitBreaker::after(5).failures_in(secs(60)))
        .bulkhead(64)
        .attempt_timeout(secs(5))
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let call = || poll::assert_ready(pin!(wall.run(|_| ready(Ok::<_, DbError>(7)))));
    assert!(call().is_ok());
    let (answer, count) = allocations::of(call);
    assert_eq!((answer.unwrap(), count.allocations()), (7, 0));
}
