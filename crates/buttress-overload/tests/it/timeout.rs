//! What is ready has no timer; what has run out of time is dropped.

use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::{Classify, HttpClassify, LocalRefusal, Outcome};
use buttress_core::{Code, Problem};
use buttress_overload::timeout::{BodyError, BodyTimeoutLayer, TimedBody, Timeout};
use buttress_testkit::body::Frames;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll::{Wakes, assert_pending, assert_ready};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};

fn get() -> Request<()> {
    Request::new(())
}

#[test]
fn a_ready_service_arms_no_timer() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service::<()>();
    let mut service = Timeout::after(secs(1), clock.clone()).layer().layer(service);

    assert_ready(service.ready()).unwrap();
    let mut call = Box::pin(service.call(get()));
    assert_eq!(clock.sleepers(), 0, "not in `call`");
    assert_ready(call.as_mut()).unwrap();
    assert_eq!(clock.sleepers(), 0, "nor in a poll that is ready");
    drop(call);

    inner.hold();
    assert_ready(service.ready()).unwrap();
    let mut call = Box::pin(service.call(get()));
    assert_pending(call.as_mut());
    assert_eq!(clock.sleepers(), 1);
    drop(call);
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn what_has_run_out_of_time_is_dropped_with_the_answer() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service::<()>();
    let mut service = Timeout::after(ms(100), clock.clone()).layer().layer(service);
    inner.hold();
    assert_ready(service.ready()).unwrap();
    let (wakes, mut call) = (Wakes::new(), Box::pin(service.call(get())));
    assert!(wakes.poll(call.as_mut()).is_pending());
    clock.advance(ms(99));
    assert_eq!(wakes.count(), 0);
    clock.advance(ms(1));
    assert_eq!(wakes.count(), 1);
    let answer = assert_ready(call.as_mut()).unwrap();
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.extensions().get::<Problem>().unwrap().code(), Code::TIMED_OUT);
    assert_eq!(inner.counts().in_flight, 0, "although the future is still there");
    drop(call);
}

/// It was sent, and nobody knows what became of it: a breaker outside counts a failure.
#[test]
fn a_timeout_is_a_failure_of_the_dependency() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service::<()>();
    let mut service = Timeout::after(ms(0), clock).layer().layer(service);
    inner.never_answer();
    assert_ready(service.ready()).unwrap();
    let answer = assert_ready(Box::pin(service.call(get()))).unwrap();
    assert!(answer.extensions().get::<LocalRefusal>().is_none());
    let verdict = Classify::<_, MockError>::response(&HttpClassify::new(), &answer);
    assert_eq!(verdict.outcome(), Some(Outcome::Failure));
}

#[test]
fn what_is_ready_goes_before_what_is_over() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service::<()>();
    let mut service = Timeout::after(ms(100), clock.clone()).layer().layer(service);
    inner.hold();
    assert_ready(service.ready()).unwrap();
    let mut call = Box::pin(service.call(get()));
    assert_pending(call.as_mut());
    clock.advance(secs(9));
    inner.take_call().unwrap().answer(Response::new("just in time".into()));
    assert_eq!(assert_ready(call).unwrap().status(), StatusCode::OK);
}

fn timed(clock: &ManualClock, frames: Frames) -> TimedBody<Frames, ManualClock> {
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    inner.hold();
    let layer = BodyTimeoutLayer::new(clock.clone()).idle(ms(100)).whole(ms(250));
    let mut service = layer.layer(service);
    assert_ready(service.ready()).unwrap();
    let mut call = Box::pin(service.call(get()));
    assert_pending(call.as_mut());
    inner.take_call().unwrap().answer(Response::new(frames));
    assert_ready(call).unwrap().into_body()
}

#[test]
fn a_body_in_time_passes_untouched() {
    let clock = ManualClock::new();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "7".parse().unwrap());
    let body = timed(&clock, Frames::new().data("one").data("two").trailers(trailers.clone()));
    let exact = body.size_hint().exact();
    let whole = assert_ready(Box::pin(body.collect())).unwrap();
    assert_eq!((exact, whole.trailers()), (Some(6), Some(&trailers)));
    assert_eq!((whole.to_bytes(), clock.sleepers()), ("onetwo".into(), 0));
    let mut broken = timed(&clock, Frames::new().fail("broken"));
    assert!(matches!(assert_ready(broken.frame()).unwrap(), Err(BodyError::Inner(_))));
}

#[test]
fn a_body_that_stands_still_breaks_off() {
    let clock = ManualClock::new();
    let frames = Frames::new().data("one").hold().data("two").hold();
    let handle = frames.handle();
    let mut body = timed(&clock, frames);
    let next = |body: &mut TimedBody<_, _>| assert_ready(body.frame());
    assert!(next(&mut body).unwrap().is_ok());
    assert_pending(body.frame());
    clock.advance(ms(99));
    handle.release();
    assert!(next(&mut body).unwrap().is_ok(), "each frame has its own time");
    assert_pending(body.frame());
    clock.advance(ms(99));
    assert_pending(body.frame());
    clock.advance(ms(1));
    let error = next(&mut body).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the body did not come in time");
    let source = std::error::Error::source(&error).unwrap().downcast_ref::<Problem>().unwrap();
    assert_eq!(source.code(), Code::TIMED_OUT);
    assert!(handle.is_dropped(), "with its connection, whoever keeps what is around it");
    assert!(next(&mut body).is_none());
}

#[test]
fn a_body_that_never_ends_breaks_off() {
    let clock = ManualClock::new();
    let frames = (0..9).fold(Frames::new(), |frames, _| frames.data("more").hold());
    let handle = frames.handle();
    let mut body = timed(&clock, frames);
    let mut came = 0;
    let error = loop {
        match assert_ready(body.frame()).unwrap() {
            Ok(_) => came += 1,
            Err(error) => break error,
        }
        assert_pending(body.frame());
        clock.advance(ms(60));
        // The last one is held back, so that the whole is over first.
        if came < 5 {
            handle.release();
        }
    };
    assert!(matches!(error, BodyError::TimedOut(_)));
    assert_eq!(came, 5, "four times 60 ms are within the 250, and the fifth is not");
}
