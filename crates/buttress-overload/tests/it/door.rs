//! The layers of what stands at the door: the contract of tower, what a refusal looks like, and what a call costs.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use buttress_core::clock::{ManualClock, TokioTimer, secs};
use buttress_core::outcome::LocalRefusal;
use buttress_core::{Code, Problem};
use buttress_overload::adaptive::{Adaptive, Aimd, Gradient, Slot};
use buttress_overload::bulkhead::Bulkhead;
use buttress_overload::door::{DoorLayer, Guard};
use buttress_overload::outlier::{EndpointSet, Outliers, Seat};
use buttress_overload::shed::{Place, Shed, Waits};
use buttress_overload::throttle::{Pass, Throttle};
use buttress_overload::{NoTimer, Priority};
use buttress_testkit::allocations;
use buttress_testkit::body::Frames;
use buttress_testkit::contract::Contract;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll::{assert_pending, assert_ready};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};

fn adaptive() -> Adaptive {
    Adaptive::by(Gradient::new().starting_at(100)).build().unwrap()
}

fn throttle() -> Throttle {
    Throttle::builder().build().unwrap()
}

fn bulkhead(permits: u32) -> Bulkhead<TokioTimer> {
    Bulkhead::of(permits).queue(64, secs(1), TokioTimer).build().unwrap()
}

fn shed(limit: u32) -> Shed<TokioTimer> {
    Shed::of(limit).queue(64, secs(1), TokioTimer).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn keeps_the_contract_of_tower() {
    Contract::new(|| adaptive().layer()).check().await;
    Contract::new(|| throttle().leak().layer().leak()).check().await;
    Contract::new(|| shed(64).layer()).check().await;
    Contract::new(|| DoorLayer::new(bulkhead(64))).check().await;
    Contract::new(|| DoorLayer::new(Some(adaptive()))).check().await;
    Contract::new(|| DoorLayer::new(None::<Shed<TokioTimer>>)).check().await;
    Contract::new(|| DoorLayer::new((throttle(), (adaptive(), shed(64))))).check().await;
}

#[tokio::test(start_paused = true)]
async fn keeps_the_contract_of_tower_also_after_a_wait() {
    Contract::new(|| shed(1).layer().priority(Priority::Critical)).concurrency(1).check().await;
    let bulkhead = || DoorLayer::new(bulkhead(1)).priority(Priority::Critical);
    Contract::new(bulkhead).concurrency(1).check().await;
}

#[test]
fn who_has_waited_calls_the_instance_that_was_ready() {
    let shed = Shed::of(1).queue(9, secs(1), ManualClock::new()).build().unwrap();
    let place = assert_ready(pin!(shed.enter(Priority::Critical))).unwrap();
    // The mock panics where an instance is called that was not polled ready.
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    inner.hold();
    let mut service = shed.layer().layer(service);
    assert_ready(service.ready()).unwrap();
    let mut waits = Box::pin(service.call(of(Priority::Critical)));
    assert_pending(waits.as_mut());
    assert_eq!(inner.counts().calls, 0);
    drop(place);
    assert_pending(waits.as_mut());
    assert_eq!(inner.counts().calls, 1);
    drop(waits);
    assert_eq!(shed.under_way(), 0);
}

#[test]
fn types_are_what_servers_need() {
    fn shared<T: Clone + Send + Sync + Debug + 'static>() {}
    fn sendable<T: Send + Debug + 'static>() {}
    shared::<Adaptive>();
    shared::<Throttle>();
    shared::<Shed<TokioTimer>>();
    shared::<Outliers>();
    shared::<DoorLayer<Shed<TokioTimer>>>();
    shared::<EndpointSet<()>>();
    sendable::<Slot>();
    sendable::<Pass>();
    sendable::<Place>();
    sendable::<Seat>();
    sendable::<Waits<TokioTimer>>();
}

/// What the second turns away gives back what the first has given, and is no news to it.
#[tokio::test(start_paused = true)]
async fn two_guards_stand_at_one_door() {
    let (first, second) = (adaptive(), shed(1));
    let both = DoorLayer::new((Some(first.clone()), second.clone()));
    let (service, inner) = mock::service::<()>();
    let service = both.layer(service);
    let call = || Box::pin(service.clone().oneshot(of(Priority::Critical)));
    inner.hold();

    let mut served = call();
    assert_pending(served.as_mut());
    let mut waiting = call();
    assert_pending(waiting.as_mut());
    assert_eq!((first.under_way(), second.under_way(), second.waiting()), (2, 1, 1));
    drop(waiting);
    assert_eq!((first.under_way(), second.waiting()), (1, 0), "who goes gives back both");

    let late = call().await.unwrap();
    assert_eq!(late.extensions().get::<Problem>().unwrap().code(), Code::OVERLOADED);
    assert_eq!(first.under_way(), 1, "who has waited in vain, too");
    drop(served);
    assert_eq!((first.under_way(), second.under_way()), (0, 0));
}

fn of(priority: Priority) -> Request<()> {
    let mut request = Request::new(());
    request.extensions_mut().insert(priority);
    request
}

#[test]
fn a_refusal_is_a_response_that_carries_its_problem() {
    let limit = Adaptive::by(Aimd::new().between(1, 9).starting_at(1)).build().unwrap();
    let _held = limit.enter(Priority::Critical).unwrap();
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    let mut service = limit.layer().layer(service);
    assert_ready(service.ready()).unwrap();
    let refused = assert_ready(pin!(service.call(of(Priority::Critical)))).unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::OVERLOADED);
    assert!(refused.extensions().get::<LocalRefusal>().is_some());
    assert_eq!(inner.counts().calls, 0);
}

