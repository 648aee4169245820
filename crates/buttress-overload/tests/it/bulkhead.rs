//! Never more at a time than the limit, and nothing is held by who does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::LocalRefusal;
use buttress_core::{Code, Problem};
use buttress_overload::Priority;
use buttress_overload::bulkhead::{Bulkhead, BulkheadLayer, Bulkheaded};
use buttress_testkit::body::Frames;
use buttress_testkit::mock::{self, Handle, MockError};
use buttress_testkit::poll::{Wakes, assert_pending, assert_ready};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};

type Inner = Handle<(), Frames>;
type Behind<M> = Bulkheaded<mock::Mock<(), Frames>, M, ManualClock>;

fn held<M>(layer: &BulkheadLayer<M, ManualClock>) -> (Behind<M>, Inner) {
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    inner.hold();
    (layer.layer(service), inner)
}

fn queued(permits: u32, length: u32, clock: &ManualClock) -> Bulkhead<ManualClock> {
    let bulkhead = Bulkhead::of(permits).queue(length, secs(1), clock.clone());
    bulkhead.clock(clock.clone()).build().unwrap()
}

fn get() -> Request<()> {
    Request::new(())
}

fn of_priority(priority: Priority) -> Request<()> {
    let mut request = get();
    request.extensions_mut().insert(priority);
    request
}

/// Calls, after it was polled ready.
macro_rules! call {
    ($service:expr, $request:expr) => {{
        assert_ready($service.ready()).unwrap();
        Box::pin($service.call($request))
    }};
}

#[test]
fn an_idle_clone_holds_no_permit() {
    let bulkhead = queued(1, 1, &ManualClock::new());
    let (service, inner) = held(&bulkhead.layer());
    let mut idle = [(); 3].map(|()| service.clone());
    for clone in &mut idle {
        assert_ready(clone.ready()).unwrap();
    }
    assert_eq!(bulkhead.in_flight(), 0);
    let mut busy = service;
    let call = call!(busy, get());
    assert_eq!((bulkhead.in_flight(), inner.counts().in_flight), (1, 1));
    drop(call);
    assert_eq!(bulkhead.in_flight(), 0);
}

#[test]
fn a_permit_comes_back_with_the_head_or_the_error_or_when_it_is_dropped() {
    let bulkhead = queued(1, 1, &ManualClock::new());
    let (mut service, inner) = held(&bulkhead.layer());
    let mut answered = call!(service, get());
    assert_pending(answered.as_mut());
    inner.take_call().unwrap().answer(Response::new(Frames::new().data("late").hold()));
    let response = assert_ready(answered.as_mut()).unwrap();
    assert_eq!((response.status(), bulkhead.in_flight()), (StatusCode::OK, 0));
    drop(response);

    inner.fail("no luck");
    let failed = call!(service, get());
    assert_eq!(assert_ready(failed).unwrap_err().to_string(), "no luck");
    assert_eq!(bulkhead.in_flight(), 0);

    inner.panic_in_call();
    let call = || drop(service.call(get()));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    assert_eq!(bulkhead.in_flight(), 0);
}

#[test]
fn a_streaming_body_keeps_its_permit() {
    let bulkhead = queued(1, 1, &ManualClock::new());
    let (mut service, inner) = held(&bulkhead.layer().until_body_ends());
    let mut stream = |frames: Frames| {
        let mut call = call!(service, get());
        assert_pending(call.as_mut());
        inner.take_call().unwrap().answer(Response::new(frames));
        assert_ready(call).unwrap().into_body()
    };

    let frames = Frames::new().data("one").hold().data("two");
    let handle = frames.handle();
    let mut body = stream(frames);
    assert_eq!(assert_ready(body.frame()).unwrap().unwrap().into_data().unwrap(), "one");
    assert_pending(body.frame());
    assert_eq!(bulkhead.in_flight(), 1, "it is still being read");
    handle.release();
    assert!(assert_ready(Box::pin(body.collect())).is_ok());
    assert_eq!(bulkhead.in_flight(), 0);

    let mut broken = stream(Frames::new().hold().fail("it broke off"));
    assert_eq!(bulkhead.in_flight(), 1);
    assert_pending(broken.frame());
    drop(broken);
    assert_eq!(bulkhead.in_flight(), 0, "who stops reading gives it back");

    let mut broken = stream(Frames::new().fail("it broke off"));
    assert!(assert_ready(broken.frame()).unwrap().is_err());
    assert_eq!(bulkhead.in_flight(), 0, "so does what breaks off");
    drop(broken);

    drop(stream(Frames::new()));
    assert_eq!(bulkhead.in_flight(), 0);
}

#[test]
fn who_waits_goes_on_when_a_permit_comes_back() {
    let bulkhead = queued(1, 9, &ManualClock::new());
    let (mut service, inner) = held(&bulkhead.layer());
    let first = call!(service, get());
    let wakes = [(); 2].map(|()| Wakes::new());
    let mut waiting = [(); 2].map(|()| call!(service, get()));
    for (call, wakes) in waiting.iter_mut().zip(&wakes) {
        assert!(wakes.poll(call.as_mut()).is_pending());
    }
    assert_eq!((bulkhead.waiting(), inner.counts().in_flight), (2, 1));

    drop(first);
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 0], "who came first, and nobody else");
    assert!(wakes[0].poll(waiting[0].as_mut()).is_pending());
    assert_eq!((bulkhead.waiting(), inner.counts().in_flight), (1, 1));
}

