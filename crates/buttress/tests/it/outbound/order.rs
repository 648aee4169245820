//! The order of the parts, as seen from outside.

use std::convert::Infallible;

use buttress::Deadline;
use buttress::circuit_breaker::{Force, State, Trip};
use buttress::clock::{Clock, TokioClock};
use buttress::outcome::LocalRefusal;
use buttress::prelude::*;
use buttress::render::Format;
use buttress::retry::ReplayBody;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};

use super::rig::{Asked, Sent, answer, dependency, get, in_time};

fn code<B>(response: &Response<B>) -> Option<Code> {
    response.extensions().get::<Problem>().map(Problem::code)
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_judged_by_the_breaker_and_an_open_one_ends_them() {
    let asked = Asked::default();
    let wall = Outbound::to("payments")
        .retry(Retry::up_to(9).budget(Budget::dangerous_unlimited()).backoff(Backoff::none()))
        .deadline(secs(30))
        .circuit_breaker(CircuitBreaker::after(3).open_for(secs(60)..=secs(60)).jitter(0))
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let client = wall.layer_on(dependency(&asked, |_| 503));
    let response = client.clone().oneshot(get()).await.unwrap();
    assert_eq!((asked.times(), wall.breaker().state()), (3, State::Open));
    assert_eq!(code(&response), Some(Code::CIRCUIT_OPEN), "its wait does not fit the deadline");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"60".parse().unwrap())
    );
    assert!(response.extensions().get::<LocalRefusal>().is_some());
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());

    assert_eq!(code(&client.oneshot(get()).await.unwrap()), Some(Code::CIRCUIT_OPEN));
    assert_eq!(asked.times(), 3, "nobody asks what is down");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_runs_out_of_time_is_a_failure_and_is_repeated() {
    let asked = Asked::default();
    let counted = asked.clone();
    let slow_once = service_fn(move |_: Request<ReplayBody<Full<Bytes>>>| {
        let is_first = counted.once_more() == 1;
        async move {
            if is_first {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(answer(200))
        }
    });
    let wall = Outbound::to("payments")
        .retry(
            Retry::up_to(2).backoff(Backoff::none()).statuses([http::StatusCode::GATEWAY_TIMEOUT]),
        )
        .circuit_breaker(CircuitBreaker::after(5))
        .attempt_timeout(secs(5))
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let clock = TokioClock::new();
    let before = clock.now();
    let response = in_time(wall.layer_on(slow_once).oneshot(get())).await.unwrap();
    assert_eq!((response.status().as_u16(), asked.times()), (200, 2));
    assert_eq!(clock.now() - before, secs(5));
}

/// The breaker takes for slow what an attempt can be: its ten seconds would make nothing slow here.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_after_half_of_its_time_is_a_failure() {
    let wall = Outbound::to("payments")
        .circuit_breaker(CircuitBreaker::after(1))
        .attempt_timeout(secs(4))
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let client = wall.layer_on(service_fn(|_: Request<ReplayBody<Full<Bytes>>>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    }));
    for (patience, state) in [(ms(1_900), State::Closed), (ms(2_100), State::Open)] {
        let given_up = tokio::time::timeout(patience, client.clone().oneshot(get()));
        assert!(given_up.await.is_err());
        assert_eq!(wall.breaker().state(), state);
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_next_attempt_holds_no_permit() {
    let asked = Asked::default();
    let wall = Outbound::to("payments")
        .retry(Retry::up_to(2).backoff(Backoff::fixed(secs(1))))
        .bulkhead(1)
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let client = wall.layer_on(dependency(&asked, |time| if time == 1 { 503 } else { 200 }));
    let waiting = tokio::spawn(client.clone().oneshot(get()));
    tokio::task::yield_now().await;
    assert_eq!((asked.times(), wall.bulkhead().unwrap().in_flight()), (1, 0));
    assert_eq!(client.oneshot(get()).await.unwrap().status(), 200, "there is room meanwhile");
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}

/// A full bulkhead says nothing of the dependency.
#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_is_no_failure_to_the_breaker() {
    let wall = Outbound::to("payments")
        .circuit_breaker(CircuitBreaker::after(1))
        .bulkhead(1)
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let hangs = service_fn(|_: Request<ReplayBody<Full<Bytes>>>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let client = wall.layer_on(hangs);
    let _held = tokio::spawn(client.clone().oneshot(get()));
    tokio::task::yield_now().await;
    for _ in 0..3 {
        let refused = in_time(client.clone().oneshot(get())).await.unwrap();
        assert_eq!(code(&refused), Some(Code::SATURATED));
    }
    assert_eq!(wall.breaker().state(), State::Closed);
}

/// Without a circuit breaker there is one that opens by hand alone.
#[tokio::test(start_paused = true)]
async fn a_wall_can_be_closed_by_hand() {
    let asked = Asked::default();
    let wall = Outbound::to("payments").clock(TokioClock::new()).build().unwrap();
    let client = wall.layer_on(dependency(&asked, |_| 500));
    for _ in 0..100 {
        assert_eq!(client.clone().oneshot(get()).await.unwrap().status(), 500);
    }
    assert_eq!(wall.breaker().state(), State::Closed, "it never opens by itself");
    wall.breaker().force(Force::Open);
    assert_eq!(code(&client.clone().oneshot(get()).await.unwrap()), Some(Code::CIRCUIT_OPEN));
    wall.breaker().force(Force::Release);
    assert_eq!(client.oneshot(get()).await.unwrap().status(), 500);
    assert_eq!(asked.times(), 101);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_is_paid_from_the_budget_and_may_win() {
    let asked = Asked::default();
    let counted = asked.clone();
    let slow_once = service_fn(move |_: Request<ReplayBody<Full<Bytes>>>| {
        let is_first = counted.once_more() == 1;
        async move {
            if is_first {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(answer(200))
        }
    });
    let wall = Outbound::to("payments")
        .retry(Retry::up_to(1).budget(Budget::percent(10)))
        .hedge(Hedge::after(ms(50)).at_most_percent(100))
        .attempt_timeout(secs(5))
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let clock = TokioClock::new();
    let (before, left) = (clock.now(), wall.budget().left(clock.now()));
    let response = in_time(wall.layer_on(slow_once).oneshot(get())).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!((clock.now() - before, asked.times()), (ms(50), 2));
    let paid = left - wall.budget().left(clock.now());
    assert!((0.8..=1.0).contains(&paid), "one, less the tenth that the call brings: {paid}");
}

#[tokio::test(start_paused = true)]
async fn refusals_have_a_body_if_that_is_wanted() {
    let asked = Asked::default();
    let wall = Outbound::to("payments").render_refusals(true).build().unwrap();
    wall.breaker().trip(Trip::switch());
    let client = wall.layer_on(dependency(&asked, |_| 200));
    let refused = client.clone().oneshot(get()).await.unwrap();
    assert_eq!(refused.headers()["content-type"], "application/json");
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(br#"{"error":{"code":"CIRCUIT_OPEN""#), "{body:?}");

    let mut grpc: Sent = get();
    grpc.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    assert!(Format::of(&grpc).is_grpc());
    let refused = client.oneshot(grpc).await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["grpc-status"]),
        (200, &"14".parse().unwrap())
    );
    assert!(refused.headers().contains_key("grpc-retry-pushback-ms"));
}

/// Neither what the deadline says before a call is made, nor what another part says.
#[tokio::test(start_paused = true)]
async fn a_refusal_of_head_has_no_body_though_it_is_wanted() {
    let asked = Asked::default();
    let clock = TokioClock::new();
    let wall = Outbound::to("payments").render_refusals(true).clock(clock).build().unwrap();
    wall.breaker().trip(Trip::switch());
    let client = wall.layer_on(dependency(&asked, |_| 200));
    let head = || {
        let mut request = get();
        *request.method_mut() = Method::HEAD;
        request
    };
    let mut late = head();
    late.extensions_mut().insert(Deadline::after(clock.now(), secs(0)));
    for (request, status, code) in [(head(), 503, Code::CIRCUIT_OPEN), (late, 504, Code::TIMED_OUT)]
    {
        let refused = client.clone().oneshot(request).await.unwrap();
        assert_eq!(refused.status(), status);
        assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), code);
        assert!(refused.body().is_end_stream());
        assert!(refused.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}

/// Walls inside one another do not count each other's refusals.
#[tokio::test(start_paused = true)]
async fn a_refusal_of_an_inner_wall_is_not_counted() {
    let asked = Asked::default();
    let inner = Outbound::to("inner").build().unwrap();
    inner.breaker().trip(Trip::switch());
    let outer = Outbound::to("outer").circuit_breaker(CircuitBreaker::after(1)).build().unwrap();
    let inside = inner.layer_on(service_fn({
        let asked = asked.clone();
        move |_: Request<ReplayBody<ReplayBody<Full<Bytes>>>>| {
            asked.once_more();
            async { Ok::<_, Infallible>(answer(200)) }
        }
    }));
    let client = outer.layer_on(inside);
    for _ in 0..3 {
        assert_eq!(code(&client.clone().oneshot(get()).await.unwrap()), Some(Code::CIRCUIT_OPEN));
    }
    assert_eq!((outer.breaker().state(), asked.times()), (State::Closed, 0));
}
