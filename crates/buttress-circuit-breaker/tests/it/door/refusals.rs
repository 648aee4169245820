//! What a refusal says.

use std::pin::pin;

use buttress_circuit_breaker::{Force, Reason, Refusal, State, Trip};
use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::LocalRefusal;
use buttress_core::{Code, Problem};
use buttress_testkit::poll;
use http::Request;
use http_body::Body;
use tower::ServiceExt;

use super::{Door, builder};

#[test]
fn a_refusal_says_how_long() {
    let door = Door::with(1, |builder| builder.open_for(secs(5)..=secs(5)));
    door.answers(503);
    assert_eq!(door.status(), 503);
    for left in (1..=5).rev() {
        let refused = door.call().unwrap();
        assert_eq!(refused.headers()["retry-after"], left.to_string(), "each second");
        door.clock.advance(secs(1));
    }
    door.answers(200);
    assert_eq!(door.status(), 200);
}

/// What is kept is told to the tenth of a second, and never too early.
#[test]
fn what_is_told_is_never_older_than_a_tenth_of_a_second() {
    let clock = ManualClock::new();
    let breaker = builder(1, &clock).build().unwrap().breaker().clone();
    breaker.trip(Trip::switch());
    for _ in 0..97 {
        let wait = breaker.try_enter().unwrap_err().retry_after().unwrap();
        let left = breaker.snapshot().remaining().unwrap();
        assert!(left <= wait && wait < left + ms(100), "{wait:?} {left:?}");
        clock.advance(ms(10));
    }
}

#[test]
fn it_carries_name_reason_and_time() {
    let door = Door::after(1);
    door.answers(503);
    assert_eq!(door.status(), 503);
    let refused = door.call().unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.extensions().get::<LocalRefusal>().is_some());
    assert!(refused.body().is_end_stream(), "it is for a program to read");
    let problem = refused.extensions().get::<Problem>().unwrap();
    assert_eq!((problem.code(), problem.retry_after()), (Code::CIRCUIT_OPEN, Some(secs(1))));
    let refusal = Refusal::of(problem).unwrap();
    assert_eq!((refusal.breaker(), refusal.state()), ("payments", State::Open));
    assert_eq!((refusal.reason(), refusal.wait()), (Some(Reason::InARow), Some(secs(1))));
    // Whoever passes it on to a client does not tell of what stands behind.
    assert!(!problem.to_string().contains("payments"), "{problem}");
}

#[test]
fn held_open_nobody_knows_how_long() {
    let door = Door::after(1);
    door.breaker.force(Force::Open);
    let refused = door.call().unwrap();
    assert!(refused.headers().get("retry-after").is_none());
    let refusal = Refusal::of(refused.extensions().get::<Problem>().unwrap()).unwrap();
    assert_eq!(
        (refusal.state(), refusal.reason(), refusal.wait()),
        (State::ForcedOpen, None, None)
    );
    assert_eq!(refusal.to_string(), "the breaker `payments` is forced_open");
}

#[test]
fn it_is_a_status_for_grpc() {
    let door = Door::after(1);
    door.breaker.trip(Trip::switch());
    let request = Request::post("/shop.Payments/Pay").header("content-type", "application/grpc");
    let request = request.body(()).unwrap();
    let refused = poll::assert_ready(pin!(door.client.clone().oneshot(request))).unwrap();
    assert_eq!(refused.status(), 200);
    assert_eq!(refused.headers()["grpc-status"], "14");
    assert_eq!(refused.headers()["grpc-retry-pushback-ms"], "1000");
}

#[test]
fn refusals_are_counted_wherever_they_were_decided() {
    let door = Door::after(1);
    door.breaker.force(Force::Open);
    // Ready by an open breaker; and called while it is open.
    assert_eq!(door.status(), 503);
    assert!(door.breaker.try_enter().is_err());
    assert_eq!(door.breaker.snapshot().refused(), 2);
}
