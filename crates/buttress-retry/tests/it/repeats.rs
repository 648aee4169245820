//! What is repeated, when, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use buttress_core::clock::{Clock, ManualClock, ms};
use buttress_core::outcome::Outcome;
use buttress_core::{Code, GrpcCode, Problem};
use buttress_retry::{Backoff, Budget, Cost, Jitter, Repeatable};
use buttress_testkit::{mock, poll};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use tower::Layer;

use crate::support::{call, client, finish, get, outcome, script, send, status, up_to};

#[test]
fn a_call_that_fails_is_tried_again_after_a_pause() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(3, &clock));
    let seen = script(&clock, &inner, &[503, 503, 200]);
    assert_eq!(outcome(&clock, &client, get()), Some(200));
    assert_eq!(*seen.lock(), [(ms(0), 1), (ms(100), 2), (ms(300), 3)]);
    assert_eq!(inner.counts().breaches, 0);
}

#[test]
fn the_last_outcome_is_what_comes_back() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(3, &clock));
    let seen = script(&clock, &inner, &[503, 0, 502]);
    assert_eq!(outcome(&clock, &client, get()), Some(502));
    assert_eq!(seen.lock().len(), 3);
    let _ = script(&clock, &inner, &[503, 0]);
    assert_eq!(outcome(&clock, &client, get()), None);
}

#[test]
fn these_statuses_and_no_others() {
    let clock = ManualClock::new();
    let (of_two, inner) = client(up_to(2, &clock));
    let mut repeated = Vec::new();
    for code in 400..600 {
        let seen = script(&clock, &inner, &[code, 200]);
        let _ = outcome(&clock, &of_two, get());
        if seen.lock().len() == 2 {
            repeated.push(code);
        }
    }
    assert_eq!(repeated, [408, 425, 429, 502, 503, 504]);

    let own = up_to(2, &clock).statuses([StatusCode::NOT_FOUND]);
    let (client, inner) = client(own);
    let attempts = |code| {
        let seen = script(&clock, &inner, &[code, 200]);
        let _ = outcome(&clock, &client, get());
        seen.lock().len()
    };
    // A 404 is a success of the dependency; and yet this caller wants it once more.
    assert_eq!((attempts(404), attempts(503)), (2, 1));
}

#[test]
fn only_what_may_be_sent_twice_is() {
    let clock = ManualClock::new();
    let plain = || up_to(2, &clock);
    let empty = |builder, request: http::request::Builder| {
        let (client, inner) = client(builder);
        let seen = script(&clock, &inner, &[503, 200]);
        let _ = outcome(&clock, &client, request.body(Full::default()).unwrap());
        seen.lock().len()
    };
    for (method, expected) in [
        (Method::GET, 2),
        (Method::HEAD, 2),
        (Method::OPTIONS, 2),
        (Method::PUT, 1),
        (Method::DELETE, 1),
        (Method::POST, 1),
        (Method::PATCH, 1),
        (Method::CONNECT, 1),
    ] {
        assert_eq!(empty(plain(), Request::builder().method(&method)), expected, "{method}");
    }
    for method in [Method::PUT, Method::DELETE] {
        let request = Request::builder().method(&method);
        assert_eq!(empty(plain().idempotent_methods(true), request), 2, "{method}");
    }
    assert_eq!(empty(plain().idempotent_methods(true), Request::post("/")), 1);
    assert_eq!(empty(plain(), Request::post("/").header("idempotency-key", "k")), 2);
    assert_eq!(empty(plain(), Request::post("/").extension(Repeatable)), 2);
    assert_eq!(empty(plain(), Request::get("/").header("upgrade", "websocket")), 1);
}

#[test]
fn errors_are_repeated_where_that_is_safe() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(3, &clock));
    let seen = script(&clock, &inner, &[0, 0, 200]);
    assert_eq!(outcome(&clock, &client, get()), Some(200));
    assert_eq!(seen.lock().len(), 3);
    let seen = script(&clock, &inner, &[0, 200]);
    let post = Request::post("/").body(Full::default()).unwrap();
    assert_eq!(outcome(&clock, &client, post), None, "nobody knows how far it got");
    assert_eq!(seen.lock().len(), 1);
}

/// On an answer that is none of gRPC the header is noise: by it, a 503 with a stray one would not be repeated, and a
/// 200 might.
#[test]
fn a_stray_status_of_grpc_says_nothing() {
    let clock = ManualClock::new();
    for (code, stray, kind, attempts) in [
        (503, "0", "text/html", 2),
        (503, "5", "application/grpc", 2),
        (503, "0", "application/grpc-web", 2),
        (200, "10", "text/html", 1),
        (200, "10", "application/grpc", 2),
    ] {
        let retry = up_to(2, &clock).grpc_codes([GrpcCode::ABORTED, GrpcCode::UNAVAILABLE]);
        let (client, inner) = client(retry);
        inner.answer_with(move |_| {
            let answer = http::Response::builder().status(code).header("content-type", kind);
            Ok(answer.header("grpc-status", stray).body(Full::default()).unwrap())
        });
        let _ = outcome(&clock, &client, get());
        assert_eq!(inner.counts().calls, attempts, "{code} with {stray} as {kind}");
    }
}

