//! What a refusal says: when to come back, in which code, and why.

use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::key::MissingKey;
use buttress_core::{Code, GrpcCode};
use buttress_ratelimit::when::{addresses, path_prefix};
use buttress_ratelimit::{Algorithm, Quota, address, codes, everyone, header};
use buttress_testkit::log::Log;
use http::Request;
use proptest::prelude::*;

use crate::support::{SECOND, answered, enter, from, on, passing};

#[test]
fn it_says_when_to_come_back_and_that_is_right() {
    let clock = ManualClock::new();
    let quota = Quota::per_minute(7).burst(3);
    let limits = on(&clock).policy("a", quota.by(address())).build().unwrap();
    let stage = limits.stage();
    let from = || from("203.0.113.7");
    assert_eq!(passing(&stage, from, 4), 3);

    let problem = enter(&stage, &mut from()).problem();
    let wait = problem.retry_after().unwrap();
    assert_eq!((problem.code(), problem.status().as_u16()), (Code::RATE_LIMITED, 429));
    clock.advance(wait.saturating_sub(Duration::from_nanos(1)));
    assert!(!answered(&stage, from(), 200), "a nanosecond too early");
    clock.advance(Duration::from_nanos(1));
    assert!(answered(&stage, from(), 200), "exactly then");
}

proptest! {
    /// Whoever waits as long as was said, and meets nobody, is let in: whatever the numbers are, and rounded up to
    /// seconds as well.
    #[test]
    fn who_waits_that_long_is_let_in(
        count in 1_u64..500,
        period in 1_u64..100_000,
        burst in 1_u64..50,
        at in 0_usize..4,
        rounded in any::<bool>(),
    ) {
        let clock = ManualClock::new();
        let quota = Quota::per(Duration::from_millis(period), count);
        let quota = [
            quota.burst(burst),
            quota.algorithm(Algorithm::FixedWindow),
            quota.algorithm(Algorithm::SlidingCounter),
            Quota::per(Duration::from_millis(period), count.min(64)).algorithm(Algorithm::SlidingLog),
        ][at];
        prop_assume!(quota.check().is_ok());
        let limits = on(&clock).policy("a", quota.by(everyone())).build().unwrap();
        let stage = limits.stage();
        let mut refused = 0;
        for _ in 0..1_200 {
            let problem = match enter(&stage, &mut Request::new(())) {
                seen if seen.is_passed() => continue,
                seen => seen.problem(),
            };
            refused += 1;
            let wait = problem.retry_after().unwrap();
            prop_assert!(!wait.is_zero());
            let seconds = problem.render(None).headers()["retry-after"].to_str().unwrap().parse().unwrap();
            prop_assert!(Duration::from_secs(seconds) >= wait);
            prop_assert!(Duration::from_secs(seconds) < wait + SECOND);
            clock.advance(if rounded { Duration::from_secs(seconds) } else { wait });
            prop_assert!(answered(&stage, Request::new(()), 200));
            if refused == 3 {
                break;
            }
        }
        prop_assert!(refused > 0);
    }
}

#[test]
fn what_never_fits_is_told_so() {
    let clock = ManualClock::new();
    let costly = Quota::per_minute(10).by(everyone()).cost_by(|request| {
        request
            .headers()
            .get("x-rows")
            .and_then(|rows| rows.to_str().ok()?.parse().ok())
            .unwrap_or(1)
    });
    let limits = on(&clock).policy("rows", costly).build().unwrap();
    let stage = limits.stage();
    let rows = |rows: &str| Request::get("/").header("x-rows", rows).body(()).unwrap();

    let problem = enter(&stage, &mut rows("11")).problem();
    assert_eq!((problem.code(), problem.retry_after()), (codes::COST_ABOVE_LIMIT, None));
    assert!(!problem.code().is_retryable());
    assert!(!problem.render(None).headers().contains_key("retry-after"));
    assert!(answered(&stage, rows("10"), 200), "and nothing was taken");
    let problem = enter(&stage, &mut rows("10")).problem();
    assert_eq!(problem.retry_after(), Some(SECOND * 60));
    assert!(answered(&stage, rows("0"), 200), "what costs nothing is not counted");
}