#[test]
fn an_idle_clone_holds_nothing() {
    let limit = adaptive();
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    inner.hold();
    let mut services = [(); 3].map(|()| limit.layer().layer(service.clone()));
    for service in &mut services {
        assert_ready(service.ready()).unwrap();
    }
    assert_eq!(limit.under_way(), 0);
    let mut call = Box::pin(services[0].call(of(Priority::Normal)));
    assert_pending(call.as_mut());
    assert_eq!(limit.under_way(), 1);
    drop(call);
    assert_eq!(limit.under_way(), 0);
}

#[test]
fn a_slot_is_held_up_to_the_end_of_the_body() {
    let limit = adaptive();
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    inner.hold();
    let mut service = limit.layer().layer(service);
    let mut answered = |frames: Frames| {
        assert_ready(service.ready()).unwrap();
        let mut call = Box::pin(service.call(of(Priority::Normal)));
        assert_pending(call.as_mut());
        inner.take_call().unwrap().answer(Response::new(frames));
        assert_ready(call.as_mut()).unwrap()
    };
    let response = answered(Frames::new().data("a").data("b"));
    assert_eq!(limit.under_way(), 1);
    assert_ready(Box::pin(response.into_body().collect())).unwrap();
    assert_eq!(limit.under_way(), 0);
    let response = answered(Frames::new().data("a").trailers(HeaderMap::new()));
    drop(response);
    assert_eq!(limit.under_way(), 0, "nobody wants the rest");
}

type Answered = Result<Response<Full<Bytes>>, Infallible>;

fn plain() -> impl Service<
    Request<()>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future = Ready<Answered>,
> + Clone {
    service_fn(|_: Request<()>| std::future::ready(Ok(Response::new(Full::default()))))
}

fn of_a_call<G: Guard>(guard: G) -> u64 {
    let mut service = DoorLayer::new(guard).layer(plain());
    let mut cx = Context::from_waker(Waker::noop());
    let mut once = || {
        let request = Request::new(());
        let (response, count) = allocations::of(|| {
            assert!(service.poll_ready(&mut cx).is_ready());
            match pin!(service.call(request)).poll(&mut cx) {
                Poll::Ready(response) => response.unwrap(),
                Poll::Pending => panic!("it is ready"),
            }
        });
        assert_eq!(response.status(), 200);
        count.allocations()
    };
    once();
    once()
}

#[test]
fn who_is_let_in_allocates_nothing() {
    assert_eq!(of_a_call(adaptive()), 0);
    assert_eq!(of_a_call(throttle()), 0);
    assert_eq!(of_a_call(shed(9)), 0);
    assert_eq!(of_a_call(Some(shed(9))), 0);
    assert_eq!(of_a_call(None::<Throttle>), 0);
}

#[test]
fn who_waits_allocates_for_what_it_holds_and_for_its_place() {
    let shed = Shed::of(1).queue(9, secs(1), NoTimer).build().unwrap();
    let _place = assert_ready(pin!(shed.enter(Priority::Critical))).unwrap();
    let mut service = shed.layer().layer(plain());
    let mut cx = Context::from_waker(Waker::noop());
    let mut wait = || {
        let request = Request::new(());
        let ((), count) = allocations::of(|| {
            assert!(service.poll_ready(&mut cx).is_ready());
            assert!(pin!(service.call(request)).poll(&mut cx).is_pending());
        });
        count.allocations()
    };
    assert_eq!((wait(), wait()), (2, 1), "a place is used again");
}

#[test]
fn who_is_refused_without_tower_allocates_its_problem() {
    let limit = Adaptive::by(Aimd::new().between(1, 9).starting_at(1)).build().unwrap();
    let _held = limit.enter(Priority::Critical).unwrap();
    let refuse = || limit.enter(Priority::Critical).unwrap_err();
    drop(refuse());
    allocations::assert_at_most(1, || drop(refuse()));
}
