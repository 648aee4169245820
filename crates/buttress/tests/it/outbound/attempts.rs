//! Breaker, bulkhead and timeout are one service inside, and behave as the three do that stand alone.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use buttress::circuit_breaker::{Abandoned, CircuitBreakerBuilder, Force, Over, Rule, State, Trip};
use buttress::clock::{Timer, TokioClock, TokioTimer};
use buttress::outcome::{HttpClassify, Judgement, ReadError};
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use buttress::{Outbound, OutboundBuilder};
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::poll::{Wakes, assert_pending, assert_ready};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Service, ServiceExt, service_fn};

use super::rig::{Sent, answer, get};

type Attempt = Request<ReplayBody<Full<Bytes>>>;
type Answered = Result<Response<Full<Bytes>>, Infallible>;

fn wall() -> OutboundBuilder {
    Outbound::to("payments").clock(TokioClock::new())
}

fn code<B>(response: &Response<B>) -> Option<Code> {
    response.extensions().get::<Problem>().map(Problem::code)
}

/// Answers after that time.
async fn after(time: Duration) -> Answered {
    TokioTimer.sleep(time).await;
    Ok(answer(200))
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_client_is_a_failure() {
    for in_call in [true, false] {
        let wall = wall().circuit_breaker(CircuitBreaker::after(1)).build().unwrap();
        let client = wall.layer_on(service_fn(move |_: Attempt| {
            assert!(!in_call, "while it is called");
            async move {
                assert!(in_call, "while it is polled");
                Answered::Ok(answer(200))
            }
        }));
        assert!(tokio::spawn(client.oneshot(get())).await.unwrap_err().is_panic());
        assert_eq!(wall.breaker().state(), State::Open, "in a call: {in_call}");
    }
}

/// Reads errors, and panics.
struct Panics;

impl ReadError for Panics {
    fn read(&self, _: &(dyn Error + 'static)) -> Option<Judgement> {
        panic!("this judge has lost his mind")
    }
}

/// It was slow, too: if it counted as given up, it would be a failure.
#[tokio::test(start_paused = true)]
async fn a_panic_of_the_judge_says_nothing_of_the_client() {
    let wall = wall()
        .classify(HttpClassify::new().also(Arc::new(Panics)))
        .circuit_breaker(CircuitBreaker::after(1))
        .attempt_timeout(secs(4))
        .build()
        .unwrap();
    let client = wall.layer_on(service_fn(|_: Attempt| async {
        TokioTimer.sleep(secs(3)).await;
        Err::<Response<Full<Bytes>>, _>(io::Error::other("no luck"))
    }));
    assert!(tokio::spawn(client.oneshot(get())).await.unwrap_err().is_panic());
    assert_eq!(wall.breaker().state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_has_run_out_of_time_is_dropped_with_the_answer() {
    let wall = wall().bulkhead(1).attempt_timeout(secs(1)).build().unwrap();
    let held = Arc::new(());
    let of_client = held.clone();
    let mut client = wall.layer_on(service_fn(move |_: Attempt| {
        let of_call = of_client.clone();
        async move {
            let answer = std::future::pending::<Answered>().await;
            drop(of_call);
            answer
        }
    }));
    let mut call = std::pin::pin!(client.ready().await.unwrap().call(get()));
    let late = call.as_mut().await.unwrap();
    assert_eq!(code(&late), Some(Code::TIMED_OUT));
    assert_eq!(wall.bulkhead().unwrap().in_flight(), 0, "though the future lives on");
    assert_eq!(Arc::strong_count(&held), 2, "the client has one, and the call none");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_permit_is_served_with_the_instance_that_was_ready() {
    let wall = wall()
        .bulkhead(1)
        .bulkhead_with(|bulkhead| bulkhead.queue(8, secs(5), TokioTimer))
        .attempt_timeout(secs(2))
        .build()
        .unwrap();
    let client = wall.layer_on(service_fn(|_: Attempt| after(ms(1_500))));
    // The second has two seconds from when it has its permit, and not from when it came.
    let both = [client.clone(), client].map(|client| tokio::spawn(client.oneshot(get())));
    for call in both {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    let bulkhead = wall.bulkhead().unwrap();
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_for_a_permit_or_goes_is_no_failure() {
    let wall = wall()
        .circuit_breaker(CircuitBreaker::after(1))
        .bulkhead(1)
        .bulkhead_with(|bulkhead| bulkhead.queue(8, secs(1), TokioTimer))
        .build()
        .unwrap();
    let bulkhead = wall.bulkhead().unwrap();
    let client = wall.layer_on(service_fn(|_: Attempt| std::future::pending::<Answered>()));
    let held = tokio::spawn(client.clone().oneshot(get()));
    tokio::task::yield_now().await;

    let mut goes = Box::pin(client.clone().oneshot(get()));
    assert_pending(goes.as_mut());
    assert_eq!(bulkhead.waiting(), 1);
    drop(goes);
    assert_eq!(bulkhead.waiting(), 0);

    let late = client.oneshot(get()).await.unwrap();
    assert_eq!((code(&late), wall.breaker().state()), (Some(Code::SATURATED), State::Closed));
    held.abort();
    assert!(held.await.unwrap_err().is_cancelled());
    assert_eq!(bulkhead.in_flight(), 0);
}

/// A wall with one permit and a long queue, to which two seconds are slow.
fn with_a_queue(breaker: CircuitBreakerBuilder) -> Outbound {
    wall()
        .deadline(secs(10))
        .circuit_breaker(breaker.open_for(secs(1)..=secs(1)))
        .bulkhead(1)
        .bulkhead_with(|bulkhead| bulkhead.queue(8, secs(20), TokioTimer))
        .attempt_timeout(secs(4))
        .build()
        .unwrap()
}

/// The queue is ours: what is given up there, or is late there, was never asked of the dependency.
#[tokio::test(start_paused = true)]
async fn who_gives_up_in_the_queue_was_never_slow() {
    for abandoned in [Abandoned::FailureIfSlow, Abandoned::Failure] {
        let wall = with_a_queue(CircuitBreaker::after(1).abandoned(abandoned));
        let _held = wall.bulkhead().unwrap().try_enter().unwrap();
        let client = wall.layer_on(service_fn(|_: Attempt| async { Answered::Ok(answer(200)) }));
        let given_up = tokio::time::timeout(secs(5), client.clone().oneshot(get()));
        assert!(given_up.await.is_err());
        assert_eq!(wall.breaker().state(), State::Closed, "given up, as {abandoned:?}");

        let late = client.oneshot(get()).await.unwrap();
        assert_eq!(code(&late), Some(Code::TIMED_OUT));
        assert_eq!(wall.breaker().state(), State::Closed, "late, as {abandoned:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_slow_in_the_queue_alone_is_not() {
    let slow = Rule::slow_rate(50, Over::Calls(1), 1);
    for (takes, state) in [(secs(1), State::Closed), (secs(3), State::Open)] {
        let wall = with_a_queue(CircuitBreaker::when(slow));
        let held = wall.bulkhead().unwrap().try_enter().unwrap();
        let client = wall.layer_on(service_fn(move |_: Attempt| after(takes)));
        let call = tokio::spawn(client.oneshot(get()));
        TokioTimer.sleep(secs(3)).await;
        drop(held);
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
        assert_eq!(wall.breaker().state(), state, "it took {takes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_in_the_queue_gives_its_place_back() {
    let wall = with_a_queue(CircuitBreaker::after(1));
    wall.breaker().trip(Trip::switch());
    TokioTimer.sleep(secs(2)).await;
    let held = wall.bulkhead().unwrap().try_enter().unwrap();
    let client = wall.layer_on(service_fn(|_: Attempt| async { Answered::Ok(answer(200)) }));
    assert!(tokio::time::timeout(secs(5), client.clone().oneshot(get())).await.is_err());
    assert_eq!(wall.breaker().state(), State::HalfOpen, "the dependency was not asked");

    drop(held);
    assert_eq!(client.oneshot(get()).await.unwrap().status(), 200);
    assert_eq!(wall.breaker().state(), State::Closed);
}

/// What became ready without the client may only refuse.
#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_ready_without_the_client_and_then_refuses() {
    let wall = wall().build().unwrap();
    let (inner, handle) = mock::service_of::<ReplayBody<Full<Bytes>>, Full<Bytes>, MockError>();
    handle.pending();
    let mut client = wall.layer_on(inner);
    let cx = &mut Context::from_waker(Waker::noop());
    let ready = |client: &mut _, cx: &mut Context<'_>| Service::<Sent>::poll_ready(client, cx);
    assert!(ready(&mut client, cx).is_pending());

    wall.breaker().force(Force::Open);
    assert!(ready(&mut client, cx).is_ready());
    wall.breaker().force(Force::Release);
    let refused = assert_ready(Box::pin(client.call(get()))).unwrap();
    assert_eq!(code(&refused), Some(Code::CIRCUIT_OPEN), "whatever has become of it since");
    assert_eq!(handle.counts().calls, 0);
}

/// Whoever waits as the client is not ready hears that the breaker opens: the client may never become ready.
#[tokio::test(start_paused = true)]
async fn who_waits_for_the_client_is_woken_when_the_breaker_opens() {
    let retried = wall().retry(Retry::up_to(3));
    let hedged = wall().hedge(Hedge::after(secs(1)));
    for builder in [wall(), retried, hedged] {
        let wall = builder.build().unwrap();
        let (inner, handle) = mock::service_of::<ReplayBody<Full<Bytes>>, Full<Bytes>, MockError>();
        handle.pending();
        let mut client = wall.layer_on(inner);
        let wakes = Wakes::new();
        let mut ready = || wakes.enter(|cx| Service::<Sent>::poll_ready(&mut client, cx));
        assert!(ready().is_pending());
        assert_eq!(wakes.count(), 0);
        wall.breaker().force(Force::Open);
        assert_eq!(wakes.count(), 1);
        assert!(ready().is_ready());
        let refused = assert_ready(Box::pin(client.call(get()))).unwrap();
        assert_eq!(code(&refused), Some(Code::CIRCUIT_OPEN));
    }
}

/// Three seconds are slow where an attempt may take four, and no probe loses its place before: whatever a file says
/// later.
#[tokio::test(start_paused = true)]
async fn other_settings_of_the_breaker_hold_to_the_times_of_the_wall() {
    let wall = wall().circuit_breaker(CircuitBreaker::after(5)).attempt_timeout(secs(4));
    let wall = wall.build().unwrap();
    let reconfigure = |text: &str| wall.breaker().reconfigure(&serde_json::from_str(text).unwrap());
    reconfigure(r#"{ "failures": 1 }"#).unwrap();
    let client = wall.layer_on(service_fn(|_: Attempt| std::future::pending::<Answered>()));
    assert!(tokio::time::timeout(secs(3), client.oneshot(get())).await.is_err());
    assert_eq!(wall.breaker().state(), State::Open);

    let error = reconfigure(r#"{ "lease_ms": 3999 }"#).unwrap_err();
    assert_eq!(error.faults()[0].path(), "lease_ms");
}
