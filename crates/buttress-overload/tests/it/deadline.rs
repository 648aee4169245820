//! A deadline only comes closer, and what is over is not begun.

use std::sync::Arc;

use buttress_core::clock::{Clock, ManualClock, ms, secs};
use buttress_core::deadline::Wire;
use buttress_core::stage::{RequestHead, Stage};
use buttress_core::sync::Lock;
use buttress_core::{Code, Context, Deadline, Problem};
use buttress_overload::deadline::DeadlineLayer;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll::{assert_pending, assert_ready};
use http::{Request, Response, StatusCode};
use tower::{Layer, Service, ServiceExt, service_fn};

fn get() -> Request<()> {
    Request::new(())
}

fn within(clock: &ManualClock) -> DeadlineLayer<ManualClock> {
    DeadlineLayer::after(secs(30), clock.clone()).clock(clock.clone())
}

/// What a service inside sees of the deadline, in `call` and in its future.
fn seen(clock: &ManualClock, request: Request<()>) -> Vec<std::time::Duration> {
    let around = Deadline::current();
    let seen = Arc::new(Lock::new(Vec::new()));
    let note = {
        let (seen, clock) = (seen.clone(), clock.clone());
        move || seen.lock().push(Deadline::current().unwrap().remaining(clock.now()))
    };
    let service = service_fn(move |_: Request<()>| {
        note();
        let note = note.clone();
        async move {
            note();
            Ok::<_, MockError>(Response::new(String::new()))
        }
    });
    assert_ready(Box::pin(within(clock).layer(service).oneshot(request))).unwrap();
    assert_eq!(Deadline::current(), around, "it ends with the call");
    seen.lock().clone()
}

#[test]
fn the_soonest_counts() {
    let clock = ManualClock::new();
    assert_eq!(seen(&clock, get()), [secs(30); 2]);

    let mut hurried = get();
    hurried.extensions_mut().insert(Deadline::after(clock.now(), secs(5)));
    assert_eq!(seen(&clock, hurried), [secs(5); 2]);

    let mut patient = get();
    patient.extensions_mut().insert(Deadline::after(clock.now(), secs(60)));
    assert_eq!(seen(&clock, patient), [secs(30); 2], "it only comes closer");

    let _around = Deadline::after(clock.now(), secs(2)).enter();
    assert_eq!(seen(&clock, get()), [secs(2); 2]);
}

#[test]
fn what_is_over_is_not_begun() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service::<()>();
    inner.panic_in_call();
    let mut service = within(&clock).layer(service);
    let mut late = get();
    late.extensions_mut().insert(Deadline::at(clock.now()));
    assert_ready(service.ready()).unwrap();
    let answer = assert_ready(Box::pin(service.call(late))).unwrap();
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.extensions().get::<Problem>().unwrap().code(), Code::TIMED_OUT);
    assert_eq!(inner.counts().reservations, 1, "the instance keeps its readiness");
}

#[test]
fn a_call_ends_at_its_deadline() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service::<()>();
    inner.hold();
    let mut service = within(&clock).layer(service);
    assert_ready(service.ready()).unwrap();
    let mut call = Box::pin(service.call(get()));
    // It counts from the call, and not from the first poll.
    clock.advance(secs(10));
    assert_pending(call.as_mut());
    clock.advance(ms(19_999));
    assert_pending(call.as_mut());
    clock.advance(ms(1));
    assert_eq!(assert_ready(call.as_mut()).unwrap().status(), 504);
    assert_eq!((inner.counts().in_flight, clock.sleepers()), (0, 0));
}

#[test]
fn a_ready_service_arms_no_timer() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service::<()>();
    let mut service = within(&clock).layer(service);
    assert_ready(service.ready()).unwrap();
    let mut call = Box::pin(service.call(get()));
    assert_ready(call.as_mut()).unwrap();
    assert_eq!(clock.sleepers(), 0);
    drop(call);
    inner.hold();
    let mut service = DeadlineLayer::of_requests(clock.clone()).layer(service.into_inner());
    assert_ready(service.ready()).unwrap();
    let mut call = Box::pin(service.call(get()));
    assert_pending(call.as_mut());
    assert_eq!(clock.sleepers(), 0, "nor does one that has no deadline");
}

#[test]
fn a_call_does_not_shorten_its_request() {
    let clock = ManualClock::new();
    let mut inbound = get();
    drop(Context::builder().clock(clock.clone()).build().unwrap().enter(&mut inbound));
    let context = inbound.context().unwrap().clone();
    let mut outbound = get();
    outbound.extensions_mut().insert(context.clone());
    assert_eq!(seen(&clock, outbound), [secs(30); 2]);
    assert_eq!(context.deadline(), None);
}

#[test]
fn the_next_hop_is_told_if_you_say_so() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service::<()>();
    let call = |layer: DeadlineLayer<ManualClock>| {
        inner.hold();
        let mut service = layer.layer(service.clone());
        assert_ready(service.ready()).unwrap();
        let mut call = Box::pin(service.call(get()));
        assert_pending(call.as_mut());
        let held = inner.take_call().unwrap();
        let header = held.request().headers().get("x-request-timeout-ms").cloned();
        (header, held.request().extensions().get::<Deadline>().copied())
    };
    assert_eq!(call(within(&clock)), (None, None));
    let deadline = Deadline::after(clock.now(), secs(30));
    let told = within(&clock).tells(Wire::default()).in_extensions();
    assert_eq!(call(told), (Some("30000".parse().unwrap()), Some(deadline)));
}

#[test]
fn a_deadline_in_a_header_alone_counts() {
    let clock = ManualClock::new();
    let with = |name: &str, left: &str| Request::builder().header(name, left).body(()).unwrap();
    assert_eq!(seen(&clock, with("x-request-timeout-ms", "4000")), [secs(4); 2]);
    assert_eq!(seen(&clock, with("x-request-timeout-ms", "60000")), [secs(30); 2]);
    assert_eq!(seen(&clock, with("x-request-timeout-ms", "soon")), [secs(30); 2]);
    assert_eq!(seen(&clock, with("x-other", "4000")), [secs(30); 2]);

    let mut grpc = with("grpc-timeout", "3S");
    grpc.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    assert_eq!(seen(&clock, grpc), [secs(3); 2]);

    // The context of a request writes it on what is sent for it.
    let mut inbound = get();
    drop(Context::builder().clock(clock.clone()).build().unwrap().enter(&mut inbound));
    let context = inbound.context().unwrap();
    context.shorten_deadline(Deadline::after(clock.now(), secs(2)));
    let mut outbound = get();
    context.propagate(&mut outbound);
    assert_eq!(seen(&clock, outbound), [secs(2); 2]);
}
