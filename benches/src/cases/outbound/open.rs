//! A circuit breaker that is open: the decision, a service of any kind, and a response.

use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Waker};

use buttress_circuit_breaker::{Breaker, CircuitBreaker, Trip};
use buttress_core::Problem;
use buttress_core::clock::secs;
use tower_layer::Layer;

use super::breaker::{built, of_errors};
use super::calls::responses;
use super::{Nothing, calls, plain, refusals, typed};
use crate::{Budget, Case, Hello, Run};

/// The decision alone.
pub const DECIDED: &str = "breaker, open, the decision";
/// A call of a service that has errors of its own.
pub const AS_ERROR: &str = "breaker, open, an error";
/// A request of HTTP.
pub const RESPONSE: &str = "breaker, open, a whole response";

/// The rows of this subject.
pub(super) fn cases() -> Vec<Case> {
    let open = || {
        let layer = built(CircuitBreaker::after(5).open_for(secs(3_600)..=secs(3_600))).leak();
        assert!(layer.breaker().trip(Trip::switch()));
        layer
    };
    let breaker = open().breaker().clone();
    vec![
        Case::ours(DECIDED, decided(breaker.clone())).within(Budget::new(365, 0)),
        Case::peer(DECIDED, "ours, as a future", called(breaker)),
        Case::ours(AS_ERROR, as_error()).within(Budget::new(375, 0)),
        Case::bare(RESPONSE, calls(Hello, plain)),
        Case::ours(RESPONSE, responses(open().layer(Hello), plain)).within(Budget::new(2_050, 4)),
    ]
}

fn decided(breaker: Breaker) -> Run {
    Box::new(move |times| (0..times).for_each(|_| assert!(breaker.try_enter().is_err())))
}

fn called(breaker: Breaker) -> Run {
    fn work() -> Ready<Result<(), Problem>> {
        ready(Ok(()))
    }
    let refused = move || {
        let call = pin!(breaker.call(work));
        call.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    };
    Box::new(move |times| (0..times).for_each(|_| assert!(refused())))
}

fn as_error() -> Run {
    let layer = of_errors(CircuitBreaker::after(5).open_for(secs(3_600)..=secs(3_600)));
    assert!(layer.breaker().trip(Trip::switch()));
    refusals(layer.layer(Nothing), typed::<Problem>)
}
