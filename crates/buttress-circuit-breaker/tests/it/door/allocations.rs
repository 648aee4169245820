//! What a call costs on the heap, exactly.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;

use buttress_circuit_breaker::{CircuitBreaker, CircuitBreakerBuilder, Force, Over, Rule, Trip};
use buttress_core::clock::{ManualClock, secs};
use buttress_core::key::path;
use buttress_core::outcome::{Outcome, classify_fn};
use buttress_core::{Code, Problem};
use buttress_testkit::{allocations, poll};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, service_fn};

use super::builder;

fn answer(_: Request<()>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Full::from(Bytes::from_static(b"an answer")))))
}

/// What one call allocates, read to its end.
fn of<S, B>(service: &mut S) -> u64
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let mut call = || {
        let request = allocations::uncounted(|| Request::new(()));
        let ready = poll::assert_ready(pin!(std::future::poll_fn(|cx| service.poll_ready(cx))));
        ready.unwrap();
        let response = poll::assert_ready(pin!(service.call(request))).unwrap();
        let mut body = pin!(response.into_body());
        while let Some(frame) = poll::assert_ready(pin!(body.frame())) {
            drop(frame.unwrap());
        }
    };
    call();
    allocations::of(call).1.allocations()
}

fn all_rules(clock: &ManualClock) -> CircuitBreakerBuilder {
    builder(5, clock)
        .failures_in(secs(60))
        .or(Rule::InARow(9))
        .or(Rule::failure_rate(50, Over::Time(secs(10)), 20))
        .or(Rule::slow_rate(50, Over::Calls(100), 20))
        .or(Rule::throttled(9, secs(10)))
}

#[test]
fn a_call_through_a_closed_breaker_allocates_nothing() {
    let clock = ManualClock::new();
    let layer = all_rules(&clock).build().unwrap();
    assert_eq!(of(&mut layer.layer(service_fn(answer))), 0);
    assert_eq!(of(&mut layer.clone().leak().layer(service_fn(answer))), 0);
    assert_eq!(of(&mut layer.keep_body().layer(service_fn(answer))), 0);
    let table = builder(5, &clock).build_table(path(), 1_024).unwrap();
    assert_eq!(of(&mut table.layer(service_fn(answer))), 0);
}

/// However many calls there are in the window.
#[test]
fn a_call_costs_the_same_after_a_million() {
    let layer = all_rules(&ManualClock::new()).build().unwrap();
    for _ in 0..1_000_000 {
        layer.breaker().try_enter().unwrap().settle(Outcome::Success);
    }
    assert_eq!(of(&mut layer.layer(service_fn(answer))), 0);
}

/// Three for the table of extensions, and two for that of headers: so much takes a response that carries its problem.
#[test]
fn a_refusal_over_http_takes_what_its_tables_do() {
    let layer = builder(5, &ManualClock::new()).build().unwrap();
    layer.breaker().trip(Trip::switch());
    assert_eq!(of(&mut layer.layer(service_fn(answer))), 5);
}

/// Beside that of its windows.
#[test]
fn a_breaker_takes_little_memory() {
    let clock = ManualClock::new();
    let (layer, count) = allocations::of(|| builder(5, &clock).build().unwrap());
    let bytes = count.kept_bytes();
    assert!(bytes <= 6_500, "{bytes}");
    drop(layer);
}

#[test]
fn any_other_refusal_allocates_nothing() {
    let clock = ManualClock::new();
    let judge = |result: Result<&(), &Problem>| match result {
        Ok(()) => Outcome::Success,
        Err(_) => Outcome::Failure,
    };
    let layer = CircuitBreaker::after(5).clock(clock.clone()).classify(classify_fn(judge));
    let layer = layer.build().unwrap().as_error();
    let breaker = layer.breaker();
    let mut service = layer.layer(service_fn(|(): ()| ready(Ok::<_, Problem>(()))));
    for force in [None, Some(Force::Open)] {
        match force {
            None => drop(breaker.trip(Trip::switch())),
            Some(force) => breaker.force(force),
        }
        let mut refuse = || {
            let ready = poll::assert_ready(pin!(std::future::poll_fn(|cx| service.poll_ready(cx))));
            ready.unwrap();
            let refused = poll::assert_ready(pin!(service.call(()))).unwrap_err();
            assert_eq!(refused.code(), Code::CIRCUIT_OPEN);
        };
        refuse();
        allocations::assert_exactly(0, refuse);
        allocations::assert_exactly(0, || {
            let call = breaker.call(|| ready(Ok::<_, Problem>(())));
            assert!(poll::assert_ready(pin!(call)).is_err());
        });
        allocations::assert_exactly(0, || assert!(breaker.try_enter().is_err()));
    }

    let table = builder(1, &clock).build_table(path(), 8).unwrap().table().clone();
    let key = table.keyer().key_of(["one"]);
    table.trip(key, Trip::switch());
    let refuse = || assert!(table.try_enter(key).is_err());
    refuse();
    allocations::assert_exactly(0, refuse);
}

#[test]
fn a_call_without_tower_allocates_nothing() {
    let breaker = all_rules(&ManualClock::new()).build().unwrap().breaker().clone();
    allocations::assert_exactly(0, || {
        let call = breaker.call(|| ready(Ok::<_, Problem>(7)));
        assert_eq!(poll::assert_ready(pin!(call)).unwrap(), 7);
    });
}
