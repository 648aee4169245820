use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll::{self, Wakes};
use http::{Request, Response, StatusCode};
use tower::{Service, ServiceExt};

#[test]
fn readiness_is_in_the_tests_hand_and_wakes() {
    let (mut service, inner) = mock::service::<()>();
    let wakes = Wakes::new();
    inner.pending();
    assert!(wakes.enter(|cx| service.poll_ready(cx)).is_pending());
    inner.pending();
    assert_eq!(wakes.count(), 0, "nothing has changed yet");

    inner.ready();
    assert_eq!(wakes.count(), 1);
    assert!(wakes.enter(|cx| service.poll_ready(cx)).is_ready());
    inner.pending();
    assert!(wakes.enter(|cx| service.poll_ready(cx)).is_ready(), "what was granted stays");

    inner.fail_readiness("worn out");
    let error = poll::assert_ready(service.ready()).unwrap_err();
    assert_eq!(error, MockError::new("worn out"));
    assert_eq!(inner.counts().readiness_polls, 4);
}

#[test]
fn a_failure_of_readiness_wakes() {
    let (mut service, inner) = mock::service::<()>();
    let wakes = Wakes::new();
    inner.pending();
    assert!(wakes.enter(|cx| service.poll_ready(cx)).is_pending());
    inner.fail_readiness("worn out");
    assert_eq!(wakes.count(), 1);
}

#[test]
fn a_call_without_readiness_is_a_breach() {
    let (mut service, inner) = mock::service();
    poll::assert_ready(service.ready()).unwrap();
    let mut clone = service.clone();

    let called = catch_unwind(AssertUnwindSafe(|| clone.call(Request::new(()))));
    assert!(called.is_err(), "a clone starts unready");
    assert_eq!((inner.counts().breaches, inner.counts().calls), (1, 0));

    poll::assert_ready(service.call(Request::new(()))).unwrap();
    let called = catch_unwind(AssertUnwindSafe(|| service.call(Request::new(()))));
    assert!(called.is_err(), "readiness is spent by one call");
    assert_eq!((inner.counts().breaches, inner.counts().calls), (2, 1));
}

#[test]
fn a_poll_after_the_answer_is_a_breach() {
    let (service, inner) = mock::service();
    let mut service = service;
    poll::assert_ready(service.ready()).unwrap();
    let mut future = service.call(Request::new(()));
    poll::assert_ready(&mut future).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| poll::poll_once(&mut future))).is_err());
    assert_eq!(inner.counts().breaches, 1);
}

#[test]
fn capacity_counts_what_is_reserved_and_what_is_in_flight() {
    let (mut first, inner) = mock::service::<()>();
    let mut second = first.clone();
    inner.capacity(1);
    inner.hold();
    let wakes = Wakes::new();

    poll::assert_ready(first.ready()).unwrap();
    let flight = first.call(Request::new(()));
    assert!(wakes.enter(|cx| second.poll_ready(cx)).is_pending());
    assert_eq!(wakes.count(), 0);
    drop(flight);
    assert_eq!(wakes.count(), 1);
    assert!(wakes.enter(|cx| second.poll_ready(cx)).is_ready());
}

#[test]
fn a_held_call_is_answered_by_hand() {
    let (service, inner) = mock::service();
    inner.hold();
    let mut arrival = pin!(inner.next_call());
    let arrived = Wakes::new();
    assert!(arrived.poll(arrival.as_mut()).is_pending());

    let wakes = Wakes::new();
    let mut response = pin!(service.oneshot(Request::new("hello")));
    assert!(wakes.poll(response.as_mut()).is_pending());
    assert_eq!(arrived.count(), 1);
    let call = poll::assert_ready(arrival);
    assert_eq!(*call.request().body(), "hello");

    call.nudge();
    assert_eq!(wakes.count(), 1);
    assert!(wakes.poll(response.as_mut()).is_pending());
    call.answer(Response::builder().status(StatusCode::CREATED).body("done".into()).unwrap());
    assert_eq!(wakes.count(), 2);
    assert_eq!(poll::assert_ready(response).unwrap().status(), StatusCode::CREATED);
}

#[test]
fn an_abandoned_call_shows() {
    let (mut service, inner) = mock::service();
    inner.hold();
    poll::assert_ready(service.ready()).unwrap();
    let future = service.call(Request::new(()));
    let call = inner.take_call().unwrap();
    assert!(!call.is_abandoned());
    assert_eq!(inner.counts().in_flight, 1, "in flight before the first poll");

    drop(future);
    assert!(call.is_abandoned());
    assert_eq!((inner.counts().in_flight, inner.counts().abandoned), (0, 1));
}

#[test]
fn panics_where_it_is_told() {
    let (mut service, inner) = mock::service();
    inner.panic_in_call();
    poll::assert_ready(service.ready()).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| service.call(Request::new(())))).is_err());
    assert_eq!((inner.counts().reservations, inner.counts().in_flight), (0, 0));

    inner.panic_in_poll();
    poll::assert_ready(service.ready()).unwrap();
    let mut future = service.call(Request::new(()));
    assert!(catch_unwind(AssertUnwindSafe(|| poll::poll_once(&mut future))).is_err());
    assert_eq!(inner.counts().in_flight, 1, "in flight until it is dropped");
    drop(future);
    assert_eq!(inner.counts().in_flight, 0);
    assert_eq!(inner.counts().breaches, 0);
}

#[test]
fn a_panic_of_the_answer_leaves_nothing_in_flight() {
    let (mut service, inner) = mock::service::<()>();
    inner.answer_with(|_| panic!("the test's own"));
    poll::assert_ready(service.ready()).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| service.call(Request::new(())))).is_err());
    assert_eq!(inner.counts().in_flight, 0);
}

#[test]
fn never_means_never() {
    let (service, inner) = mock::service();
    inner.never_answer();
    let wakes = Wakes::new();
    let mut response = pin!(service.oneshot(Request::new(())));
    assert!(wakes.poll(response.as_mut()).is_pending());
    assert_eq!((wakes.count(), inner.counts().in_flight), (0, 1));
}

#[test]
fn clones_and_drops_are_counted() {
    let (service, inner) = mock::service::<()>();
    let clone = service.clone();
    assert_eq!((inner.counts().clones, inner.counts().instances()), (1, 2));
    drop((service, clone));
    assert_eq!((inner.counts().drops, inner.counts().instances()), (2, 0));
}

#[test]
fn whoever_is_gone_is_not_woken() {
    let (service, inner) = mock::service::<()>();
    let mut clone = service.clone();
    let wakes = Wakes::new();
    inner.pending();
    assert!(wakes.enter(|cx| clone.poll_ready(cx)).is_pending());
    drop(clone);
    inner.ready();
    assert_eq!(wakes.count(), 0);
}

#[test]
fn is_as_shareable_as_a_server_wants() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    shareable::<mock::Mock<()>>();
    shareable::<mock::Handle<()>>();
}
