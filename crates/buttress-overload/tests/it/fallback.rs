//! Something stands in for what came to nothing, and for nothing else.

use buttress_core::outcome::{Outcome, classify_fn};
use buttress_core::{Code, Problem};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::fallback::Fallback;
use buttress_testkit::mock;
use buttress_testkit::poll::{assert_pending, assert_ready};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};

type Answer = Response<Full<Bytes>>;

fn get() -> Request<()> {
    Request::new(())
}

fn of(status: u16) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

#[test]
fn by_default_for_what_the_own_wall_refuses_alone() {
    let bulkhead = Bulkhead::of(1).build().unwrap();
    let (service, inner) = mock::service::<()>();
    let fallback = Fallback::value(|_| Ok(of(203)));
    let mut service = fallback.layer(bulkhead.layer().keep_body().layer(service));
    let mut status = || {
        assert_ready(service.ready()).unwrap();
        assert_ready(Box::pin(service.call(get()))).map(|answer| answer.status().as_u16())
    };
    assert_eq!(status().unwrap(), 200);
    inner.answer_with(|_| Ok(of(503)));
    assert_eq!(status().unwrap(), 503, "what the dependency says passes");
    inner.fail("no route");
    assert_eq!(status().unwrap_err().to_string(), "no route");
    let _taken = bulkhead.try_enter().unwrap();
    assert_eq!(status().unwrap(), 203);
}

#[test]
fn for_the_outcomes_that_are_asked_for() {
    let (service, inner) = mock::service::<()>();
    let fallback = Fallback::value(|_| Ok(of(203))).on([Outcome::Failure, Outcome::Throttled]);
    let mut service = fallback.layer(service);
    for (seen, expected) in [(200, 200), (404, 404), (429, 203), (502, 203)] {
        inner.answer_with(move |_| Ok(of(seen)));
        assert_ready(service.ready()).unwrap();
        let answer = assert_ready(Box::pin(service.call(get()))).unwrap();
        assert_eq!(answer.status(), expected, "{seen}");
    }
}

/// The other service is asked when it is needed, and not before; and only once it is ready.
#[test]
fn another_service_is_polled_ready_first() {
    let ((service, inner), (other, others)) = (mock::service::<()>(), mock::service::<()>());
    others.pending();
    let mut service = Fallback::service(other).on([Outcome::Failure]).layer(service);
    assert_ready(service.ready()).unwrap();
    assert_ready(Box::pin(service.call(get()))).unwrap();
    assert_eq!(others.counts().reservations, 0);

    inner.answer_with(|_| Ok(of(502)));
    others.answer_with(|_| Ok(of(203)));
    assert_ready(service.ready()).unwrap();
    let mut call = Box::pin(service.call(get()));
    assert_pending(call.as_mut());
    assert_eq!(others.counts().in_flight, 0);
    others.ready();
    assert_eq!(assert_ready(call).unwrap().status(), 203);
    assert_eq!((others.counts().breaches, others.counts().reservations), (0, 0));
}

#[test]
fn an_error_of_who_stands_in_is_its_own() {
    let ((service, inner), (other, others)) = (mock::service::<()>(), mock::service::<()>());
    inner.fail("the first");
    others.fail_readiness("not ready either");
    let mut service = Fallback::service(other).on([Outcome::Failure]).layer(service);
    assert_ready(service.ready()).unwrap();
    let error = assert_ready(Box::pin(service.call(get()))).unwrap_err();
    assert_eq!(error.to_string(), "not ready either");
}

#[test]
fn for_any_call_at_all() {
    let judge = classify_fn(|result: Result<&u32, &Problem>| match result {
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure,
    });
    let fallback = Fallback::value(|_| Ok(7)).on([Outcome::Failure]).classify(judge);
    let failing = fallback.run(|| async { Err(Problem::new(Code::INTERNAL)) });
    assert_eq!(assert_ready(Box::pin(failing)).unwrap(), 7);
}
