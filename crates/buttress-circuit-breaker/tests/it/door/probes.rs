//! The few calls that decide whether it closes.

use std::pin::pin;

use buttress_circuit_breaker::{State, Trip};
use buttress_core::clock::secs;
use buttress_testkit::body::Frames;
use buttress_testkit::poll;
use http::Version;
use http_body_util::BodyExt;

use super::{Door, OPEN, response};

#[test]
fn one_probe_at_a_time_and_it_decides() {
    let door = Door::due();
    door.inner.hold();
    let mut probe = door.begin();
    poll::assert_pending(probe.as_mut());
    let refused = door.call().unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    door.inner.take_call().unwrap().answer(response(200, Frames::new()));
    assert!(poll::assert_ready(probe.as_mut()).is_ok());
    assert_eq!(door.state(), State::Closed);

    let door = Door::due();
    door.answers(503);
    assert_eq!(door.status(), 503);
    assert_eq!((door.state(), door.breaker.snapshot().remaining()), (State::Open, Some(2 * OPEN)));
}

#[test]
fn a_dropped_probe_gives_its_place_back() {
    let door = Door::due();
    door.inner.never_answer();
    let mut probe = door.begin();
    poll::assert_pending(probe.as_mut());
    assert_eq!(door.breaker.snapshot().probes(), 1);
    drop(probe);
    assert_eq!(door.breaker.snapshot().probes(), 0);
    door.inner.answer();
    assert_eq!((door.status().as_u16(), door.state()), (200, State::Closed));
}

#[test]
fn an_ignored_probe_gives_its_place_back() {
    let door = Door::due();
    // It says nothing of its health.
    door.answers(421);
    assert_eq!((door.status().as_u16(), door.state()), (421, State::HalfOpen));
    assert_eq!(door.breaker.snapshot().probes(), 0);
    door.answers(200);
    assert_eq!((door.status().as_u16(), door.state()), (200, State::Closed));
}

#[test]
fn a_probe_that_hangs_loses_its_place_and_its_word() {
    let door = Door::due();
    door.inner.hold();
    let mut hanging = door.begin();
    poll::assert_pending(hanging.as_mut());
    let held = door.inner.take_call().unwrap();
    door.clock.advance(secs(30));
    door.answers(503);
    assert_eq!(door.status(), 503, "the lease is over, so this one was asked");
    assert_eq!((door.inner.counts().calls, door.state()), (2, State::Open));
    held.answer(response(200, Frames::new()));
    assert!(poll::assert_ready(hanging.as_mut()).is_ok());
    assert_eq!(door.state(), State::Open, "that is old news");
}

#[test]
fn an_endless_stream_does_not_hold_a_probe() {
    let door = Door::due();
    door.inner.answer_with(|_| Ok(response(200, Frames::new().data("event").hold())));
    let stream = door.call().unwrap();
    assert_eq!(door.state(), State::Closed, "its head is good");
    drop(stream);

    let door = Door::due();
    door.inner.answer_with(|_| {
        let mut response = response(200, Frames::new().data("message").hold());
        *response.version_mut() = Version::HTTP_2;
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        Ok(response)
    });
    let mut stream = door.call().unwrap();
    assert_eq!(door.state(), State::HalfOpen, "such a head says nothing");
    let frame = poll::assert_ready(pin!(stream.body_mut().frame())).unwrap();
    assert!(frame.is_ok());
    assert_eq!(door.state(), State::Closed);
}

#[test]
fn a_success_from_before_the_trip_does_not_close() {
    let door = Door::after(1);
    door.inner.hold();
    let mut late = door.begin();
    poll::assert_pending(late.as_mut());
    let held = door.inner.take_call().unwrap();
    door.breaker.trip(Trip::switch());
    held.answer(response(200, Frames::new()));
    assert_eq!(poll::assert_ready(late.as_mut()).unwrap().status(), 200);
    assert_eq!(door.state(), State::Open);
}

#[test]
fn a_failure_from_before_does_not_reopen() {
    let door = Door::after(1);
    door.inner.hold();
    let mut late = door.begin();
    poll::assert_pending(late.as_mut());
    let held = door.inner.take_call().unwrap();
    door.breaker.trip(Trip::switch());
    door.clock.advance(OPEN);
    door.inner.answer();
    assert_eq!((door.status().as_u16(), door.state()), (200, State::Closed));
    held.answer(response(503, Frames::new()));
    assert_eq!(poll::assert_ready(late.as_mut()).unwrap().status(), 503);
    assert_eq!((door.state(), door.breaker.snapshot().in_a_row()), (State::Closed, 0));
}
