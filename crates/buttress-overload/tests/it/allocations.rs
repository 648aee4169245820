//! What a call costs on the heap, exactly.

use std::convert::Infallible;
use std::future::{Pending, Ready, pending, ready};
use std::task::{Context, Poll, Waker};

use buttress_core::clock::{ManualClock, secs};
use buttress_core::{Code, Problem};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::deadline::DeadlineLayer;
use buttress_overload::fallback::Fallback;
use buttress_overload::timeout::{BodyTimeoutLayer, Timeout};
use buttress_testkit::allocations;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::util::ServiceFn;
use tower::{Layer, Service, service_fn};

type Answered = Result<Response<Full<Bytes>>, Infallible>;

fn answers() -> ServiceFn<fn(Request<()>) -> Ready<Answered>> {
    fn answer(request: Request<()>) -> Ready<Answered> {
        drop(request);
        ready(Ok(Response::new(Full::default())))
    }
    service_fn(answer)
}

fn hangs() -> ServiceFn<fn(Request<()>) -> Pending<Answered>> {
    fn hang(request: Request<()>) -> Pending<Answered> {
        drop(request);
        pending()
    }
    service_fn(hang)
}

/// What a whole call allocates, the request itself and dropping the response left out.
fn of_a_call<S, R>(service: &mut S, request: impl Fn() -> R) -> u64
where
    S: Service<R>,
{
    let mut call = || {
        let request = allocations::uncounted(&request);
        let mut future = std::pin::pin!(service.call(request));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    };
    // The first makes what all others share.
    drop(call());
    let (answer, count) = allocations::of(call);
    drop(answer);
    count.allocations()
}

fn get() -> Request<()> {
    Request::new(())
}

#[test]
fn what_is_ready_at_once_allocates_nothing() {
    let clock = ManualClock::new;
    let bulkhead = Bulkhead::of(8).queue(8, secs(1), clock()).build().unwrap();
    assert_eq!(of_a_call(&mut bulkhead.layer().layer(answers()), get), 0);
    assert_eq!(of_a_call(&mut bulkhead.layer().until_body_ends().layer(answers()), get), 0);
    assert_eq!(of_a_call(&mut Timeout::after(secs(1), clock()).layer().layer(answers()), get), 0);
    assert_eq!(
        of_a_call(&mut BodyTimeoutLayer::new(clock()).idle(secs(1)).layer(answers()), get),
        0
    );
    assert_eq!(of_a_call(&mut DeadlineLayer::after(secs(1), clock()).layer(answers()), get), 0);
    assert_eq!(of_a_call(&mut Fallback::value(|result| result).layer(answers()), get), 0);
}

/// The sleeps of this clock are no allocation of the layer's: those of tokio are in the future, too.
#[test]
fn a_timeout_that_waits_allocates_nothing_itself() {
    let ((), sleep) = allocations::of(|| {
        let clock = allocations::uncounted(ManualClock::new);
        let mut sleep = std::pin::pin!(buttress_core::clock::Timer::sleep(&clock, secs(1)));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    });
    let mut service = Timeout::after(secs(1), ManualClock::new()).layer().layer(hangs());
    assert!(of_a_call(&mut service, get) <= sleep.allocations());
}

#[test]
fn what_waits_for_a_permit_allocates_twice() {
    let clock = ManualClock::new();
    let bulkhead = Bulkhead::of(1).queue(8, secs(1), clock.clone()).build().unwrap();
    let _taken = bulkhead.try_enter().unwrap();
    let mut service = bulkhead.layer().layer(answers());
    // One sleeper stays, so that the list of the clock has room.
    let mut sleep = std::pin::pin!(buttress_core::clock::Timer::sleep(&clock, secs(9)));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(of_a_call(&mut service, get), 2);
}

/// The problem alone for any service; for HTTP what carries it and the answer's place, too.
#[test]
fn a_refusal_allocates_this_often() {
    let bulkhead = Bulkhead::of(1).build().unwrap();
    let _taken = bulkhead.try_enter().unwrap();
    let any = service_fn(|number: u64| ready(Ok::<_, Problem>(number)));
    assert_eq!(of_a_call(&mut bulkhead.layer().as_error().layer(any), || 7), 2);
    let http = of_a_call(&mut bulkhead.layer().layer(answers()), get);
    assert!(http <= 6, "{http}");
    let (refused, count) = allocations::of(|| bulkhead.try_enter());
    assert_eq!((refused.unwrap_err().code(), count.allocations()), (Code::SATURATED, 1));
}