#[test]
fn who_matters_more_goes_first() {
    let bulkhead = queued(1, 10, &ManualClock::new());
    let (mut service, _inner) = held(&bulkhead.layer());
    let first = call!(service, get());
    let order = [Priority::Low, Priority::Normal, Priority::Critical];
    let wakes = order.map(|_| Wakes::new());
    let mut waiting = order.map(|priority| call!(service, of_priority(priority)));
    for (call, wakes) in waiting.iter_mut().zip(&wakes) {
        assert!(wakes.poll(call.as_mut()).is_pending());
    }
    drop(first);
    assert_eq!(wakes.map(|wakes| wakes.count()), [0, 0, 1]);
}

#[test]
fn a_full_queue_refuses_and_the_lesser_first() {
    let bulkhead = queued(1, 2, &ManualClock::new());
    let (mut service, _inner) = held(&bulkhead.layer());
    let _first = call!(service, get());
    let _second = call!(service, of_priority(Priority::Background));
    let refused = assert_ready(call!(service, of_priority(Priority::Background))).unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::SATURATED);
    assert!(refused.extensions().get::<LocalRefusal>().is_some());
    assert_pending(call!(service, of_priority(Priority::Critical)));
}

#[test]
fn what_waited_too_long_is_not_called() {
    let clock = ManualClock::new();
    let bulkhead = queued(1, 9, &clock);
    let (mut service, inner) = held(&bulkhead.layer());
    let first = call!(service, get());
    let (wakes, mut late) = (Wakes::new(), call!(service, get()));
    let mut next = call!(service, get());
    assert!(wakes.poll(late.as_mut()).is_pending());
    clock.advance(ms(999));
    assert_eq!(wakes.count(), 0);
    // It is over, and its turn comes, before it is looked at again.
    clock.advance(ms(1));
    drop(first);
    let refused = assert_ready(late).unwrap();
    assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::SATURATED);
    // The other one was as late, and the permit that it leaves is free.
    assert_eq!(assert_ready(next.as_mut()).unwrap().status(), 503);
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting(), inner.counts().in_flight), (0, 0, 0));
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn who_goes_away_keeps_nothing() {
    let clock = ManualClock::new();
    let bulkhead = queued(1, 9, &clock);
    let (mut service, inner) = held(&bulkhead.layer());
    let first = call!(service, get());
    let mut waiting = [(); 3].map(|()| call!(service, get()));
    for call in &mut waiting {
        assert_pending(call.as_mut());
    }
    let [called, leaves, stays] = waiting;
    drop(leaves);
    drop(first);
    drop(called);
    assert_pending(stays);
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting(), clock.sleepers()), (0, 0, 0));
    drop(service);
    assert_eq!(inner.counts().instances(), 0, "and no instance of the service either");
}

#[test]
fn a_limit_may_change_while_calls_are_under_way() {
    let bulkhead = queued(2, 9, &ManualClock::new());
    let (mut service, inner) = held(&bulkhead.layer());
    let both = [(); 2].map(|()| call!(service, get()));
    bulkhead.resize(1).unwrap();
    let mut third = call!(service, get());
    let [first, second] = both;
    drop(first);
    assert_pending(third.as_mut());
    assert_eq!(inner.counts().in_flight, 1, "the permit of the first is no more");
    drop(second);
    assert_pending(third.as_mut());
    assert_eq!(inner.counts().in_flight, 1);
    bulkhead.resize(3).unwrap();
    let _more = [(); 2].map(|()| call!(service, get()));
    assert_eq!((inner.counts().in_flight, bulkhead.in_flight(), bulkhead.limit()), (3, 3, 3));
}

#[tokio::test]
async fn any_call_can_stand_behind_it() {
    let bulkhead = Bulkhead::of(1).build().unwrap();
    let _permit = bulkhead.try_enter().unwrap();
    let refused = bulkhead.run(|| async { Ok::<_, Problem>(unreachable()) }).await;
    assert_eq!(refused.unwrap_err().code(), Code::SATURATED);
}

fn unreachable() -> u32 {
    panic!("there is no permit for it")
}

/// Threads that take and give as fast as they can, and look how many are inside.
#[test]
fn never_more_than_the_limit() {
    for limit in [1, 3] {
        never_more_than(limit);
    }
}

fn never_more_than(limit: u32) {
    let bulkhead = Bulkhead::of(limit).build().unwrap();
    let (inside, worst) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..100_000 {
                    let Ok(permit) = bulkhead.try_enter() else { continue };
                    worst.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
            });
        }
    });
    assert!(worst.load(Ordering::SeqCst) <= limit);
    assert_eq!(bulkhead.in_flight(), 0);
    let all: Vec<_> = (0..limit).map(|_| bulkhead.try_enter().unwrap()).collect();
    assert!(bulkhead.try_enter().is_err());
    drop(all);
}

/// The same with a queue, in which nobody is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_forgotten() {
    let timer = buttress_core::clock::TokioTimer;
    let bulkhead = Bulkhead::of(2).queue(1_000, Duration::from_secs(60), timer).build().unwrap();
    let calls = (0..500).map(|_| {
        let bulkhead = bulkhead.clone();
        tokio::spawn(async move {
            bulkhead
                .run(|| async {
                    tokio::task::yield_now().await;
                    Ok::<_, Problem>(())
                })
                .await
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (0, 0));
}