#[test]
fn of_several_the_longest_wait_is_told() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("short", Quota::per_second(1).by(everyone()))
        .policy("long", Quota::per_hour(1).by(everyone()))
        .policy("middle", Quota::per_minute(1).by(everyone()))
        .build()
        .unwrap();
    let stage = limits.stage();
    assert!(answered(&stage, Request::new(()), 200));
    let problem = enter(&stage, &mut Request::new(())).problem();
    assert_eq!(problem.retry_after(), Some(SECOND * 3_600));
    let specified = problem.specified().unwrap();
    assert!(specified.uri().ends_with("#quota-exceeded"));
    let members: Vec<_> = specified.members().collect();
    assert_eq!(members, [("violated-policies", &["long".into()][..])]);
}

#[test]
fn what_protects_the_service_says_overloaded() {
    let clock = ManualClock::new();
    let overload = Quota::at_once(1).by(everyone()).overload();
    let limits = on(&clock).policy("in-flight", overload).build().unwrap();
    let stage = limits.stage();
    let memo = enter(&stage, &mut Request::new(())).passed();
    let problem = enter(&stage, &mut Request::new(())).problem();
    assert_eq!((problem.code(), problem.status().as_u16()), (Code::OVERLOADED, 503));
    assert_eq!(problem.retry_after(), None, "nobody knows when a permit comes back");
    assert!(problem.specified().unwrap().uri().ends_with("#temporary-reduced-capacity"));
    drop(memo);
    assert!(answered(&stage, Request::new(()), 200));
}

#[test]
fn who_lacks_a_key_is_told_so() {
    let clock = ManualClock::new();
    let by = || Quota::per_hour(1).by(header("x-shop"));
    let strict = on(&clock).policy("a", by().missing(MissingKey::Refuse)).build().unwrap();
    let problem = enter(&strict.stage(), &mut Request::new(())).problem();
    assert_eq!((problem.code(), problem.status().as_u16()), (codes::LIMIT_KEY_MISSING, 400));

    let shared = on(&clock).policy("a", by()).build().unwrap();
    assert_eq!(
        passing(&shared.stage(), || Request::new(()), 3),
        1,
        "all who lack it have one together"
    );
    let skipping = on(&clock).policy("a", by().missing(MissingKey::Skip)).build().unwrap();
    assert_eq!(passing(&skipping.stage(), || Request::new(()), 3), 3);
    let trial = on(&clock).policy("a", by().missing(MissingKey::Refuse).shadow()).build().unwrap();
    assert_eq!(passing(&trial.stage(), || Request::new(()), 3), 3, "a trial refuses nobody");
}

#[test]
fn who_is_on_the_deny_list_is_refused_whatever_else_is_said() {
    let log = Log::of("buttress");
    let _listening = log.listen();
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("a", Quota::per_hour(9).by(address()))
        .exempt(path_prefix("/"))
        .deny(addresses(["198.51.100.0/24"]))
        .shadow()
        .build()
        .unwrap();
    let stage = limits.stage();
    let problem = enter(&stage, &mut from("198.51.100.9")).problem();
    assert_eq!((problem.code(), problem.status().as_u16()), (Code::FORBIDDEN, 403));
    assert!(answered(&stage, from("203.0.113.7"), 200));
    assert_eq!(log.take(), [""; 0], "there is nothing odd about it");
    for _ in 0..3 {
        let unknown = enter(&stage, &mut Request::new(())).problem();
        assert_eq!(unknown.status().as_u16(), 403, "nobody says that it is somebody else");
    }
    let told = "WARN message=requests are denied as the server does not say who is connected";
    assert_eq!(log.take(), [told], "once");
}

#[test]
fn codes_mean_the_same_to_clients_of_grpc() {
    assert_eq!(Code::RATE_LIMITED.grpc_code(), GrpcCode::RESOURCE_EXHAUSTED);
    assert_eq!(Code::OVERLOADED.grpc_code(), GrpcCode::UNAVAILABLE);
    assert_eq!(codes::BANNED.grpc_code(), GrpcCode::RESOURCE_EXHAUSTED);
    assert_eq!(codes::COST_ABOVE_LIMIT.grpc_code(), GrpcCode::OUT_OF_RANGE);
}
