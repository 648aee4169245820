//! The retries of gRPC, as its proposal A6 has them.

use std::future::ready;

use buttress_core::clock::{Clock, ManualClock, ms, secs};
use buttress_core::{Deadline, GrpcCode};
use buttress_retry::{Backoff, Budget, Cost, Follow, Jitter, Pauses};
use http::{Request, Response};
use http_body_util::Full;

use super::{Deviations, print};
use crate::support::{client, finish, send, up_to};

const DEVIATIONS: &Deviations = &[
    (
        "more than 5 attempts are silently 5",
        "up to 100 are as many as were asked for, and more are refused as a setting",
    ),
    ("pauses are spread by 20 % beyond the longest", "no pause is longer than its longest"),
    ("hedging sends as many as were asked for", "one beside the first, and no more"),
    (
        "an answer that may be followed by another sends the next hedge at once",
        "what says that it is overloaded must not speed us up",
    ),
    ("what never left the client is repeated without limit", "once for free; all others count"),
];

/// The pauses of a call whose attempts end with these codes, each with a pushback or without.
fn pauses(answers: &'static [(u8, Option<&'static str>)]) -> Vec<u128> {
    let clock = ManualClock::new();
    let builder = up_to(5, &clock).backoff(Backoff::exponential(ms(100)).max(secs(1)));
    let codes = [GrpcCode::UNAVAILABLE, GrpcCode::RESOURCE_EXHAUSTED];
    let (client, inner) =
        client(builder.grpc_all(true).grpc_codes(codes).follow(Follow::UpTo(secs(60))));
    let times = std::sync::Arc::new(buttress_core::sync::Lock::new(Vec::new()));
    let (noted, now) = (times.clone(), clock.clone());
    inner.answer_with(move |_| {
        let mut noted = noted.lock();
        let (code, pushback) = answers[noted.len().min(answers.len() - 1)];
        noted.push(now.now());
        let answer = Response::builder().header("content-type", "application/grpc");
        let answer = answer.header("grpc-status", code.to_string());
        let answer = match pushback {
            None => answer,
            Some(millis) => answer.header("grpc-retry-pushback-ms", millis),
        };
        Ok(answer.body(Full::default()).unwrap())
    });
    let call = Request::post("/shop.Stock/Count").header("content-type", "application/grpc");
    finish(&clock, send(&client, call.body(Full::default()).unwrap())).unwrap();
    let times = times.lock();
    times.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect()
}

#[test]
fn attempts_codes_and_pushback() {
    print("grpc", DEVIATIONS);
    assert_eq!(
        pauses(&[(14, None)]),
        [100, 200, 400, 800],
        "five attempts, that of the beginning among them"
    );
    assert_eq!(pauses(&[(14, None), (0, None)]), [100]);
    assert_eq!(pauses(&[(13, None)]), [0; 0], "a code that is not in the list");
    assert_eq!(pauses(&[(8, None), (0, None)]), [100]);
    assert_eq!(
        pauses(&[(14, Some("7")), (14, None), (0, None)]),
        [7, 100],
        "exactly, and then from the start"
    );
    assert_eq!(pauses(&[(14, None), (14, Some("0")), (14, None), (0, None)]), [100, 0, 100]);
    for never in ["-1", "soon", "1.5", "99999999999"] {
        assert_eq!(pauses(Box::leak(Box::new([(14, Some(never))]))), [0; 0], "{never}");
    }
}

#[test]
fn the_throttle() {
    let (budget, now) = (Budget::tokens(10, 0.1), ManualClock::new().now());
    let fails = || {
        budget.failed();
        budget.take(Cost::Failure, None, now).is_some()
    };
    let is_near = |left: f64| (budget.left(now) - left).abs() < 1e-9;
    assert_eq!([fails(), fails(), fails(), fails(), fails()], [true, true, true, true, false]);
    assert!(is_near(5.0), "half of them are left, and that is too few");
    for _ in 0..11 {
        budget.succeeded(None);
    }
    assert!(is_near(6.1) && fails());
    for _ in 0..1_000 {
        budget.succeeded(None);
    }
    assert!(is_near(10.0), "never more than there were");
    for _ in 0..100 {
        let _ = fails();
    }
    assert!(is_near(0.0), "never less than none");
    assert!((Budget::tokens(10, 0.123_4).left(now) - 10.0).abs() < 1e-9);
}

#[test]
fn a_pushback_that_stops_counts_as_a_failure() {
    let clock = ManualClock::new();
    let budget = Budget::tokens(10, 0.1);
    let (client, inner) = client(up_to(3, &clock).grpc_all(true).budget(budget.clone()));
    inner.answer_with(|_| {
        let answer = Response::builder().header("content-type", "application/grpc");
        let answer = answer.header("grpc-status", "14").header("grpc-retry-pushback-ms", "-1");
        Ok(answer.body(Full::default()).unwrap())
    });
    let call = Request::post("/").header("content-type", "application/grpc");
    finish(&clock, send(&client, call.body(Full::default()).unwrap())).unwrap();
    assert_eq!(inner.counts().calls, 1);
    assert!((budget.left(clock.now()) - 9.0).abs() < 1e-9);
}

#[test]
fn no_pause_beyond_the_longest() {
    let backoff = Backoff::exponential(secs(1)).max(secs(2)).jitter(Jitter::Spread(20));
    let mut pauses = Pauses::new();
    let all: Vec<_> = (0..3).map(|_| pauses.next(&backoff, u64::MAX)).collect();
    assert_eq!(all, [ms(1_200), secs(2), secs(2)]);
}

#[test]
fn the_deadline_is_of_the_whole_call() {
    let clock = ManualClock::new();
    let policy = up_to(5, &clock).build_policy().unwrap();
    let _around = Deadline::after(clock.now(), ms(100)).enter();
    let run = policy.run(|_| ready(Err::<(), _>("unavailable")));
    let mut run = Box::pin(run);
    assert!(buttress_testkit::poll::poll_once(&mut run).is_ready(), "no time for a pause");
}
