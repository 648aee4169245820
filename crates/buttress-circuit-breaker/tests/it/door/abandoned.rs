//! Callers that go away, calls that hang, and whatever panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use buttress_circuit_breaker::{Abandoned, Over, Rule, State};
use buttress_core::clock::ManualClock;
use buttress_core::outcome::{Outcome, classify_fn};
use buttress_testkit::body::Frames;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll;
use http::{Request, Response};
use tower::{Layer, ServiceExt};

use super::{Door, SLOW, builder, response};

#[test]
fn a_call_dropped_after_it_was_slow_is_a_failure() {
    let door = Door::after(1);
    door.inner.never_answer();
    for (waited, state) in [(SLOW, State::Closed), (2 * SLOW, State::Open)] {
        let mut call = door.begin();
        poll::assert_pending(call.as_mut());
        door.clock.advance(waited);
        drop(call);
        assert_eq!(door.state(), state, "after {waited:?}");
    }
}

/// Nobody knows how long it has waited for a turn of whoever drops it.
#[test]
fn a_call_that_was_never_polled_is_no_failure() {
    let door = Door::with(1, |builder| builder.abandoned(Abandoned::FailureIfSlow));
    let call = door.begin();
    door.clock.advance(100 * SLOW);
    drop(call);
    assert_eq!(door.state(), State::Closed);
}

#[test]
fn a_caller_that_goes_away_counts_as_it_is_said() {
    for (abandoned, state) in
        [(Abandoned::Ignore, State::Closed), (Abandoned::Failure, State::Open)]
    {
        let door = Door::with(1, |builder| builder.abandoned(abandoned));
        door.inner.never_answer();
        let mut call = door.begin();
        poll::assert_pending(call.as_mut());
        door.clock.advance(if state == State::Closed { 100 * SLOW } else { SLOW / 2 });
        drop(call);
        assert_eq!(door.state(), state, "{abandoned:?}");
    }
}

/// Many look at the status, and read no body: if only failures counted of them, a few would be all.
#[test]
fn an_answer_whose_body_nobody_reads_is_a_success() {
    let rate = Rule::failure_rate(50, Over::Calls(100), 20);
    let door = Door::with(5, |builder| builder.or(rate).abandoned(Abandoned::Failure));
    for nth in 1..=100 {
        let status = if nth % 4 == 0 { 503 } else { 200 };
        let body = move || Frames::new().data("nobody reads this");
        door.inner.answer_with(move |_| Ok(response(status, body())));
        drop(door.call().unwrap());
        assert_eq!(door.state(), State::Closed, "after {nth}");
    }
    let snapshot = door.breaker.snapshot();
    assert_eq!((snapshot.calls(), snapshot.failed()), (100, 25));
}

/// The status of gRPC comes last: who does not wait for it has learnt nothing.
#[test]
fn an_answer_of_grpc_that_nobody_reads_is_no_success() {
    let door = Door::with(9, |builder| builder.or(Rule::failure_rate(50, Over::Calls(10), 5)));
    door.inner.answer_with(|_| {
        let mut answer = response(200, Frames::new().data("a message"));
        answer.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        *answer.version_mut() = http::Version::HTTP_2;
        Ok(answer)
    });
    drop(door.call().unwrap());
    assert_eq!(door.breaker.snapshot().calls(), 0);
}

/// A body that somebody stops to read is no failure: its head was in time.
#[test]
fn a_body_that_is_dropped_late_is_no_failure() {
    let door = Door::after(1);
    door.inner.answer_with(|_| Ok(response(200, Frames::new().data("one").hold())));
    let answer = door.call().unwrap();
    door.clock.advance(100 * SLOW);
    drop(answer);
    assert_eq!(door.state(), State::Closed);
}

#[test]
fn a_hanging_call_is_counted_while_it_hangs() {
    let clock = ManualClock::new();
    let rule = Rule::slow_rate(50, Over::Calls(4), 2);
    let layer = builder(9, &clock).or(rule).count_hanging(clock.clone()).build().unwrap();
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    inner.never_answer();
    let client = layer.layer(service);
    let mut calls = [(); 2].map(|()| Box::pin(client.clone().oneshot(Request::new(()))));
    for call in &mut calls {
        poll::assert_pending(call.as_mut());
    }
    assert_eq!(clock.sleepers(), 2);
    clock.advance(SLOW);
    poll::assert_pending(calls[0].as_mut());
    assert_eq!(layer.breaker().snapshot().slow(), 1);
    // It is counted once, however often it is polled.
    poll::assert_pending(calls[0].as_mut());
    assert_eq!(layer.breaker().snapshot().slow(), 1);
    poll::assert_pending(calls[1].as_mut());
    assert_eq!(layer.breaker().state(), State::Open, "though neither has ended");
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn a_call_that_is_ready_arms_no_timer() {
    let clock = ManualClock::new();
    let rule = Rule::slow_rate(50, Over::Calls(4), 2);
    let layer = builder(9, &clock).or(rule).count_hanging(clock.clone()).build().unwrap();
    let client = layer.layer(mock::service_of::<(), Frames, MockError>().0);
    poll::assert_ready(pin!(client.oneshot(Request::new(())))).unwrap();
    assert_eq!(clock.sleepers(), 0);
}

fn panics(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

#[test]
fn a_panic_is_a_failure_and_gives_its_place_back() {
    let door = Door::after(1);
    door.inner.panic_in_call();
    panics(|| drop(door.call()));
    assert_eq!(door.state(), State::Open, "in `call`");

    let door = Door::after(1);
    door.inner.panic_in_poll();
    panics(|| drop(door.call()));
    assert_eq!(door.state(), State::Open, "in `poll`");

    let door = Door::due();
    door.inner.panic_in_poll();
    panics(|| drop(door.call()));
    assert_eq!((door.state(), door.breaker.snapshot().level()), (State::Open, 2), "of a probe");
}

#[test]
fn a_panic_of_the_caller_is_not_the_dependencys() {
    let door = Door::after(1);
    door.inner.never_answer();
    panics(|| {
        let mut call = door.begin();
        poll::assert_pending(call.as_mut());
        std::panic::resume_unwind(Box::new("of the caller"));
    });
    assert_eq!(door.state(), State::Closed);
}

#[test]
fn a_panicking_predicate_gives_the_place_back() {
    let clock = ManualClock::new();
    let judge = |_: Result<&Response<Frames>, &MockError>| -> Outcome {
        std::panic::resume_unwind(Box::new("of the judge"))
    };
    let layer = builder(1, &clock).classify(classify_fn(judge)).build().unwrap();
    let client = layer.layer(mock::service_of::<(), Frames, MockError>().0);
    let breaker = layer.breaker();
    breaker.trip(buttress_circuit_breaker::Trip::switch());
    clock.advance(super::OPEN);

    let mut call = Box::pin(client.oneshot(Request::new(())));
    panics(|| drop(poll::poll_once(call.as_mut())));
    // At once, and not first when the future is dropped.
    assert_eq!((breaker.state(), breaker.snapshot().probes()), (State::HalfOpen, 0));
    assert!(breaker.try_enter().is_ok());
}
