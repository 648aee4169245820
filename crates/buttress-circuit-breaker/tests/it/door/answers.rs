//! What counts as a failure, from the head to the last frame.

use std::pin::pin;

use buttress_circuit_breaker::{CircuitBreaker, State};
use buttress_core::clock::ManualClock;
use buttress_testkit::body::Frames;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use super::{Answered, Door, builder, response};

/// Reads the body to its end, whatever that is.
fn read(answer: Answered) -> bool {
    poll::assert_ready(pin!(answer.unwrap().into_body().collect())).is_ok()
}

fn grpc(body: Frames) -> Response<Frames> {
    let mut response = response(200, body);
    *response.version_mut() = Version::HTTP_2;
    response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    response
}

fn with_status(code: &str) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", code.parse().unwrap());
    trailers
}

#[test]
fn an_answer_of_503_is_a_failure() {
    let door = Door::after(2);
    door.answers(503);
    assert_eq!((door.status(), door.state()), (503.try_into().unwrap(), State::Closed));
    assert_eq!((door.status(), door.state()), (503.try_into().unwrap(), State::Open));
}

#[test]
fn what_the_client_did_is_no_failure() {
    let door = Door::after(1);
    for status in [200, 301, 400, 404, 409, 422, 429] {
        door.answers(status);
        assert_eq!(door.status().as_u16(), status);
        assert_eq!(door.state(), State::Closed, "{status}");
    }
}

#[test]
fn an_error_is_a_failure_and_passes_as_it_is() {
    let door = Door::after(1);
    door.inner.fail("no luck");
    assert_eq!(door.call().unwrap_err().to_string(), "no luck");
    assert_eq!(door.state(), State::Open);
}

#[test]
fn a_status_in_trailers_is_the_verdict() {
    for (code, state) in [("0", State::Closed), ("5", State::Closed), ("14", State::Open)] {
        let door = Door::after(1);
        door.inner.answer_with(move |_| {
            Ok(grpc(Frames::new().data("a message").trailers(with_status(code))))
        });
        let answer = door.call();
        assert_eq!(door.state(), State::Closed, "the head says nothing");
        assert!(read(answer));
        assert_eq!(door.state(), state, "grpc-status {code}");
    }
}

#[test]
fn a_body_that_breaks_off_is_a_failure() {
    let door = Door::after(1);
    door.inner.answer_with(|_| Ok(response(200, Frames::new().data("half").fail("broken off"))));
    let answer = door.call();
    assert_eq!(door.state(), State::Closed, "its head was good");
    assert!(!read(answer));
    assert_eq!(door.state(), State::Open);
}

#[test]
fn a_body_that_is_not_read_to_its_end_is_no_failure() {
    let door = Door::after(1);
    door.inner.answer_with(|_| Ok(response(200, Frames::new().data("half").fail("never seen"))));
    drop(door.call());
    assert_eq!(door.state(), State::Closed);
}

/// Judged by heads: what only the end would have shown counts as a success.
#[test]
fn a_body_that_is_kept_is_not_followed() {
    let layer = builder(1, &ManualClock::new()).build().unwrap().keep_body();
    let (service, inner) = mock::service::<()>();
    inner.answer_with(|_| Ok(Response::builder().status(503).body("down".into()).unwrap()));
    let client = layer.layer(service);
    let call = || poll::assert_ready(pin!(client.clone().oneshot(Request::new(())))).unwrap();
    let body = |answer: Response<http_body_util::Full<bytes::Bytes>>| {
        poll::assert_ready(pin!(answer.into_body().collect())).unwrap().to_bytes()
    };
    assert_eq!(body(call()), "down");
    assert_eq!(layer.breaker().state(), State::Open);
    assert_eq!(body(call()), "", "a refusal");
}

/// One wall inside another: what the inner one refuses says nothing of the dependency.
#[test]
fn a_refusal_of_an_inner_breaker_is_not_counted() {
    let clock = ManualClock::new();
    let inner = builder(1, &clock).named("inner").build().unwrap();
    let outer = builder(1, &clock).named("outer").build().unwrap();
    let (service, handle) = mock::service_of::<(), Frames, MockError>();
    let client = outer.layer(inner.layer(service));
    inner.breaker().trip(buttress_circuit_breaker::Trip::switch());
    for _ in 0..3 {
        let answer = poll::assert_ready(pin!(client.clone().oneshot(Request::new(())))).unwrap();
        assert_eq!(answer.status(), 503);
    }
    assert_eq!((inner.breaker().state(), outer.breaker().state()), (State::Open, State::Closed));
    assert_eq!(outer.breaker().snapshot().in_a_row(), 0);
    assert_eq!(handle.counts().calls, 0);
}

#[test]
fn each_layer_is_a_breaker_of_its_own_and_its_clones_are_the_same() {
    let layer = CircuitBreaker::after(1).build().unwrap();
    let other = CircuitBreaker::after(1).build().unwrap();
    layer.clone().breaker().force(buttress_circuit_breaker::Force::Open);
    assert_eq!(layer.breaker().state(), State::ForcedOpen);
    assert_eq!(other.breaker().state(), State::Closed);
}
