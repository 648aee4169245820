//! A circuit breaker that is closed, as a layer, by each kind of rule.

use std::future::ready;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Waker};

use buttress_circuit_breaker::{
    Breaker, CircuitBreaker, CircuitBreakerBuilder, CircuitBreakerLayer, Over, Rule,
};
use buttress_core::Problem;
use buttress_core::clock::secs;
use buttress_core::outcome::{AsError, Classify, Outcome, classify_fn};
use tower_layer::Layer;

use super::{Nothing, answers, calls, plain, typed};
use crate::{Budget, Case, Hello, Run};

/// A call through one that is closed.
pub const CLOSED: &str = "breaker, closed";
/// The same for a service that knows no HTTP, and whose answer takes no room: what the breaker itself takes.
pub const SMALL: &str = "breaker, closed, no HTTP";
/// A call through one after ten thousand calls, all within the window.
pub const FILLED: &str = "breaker, closed, 10,000 calls before";
/// The same after a million.
pub const FULL: &str = "breaker, closed, 1,000,000 calls before";

/// The rows of this subject.
pub(super) fn cases() -> Vec<Case> {
    let streak = || CircuitBreaker::after(5);
    let in_time = || streak().failures_in(secs(60));
    let leaked = |rule: CircuitBreakerBuilder| through(&built(rule).leak());
    let kept = built(streak()).leak().keep_body().layer(Hello);
    let exact =
        || CircuitBreaker::when(Rule::failure_rate(50, Over::Calls(1_000), 20)).exact_counts(true);
    vec![
        Case::bare(CLOSED, calls(Hello, plain)).on_two_threads(),
        Case::ours(CLOSED, through(&built(streak()))).within(Budget::new(450, 0)).on_two_threads(),
        Case::peer(CLOSED, "ours, leaked", leaked(streak())).on_two_threads(),
        Case::peer(CLOSED, "ours, leaked, body kept", calls(kept, plain)).on_two_threads(),
        Case::peer(CLOSED, "ours, leaked, 5 in a minute", leaked(in_time())).on_two_threads(),
        Case::peer(CLOSED, "ours, leaked, rate in a time", leaked(in_an_hour())).on_two_threads(),
        Case::peer(CLOSED, "ours, leaked, rate of calls", leaked(of_calls())).on_two_threads(),
        Case::peer(CLOSED, "ours, leaked, exact rate of calls", leaked(exact())).on_two_threads(),
        Case::bare(SMALL, answers(Nothing, typed::<Problem>)),
        Case::ours(SMALL, answers(of_errors(streak()).layer(Nothing), typed::<Problem>))
            .within(Budget::new(135, 0)),
        Case::peer(SMALL, "ours, `Breaker::call`", called(built(streak()).leak().breaker())),
        Case::bare(FILLED, calls(Hello, plain)),
        Case::ours(FILLED, after(10_000, in_an_hour)).within(Budget::new(630, 0)),
        Case::peer(FILLED, "ours, rate of calls", after(10_000, of_calls)),
        Case::bare(FULL, calls(Hello, plain)),
        Case::ours(FULL, after(1_000_000, in_an_hour)),
        Case::peer(FULL, "ours, rate of calls", after(1_000_000, of_calls)),
    ]
}

/// All calls of a run lie within it.
fn in_an_hour() -> CircuitBreakerBuilder {
    CircuitBreaker::when(Rule::failure_rate(50, Over::Time(secs(3_600)), 20))
}

fn of_calls() -> CircuitBreakerBuilder {
    CircuitBreaker::when(Rule::failure_rate(50, Over::Calls(1_000_000), 20))
}

pub(super) fn built(rule: CircuitBreakerBuilder) -> CircuitBreakerLayer {
    rule.build().expect("the settings are right")
}

/// Leaked, for a service whose errors are problems.
pub(super) fn of_errors(
    rule: CircuitBreakerBuilder,
) -> CircuitBreakerLayer<impl Classify<(), Problem> + Clone, AsError> {
    let judge = |result: Result<&(), &Problem>| match result {
        Ok(()) => Outcome::Success,
        Err(_) => Outcome::Failure,
    };
    rule.classify(classify_fn(judge)).build().expect("the settings are right").as_error().leak()
}

/// Around a call that is no service.
fn called(breaker: &Breaker) -> Run {
    let breaker = breaker.clone();
    let answered = move || {
        let call = pin!(breaker.call(|| ready(Ok::<_, Problem>(()))));
        call.poll(&mut Context::from_waker(Waker::noop()))
    };
    Box::new(move |times| (0..times).for_each(|_| assert!(answered().is_ready())))
}

fn through(layer: &CircuitBreakerLayer) -> Run {
    calls(layer.layer(Hello), plain)
}

/// Leaked, with so many calls before the first that counts.
fn after(before: u32, rule: fn() -> CircuitBreakerBuilder) -> Run {
    let run = OnceLock::new();
    // A test only asks whether it runs.
    let before = if cfg!(debug_assertions) { before / 100 } else { before };
    let make = move || {
        let layer = built(rule()).leak();
        for _ in 0..before {
            let ticket = layer.breaker().try_enter().expect("it is closed");
            ticket.settle(Outcome::Success);
        }
        through(&layer)
    };
    Box::new(move |times| run.get_or_init(make)(times))
}