#[test]
fn grpc_is_repeated_by_its_code() {
    let clock = ManualClock::new();
    let grpc = |code: u8| {
        let answer = http::Response::builder().header("content-type", "application/grpc");
        answer.header("grpc-status", code.to_string()).body(Full::default()).unwrap()
    };
    let attempts = |builder, code| {
        let (client, inner) = client(builder);
        inner.answer_with(move |_| Ok(grpc(code)));
        let call = Request::post("/shop.Stock/Count").header("content-type", "application/grpc");
        let _ = finish(&clock, send(&client, call.body(Full::default()).unwrap()));
        inner.counts().calls
    };
    let all = || up_to(2, &clock).grpc_all(true);
    let repeated: Vec<_> = (0..=16).filter(|code| attempts(all(), *code) == 2).collect();
    assert_eq!(repeated, [14]);
    assert_eq!(attempts(up_to(2, &clock), 14), 1, "no method is marked");
    assert_eq!(attempts(all().grpc_codes([GrpcCode::ABORTED]), 10), 2);
}

#[test]
fn own_rules_replace_and_veto() {
    let clock = ManualClock::new();
    let attempts = |builder, code| {
        let (client, inner) = client(builder);
        let seen = script(&clock, &inner, &[code, 200]);
        let _ = outcome(&clock, &client, get());
        seen.lock().len()
    };
    let on_500 = || {
        up_to(2, &clock).retry_if(|sent, seen, attempt| {
            assert_eq!((sent.method(), attempt.number() <= 2), (&Method::GET, true));
            assert_eq!(sent.uri().path(), "/lamps");
            seen.status() == Some(StatusCode::INTERNAL_SERVER_ERROR)
        })
    };
    assert_eq!((attempts(on_500(), 500), attempts(on_500(), 503)), (2, 1));
    let not_502 =
        || up_to(2, &clock).never_if(|_, seen, _| seen.status() == Some(StatusCode::BAD_GATEWAY));
    assert_eq!((attempts(not_502(), 502), attempts(not_502(), 503)), (1, 2));
}

#[test]
fn what_asks_for_time_gets_it() {
    let clock = ManualClock::new();
    let (of_two, inner) = client(up_to(2, &clock));
    let pause = |header: &'static str, value: &str| {
        let (began, times) = (clock.now(), Arc::new(buttress_core::sync::Lock::new(Vec::new())));
        let (noted, clock_inside, value) = (times.clone(), clock.clone(), value.to_owned());
        inner.answer_with(move |_| {
            noted.lock().push(clock_inside.now() - began);
            let answer = http::Response::builder().status(503).header(header, &value);
            Ok(answer.body(Full::default()).unwrap())
        });
        let _ = outcome(&clock, &of_two, get());
        let times = times.lock();
        times.get(1).copied()
    };
    // Read at noon of the first day of 2026, or a little later.
    for (value, expected) in [
        ("3", Some(ms(3_000))),
        ("0", Some(ms(100))),
        ("-1", Some(ms(100))),
        ("1.5", Some(ms(100))),
        ("2026", None),
        ("31", None),
        ("99999999999", None),
        ("Thu, 01 Jan 2026 11:00:00 GMT", Some(ms(100))),
        ("Fri, 01 Jan 2027 12:00:00 GMT", None),
        ("soon", Some(ms(100))),
    ] {
        assert_eq!(pause("retry-after", value), expected, "{value}");
    }
    assert_eq!(pause("x-no-retry", "1"), None);
}

#[test]
fn every_attempt_is_polled_ready() {
    let clock = ManualClock::new();
    let (mut client, inner) = client(up_to(2, &clock));
    let _ = script(&clock, &inner, &[503, 200]);
    let mut flight = Box::pin(call(&mut client, get()));
    poll::assert_pending(&mut flight);
    inner.pending();
    clock.advance(ms(100));
    poll::assert_pending(&mut flight);
    assert_eq!(inner.counts().calls, 1, "it is not ready");
    inner.ready();
    assert_eq!(poll::assert_ready(&mut flight).unwrap().status(), 200);
    assert_eq!((inner.counts().breaches, inner.counts().reservations), (0, 0));

    let _ = script(&clock, &inner, &[503, 200]);
    let mut flight = Box::pin(call(&mut client, get()));
    poll::assert_pending(&mut flight);
    inner.fail_readiness("it has ended");
    clock.advance(ms(100));
    assert_eq!(poll::assert_ready(&mut flight).unwrap_err().to_string(), "it has ended");
}

