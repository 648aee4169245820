//! Around a call that is no request of HTTP, as to a database: what the parts of the wall take by themselves.

use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use buttress_circuit_breaker::CircuitBreaker;
use buttress_core::Problem;
use buttress_core::clock::{TokioTimer, ms, secs};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::deadline::DeadlineLayer;
use buttress_overload::timeout::Timeout;
use buttress_retry::{Backoff, Budget as Repeats, Jitter, Retry, RetryPolicy};

use super::breaker::built;
use super::in_runtime;
use super::wall::wall;
use crate::{Budget, Case, Run};

/// A call that need not be made again.
pub const RETRY: &str = "retry, a success, no HTTP";
/// A call through all of it.
pub const WALL: &str = "outbound wall, no HTTP";

/// The rows of this subject.
pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::bare(RETRY, made(work)),
        Case::ours(RETRY, retried(retry().leak())).within(Budget::new(222, 0)),
        Case::bare(WALL, made(work)),
        Case::ours(WALL, walled()).within(Budget::new(690, 0)).on_two_threads(),
        Case::peer(WALL, "ours, `Outbound::run`", facade()).within(Budget::new(1_411, 0)),
    ]
}

/// What is called.
fn work() -> Ready<Result<(), Problem>> {
    ready(Ok(()))
}

fn retry() -> RetryPolicy<TokioTimer> {
    let backoff = Backoff::exponential(ms(100)).max(secs(2)).jitter(Jitter::Full);
    let retry = Retry::up_to(3).backoff(backoff).budget(Repeats::percent(20)).timer(TokioTimer);
    retry.build_policy().expect("the settings are right")
}

fn retried(retry: RetryPolicy<TokioTimer>) -> Run {
    made(move || retry.run(|_| work()))
}

/// That of the README, leaked.
fn facade() -> Run {
    let wall = wall(true).leak();
    in_runtime(Box::new(move |times| {
        let call = || wall.run(|_| work());
        (0..times).for_each(|_| answered(call));
    }))
}

/// Its five parts, put together by hand, leaked.
fn walled() -> Run {
    let deadline = DeadlineLayer::after(secs(30), TokioTimer).leak();
    let breaker = CircuitBreaker::after(5).failures_in(secs(60)).open_for(secs(1)..=secs(32));
    let breaker = built(breaker).leak().breaker().clone();
    let bulkhead = Bulkhead::of(64).build().expect("the settings are right").leak();
    let (retry, timeout) = (retry().leak(), Timeout::after(secs(5), TokioTimer));
    in_runtime(Box::new(move |times| {
        let attempt = || bulkhead.run(|| timeout.run(work));
        let call = || deadline.run(|| retry.run(|_| breaker.call(attempt)));
        (0..times).for_each(|_| answered(call));
    }))
}

fn made<F, Fut>(call: F) -> Run
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Problem>>,
{
    Box::new(move |times| (0..times).for_each(|_| answered(&call)))
}

#[inline(never)]
fn answered<Fut: Future<Output = Result<(), Problem>>>(call: impl Fn() -> Fut) {
    let answer = black_box(pin!(call())).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(answer, Poll::Ready(Ok(()))), "the call was not made");
}
