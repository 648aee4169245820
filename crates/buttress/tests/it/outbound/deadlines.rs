//! The deadline of a call: from the request, to the dependency, and never back.

use std::convert::Infallible;

use buttress::circuit_breaker::State;
use buttress::clock::{Clock, TokioClock, TokioTimer};
use buttress::deadline::Wire;
use buttress::overload::Priority;
use buttress::overload::adaptive::{Adaptive, Aimd};
use buttress::overload::shed::Shed;
use buttress::overload::timeout::BodyTimeoutLayer;
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use buttress::{Context, Deadline, OutboundSettings};
use buttress_testkit::body::Frames;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::rig::{Asked, answer, dependency, get, in_time};

/// Never answers.
fn hangs() -> impl Service<
    Request<ReplayBody<Full<Bytes>>>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future: Send,
> + Clone {
    service_fn(|_: Request<ReplayBody<Full<Bytes>>>| std::future::pending())
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_in_time_with_all_its_attempts() {
    let clock = TokioClock::new();
    let wall = Outbound::to("payments")
        .deadline(secs(12))
        .retry(Retry::up_to(9).statuses([http::StatusCode::GATEWAY_TIMEOUT]))
        .attempt_timeout(secs(5))
        .clock(clock)
        .build()
        .unwrap();
    let before = clock.now();
    let late = in_time(wall.layer_on(hangs()).oneshot(get())).await.unwrap();
    assert_eq!(late.extensions().get::<Problem>().unwrap().code(), Code::TIMED_OUT);
    assert_eq!(clock.now() - before, secs(12));
}

/// Thirty seconds, though nobody has said so; for ever, if somebody has.
#[tokio::test(start_paused = true)]
async fn every_call_ends_unless_that_is_not_wanted() {
    let clock = TokioClock::new();
    let wall = Outbound::to("payments").clock(clock);
    let before = clock.now();
    let late = in_time(wall.build().unwrap().layer_on(hangs()).oneshot(get())).await.unwrap();
    assert_eq!(late.extensions().get::<Problem>().unwrap().code(), Code::TIMED_OUT);
    assert_eq!(clock.now() - before, secs(30));

    let file: OutboundSettings = serde_json::from_str(r#"{ "name": "payments" }"#).unwrap();
    let of_a_file = in_time(file.build().unwrap().layer_on(hangs()).oneshot(get()));
    assert_eq!(of_a_file.await.unwrap().status(), 504);

    let patient = r#"{ "name": "payments", "without_deadline": true }"#;
    let patient: OutboundSettings = serde_json::from_str(patient).unwrap();
    for wall in [Outbound::to("payments").without_deadline(), patient.builder().unwrap()] {
        let client = wall.build().unwrap().layer_on(hangs());
        assert!(tokio::time::timeout(secs(86_400), client.oneshot(get())).await.is_err());
    }
}

/// Without a timeout for attempts it is the deadline that ends what hangs: whose fault that is must not get lost with
/// it.
#[tokio::test(start_paused = true)]
async fn what_hangs_until_the_deadline_is_found_out() {
    let clock = TokioClock::new();
    let wall = Outbound::to("payments")
        .deadline(secs(2))
        .circuit_breaker(CircuitBreaker::after(3))
        .clock(clock)
        .build()
        .unwrap();
    let client = wall.layer_on(hangs());
    for _ in 0..3 {
        assert_eq!(wall.breaker().state(), State::Closed);
        assert_eq!(in_time(client.clone().oneshot(get())).await.unwrap().status(), 504);
    }
    assert_eq!(wall.breaker().state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_limit_learns_from_what_hangs_until_the_deadline() {
    let twenty = || Aimd::new().between(1, 40).starting_at(20);
    let to = || Outbound::to("payments").deadline(secs(2));
    for wall in [to().adaptive(Adaptive::by(twenty())), to().shed(Shed::adapting(twenty()))] {
        let clock = TokioClock::new();
        let client = wall.clock(clock).build().unwrap().layer_on(hangs());
        let twenty_at_once = || async {
            let calls: Vec<_> = (0..20)
                .map(|_| {
                    let mut request = get();
                    request.extensions_mut().insert(Priority::Critical);
                    tokio::spawn(client.clone().oneshot(request))
                })
                .collect();
            let mut late = 0;
            for call in calls {
                let answer = in_time(call).await.unwrap().unwrap();
                late += u32::from(answer.status() == 504);
            }
            late
        };
        assert_eq!(twenty_at_once().await, 20);
        assert_eq!(twenty_at_once().await, 18, "a tenth less, as all of them were in vain");
    }
}

/// The trap: what hangs is never counted, because each request ends before a call is slow.
#[tokio::test(start_paused = true)]
async fn what_hangs_until_the_requests_are_over_is_found_out() {
    // 2.5 s are slow, and a quarter of that is the least that says anything.
    for (millis, state) in [("2000", State::Open), ("700", State::Open), ("600", State::Closed)] {
        let straight = Outbound::to("payments");
        let retried = Outbound::to("payments").retry(Retry::up_to(3));
        let guarded = Outbound::to("payments").adaptive(Adaptive::by(Aimd::new()));
        for wall in [straight, retried, guarded] {
            let wall = wall.circuit_breaker(CircuitBreaker::after(3)).attempt_timeout(secs(5));
            let wall = wall.clock(TokioClock::new()).build().unwrap();
            for _ in 0..3 {
                let mut request = get();
                request.headers_mut().insert("x-request-timeout-ms", millis.parse().unwrap());
                let late = in_time(wall.layer_on(hangs()).oneshot(request)).await.unwrap();
                assert_eq!(late.status(), 504);
            }
            assert_eq!(wall.breaker().state(), state, "{millis} ms each");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_learns_from_what_hangs_until_the_requests_are_over() {
    let twenty = || Aimd::new().between(1, 40).starting_at(20);
    let to = || Outbound::to("payments").deadline(secs(10));
    for wall in [to().adaptive(Adaptive::by(twenty())), to().shed(Shed::adapting(twenty()))] {
        let client = wall.clock(TokioClock::new()).build().unwrap().layer_on(hangs());
        let twenty_at_once = || async {
            let calls: Vec<_> = (0..20)
                .map(|_| {
                    let mut request = get();
                    request.headers_mut().insert("x-request-timeout-ms", "2000".parse().unwrap());
                    request.extensions_mut().insert(Priority::Critical);
                    tokio::spawn(client.clone().oneshot(request))
                })
                .collect();
            let mut late = 0;
            for call in calls {
                late += u32::from(in_time(call).await.unwrap().unwrap().status() == 504);
            }
            late
        };
        assert_eq!((twenty_at_once().await, twenty_at_once().await), (20, 18));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_does_not_shorten_its_request() {
    let clock = TokioClock::new();
    let mut inbound = Request::new(());
    let context = Context::builder().clock(clock).build().unwrap();
    drop(buttress::stage::Stage::enter(&context, &mut inbound));
    let context = inbound.context().unwrap().clone();
    context.shorten_deadline(Deadline::after(clock.now(), secs(60)));

    let wall = Outbound::to("payments").deadline(secs(5)).clock(clock).build().unwrap();
    let client = wall.layer_on(hangs());
    let mut request = get();
    context.propagate(&mut request);
    let late = in_time(context.scope(client.oneshot(request))).await.unwrap();
    assert_eq!(late.status(), 504);
    assert_eq!(context.deadline().unwrap().remaining(clock.now()), secs(55), "it goes on");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_request_counts_though_the_wall_has_none() {
    let clock = TokioClock::new();
    let wall = Outbound::to("payments").clock(clock).build().unwrap();
    let before = clock.now();
    let mut request = get();
    request.headers_mut().insert("x-request-timeout-ms", "3000".parse().unwrap());
    assert_eq!(in_time(wall.layer_on(hangs()).oneshot(request)).await.unwrap().status(), 504);
    assert_eq!(clock.now() - before, secs(3));
}

/// All times of the wall end with the head. Those of bodies stand right at the client, so that the breaker hears of
/// what broke off.
#[tokio::test(start_paused = true)]
async fn a_body_that_stands_still_breaks_off_if_that_is_said() {
    let clock = TokioClock::new();
    let wall = Outbound::to("payments")
        .deadline(secs(5))
        .circuit_breaker(CircuitBreaker::after(1))
        .clock(clock)
        .build()
        .unwrap();
    let stands_still = service_fn(|_: Request<ReplayBody<Full<Bytes>>>| async {
        Ok::<_, Infallible>(Response::new(Frames::new().data("first").hold()))
    });
    let answer = wall.layer_on(stands_still).oneshot(get()).await.unwrap();
    let read = tokio::time::timeout(secs(60), answer.into_body().collect()).await;
    assert!(read.is_err() && wall.breaker().state() == State::Closed);

    let bodies = BodyTimeoutLayer::new(TokioTimer).idle(secs(2));
    let answer = wall.layer_on(bodies.layer(stands_still)).oneshot(get()).await.unwrap();
    let before = clock.now();
    assert!(in_time(answer.into_body().collect()).await.is_err());
    assert_eq!((clock.now() - before, wall.breaker().state()), (secs(2), State::Open));
}

#[tokio::test(start_paused = true)]
async fn what_is_over_asks_nobody() {
    let (clock, asked) = (TokioClock::new(), Asked::default());
    let wall = Outbound::to("payments").clock(clock).build().unwrap();
    let client = wall.layer_on(dependency(&asked, |_| 200));
    let mut late = get();
    late.extensions_mut().insert(Deadline::at(clock.now()));
    assert_eq!(client.oneshot(late).await.unwrap().status(), 504);
    assert_eq!(asked.times(), 0);
}

/// gRPC is told, and others if that is said; a repeat is told what is left by then.
#[tokio::test(start_paused = true)]
async fn the_dependency_is_told_what_is_left() {
    let clock = TokioClock::new();
    let echo = service_fn(|request: Request<ReplayBody<Full<Bytes>>>| async move {
        let is_repeat = request.headers().contains_key("x-request-attempt");
        let mut response = answer(if is_repeat { 200 } else { 503 });
        *response.headers_mut() = request.headers().clone();
        Ok::<_, Infallible>(response)
    });
    let wall = |told: bool| {
        let wall = Outbound::to("payments").deadline(secs(9)).clock(clock);
        let retry = Retry::up_to(2).backoff(Backoff::fixed(secs(2)));
        let wall = wall.retry(retry);
        let wall = if told { wall.tell_deadlines(Wire::default()) } else { wall };
        wall.build().unwrap().layer_on(echo)
    };
    let silent = wall(false).oneshot(get()).await.unwrap();
    assert!(!silent.headers().contains_key("x-request-timeout-ms"));
    let told = wall(true).oneshot(get()).await.unwrap();
    assert_eq!(told.headers()["x-request-timeout-ms"], "7000");

    let grpc = Request::builder().header("content-type", "application/grpc");
    let grpc = grpc.body(Full::default()).unwrap();
    let told = wall(false).oneshot(grpc).await.unwrap();
    assert_eq!(told.headers()["grpc-timeout"], "9000000u");
}