#[test]
fn a_discarded_answer_is_dropped_before_the_pause() {
    use buttress_testkit::body::Frames;
    let clock = ManualClock::new();
    let (service, inner) = mock::service_of::<_, Frames, mock::MockError>();
    let mut client = up_to(2, &clock).build().unwrap().layer(service);
    inner.hold();
    let mut flight = Box::pin(call(&mut client, get()));
    poll::assert_pending(&mut flight);
    let body = Frames::new().data("busy");
    let handle = body.handle();
    inner.take_call().unwrap().answer(http::Response::builder().status(503).body(body).unwrap());
    poll::assert_pending(&mut flight);
    assert!(handle.is_dropped(), "it would hold its connection through the pause");
    assert_eq!(inner.counts().in_flight, 0);
}

#[test]
fn a_budget_pays_for_repeats_and_not_for_calls() {
    let clock = ManualClock::new();
    let budget = Budget::percent(10).floor(0);
    let (client, inner) = client(up_to(3, &clock).backoff(Backoff::none()).budget(budget.clone()));
    inner.answer_with(|_| Ok(status(503)));
    for _ in 0..1_000 {
        assert_eq!(outcome(&clock, &client, get()), Some(503));
    }
    assert_eq!(inner.counts().calls, 1_100);
    inner.answer();
    for _ in 0..1_000 {
        let _ = outcome(&clock, &client, get());
    }
    assert!((budget.left(clock.now()) - 100.0).abs() < 1e-6, "a success earns what a failure does");
}

#[test]
fn a_cancelled_repeat_costs_nothing() {
    let clock = ManualClock::new();
    let budget = Budget::percent(100).floor(0);
    let (client, inner) = client(up_to(2, &clock).budget(budget.clone()));
    inner.answer_with(|_| Ok(status(503)));
    let mut flight = send(&client, get());
    poll::assert_pending(&mut flight);
    assert!(
        budget.take(Cost::Failure, None, clock.now()).is_none(),
        "it is taken when it is decided"
    );
    drop(flight);
    assert!((budget.left(clock.now()) - 1.0).abs() < 1e-6, "and given back");
    assert_eq!(inner.counts().calls, 1);
}

#[test]
fn a_refusal_of_the_wall_is_final_unless_its_wait_fits() {
    use buttress_core::Deadline;
    use buttress_core::outcome::{Answer, Wants};
    use buttress_core::stage::Keep;
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(2, &clock));
    let refused = Arc::new(AtomicU32::new(0));
    let count = refused.clone();
    inner.answer_with(move |request| {
        let wants = Wants::of(&request);
        let problem = Problem::new(Code::CIRCUIT_OPEN).with_retry_after(Duration::from_secs(2));
        match count.fetch_add(1, Ordering::Relaxed) {
            0 => <Keep as Answer<Request<()>, _, _>>::refused(problem, wants),
            _ => Ok(status(200)),
        }
    });
    assert_eq!(outcome(&clock, &client, get()), Some(503), "without a deadline nobody knows");
    let within = |seconds| {
        refused.store(0, Ordering::Relaxed);
        let mut request = get();
        let deadline = Deadline::after(clock.now(), Duration::from_secs(seconds));
        request.extensions_mut().insert(deadline);
        outcome(&clock, &client, request)
    };
    assert_eq!(within(2), Some(503));
    assert_eq!(within(3), Some(200));
    assert_eq!(Outcome::Rejected.as_str(), "rejected");
}

#[test]
fn chance_with_a_seed_repeats_itself() {
    let pauses = || {
        let clock = ManualClock::new();
        let backoff = Backoff::exponential(ms(1_000)).max(ms(60_000)).jitter(Jitter::Full);
        let builder = up_to(5, &clock).backoff(backoff).dice(buttress_core::Dice::seeded(7));
        let (client, inner) = client(builder);
        let seen = script(&clock, &inner, &[503]);
        let _ = outcome(&clock, &client, get());
        let seen = seen.lock();
        seen.clone()
    };
    let one = pauses();
    assert_eq!(one, pauses());
    assert_eq!(one.len(), 5);
}

/// Nothing of ours is held while a rule of yours runs.
#[test]
fn a_panicking_rule_changes_nothing() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let clock = ManualClock::new();
    let budget = Budget::percent(100).floor(0);
    let builder = up_to(2, &clock).backoff(Backoff::none()).budget(budget.clone());
    let (client, inner) = client(builder.never_if(|sent, _, _| {
        assert_ne!(sent.uri().path(), "/odd", "this panics");
        false
    }));
    inner.answer_with(|_| Ok(status(503)));
    let odd = Request::get("/odd").body(Full::default()).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| outcome(&clock, &client, odd)));
    assert!(panicked.is_err());
    assert_eq!(outcome(&clock, &client, get()), Some(503));
    assert_eq!(inner.counts().calls, 3, "one, and one with its repeat");
    assert_eq!(inner.counts().reservations, 0);
    assert!((budget.left(clock.now()) - 1.0).abs() < 1e-6);
}
