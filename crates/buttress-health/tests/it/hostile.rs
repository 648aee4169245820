//! What a client may send, and what a clock may do.

use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::{ManualClock, Timestamp};
use buttress_health::{Check, CheckStatus, HealthChecks, Status};
use buttress_testkit::poll::Wakes;
use http::{HeaderValue, Request};
use proptest::prelude::*;

use crate::support::{ask, get};

#[test]
fn a_broken_accept_counts_as_absent() {
    let health = HealthChecks::default();
    for accept in [
        &b""[..],
        b"\xff\xfe",
        b";;;q=",
        b"application/health+json;q=999999999999999",
        b",,,,,,,,,,,,,,,,,,",
        b"application/health+json;q=0.000",
        &b"a".repeat(20_000),
        &b"application/health+jsonx,".repeat(1_000),
    ] {
        let mut request = get("/ready");
        let value = HeaderValue::from_bytes(accept).unwrap();
        request.headers_mut().insert("accept", value);
        let answer = ask(&health, request);
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

proptest! {
    #[test]
    fn no_header_and_no_path_breaks_it(
        path in "/[a-z/%.?=]{0,40}",
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let health = HealthChecks::builder().details_for_token("0123456789abcdef".to_owned());
        let health = health.details_for_networks(["10.0.0.0/8"]).build().unwrap();
        for path in [&*path, "/ready", "/health"] {
            for name in ["accept", "authorization", "x-health-via", "x-forwarded-for"] {
                let Ok(value) = HeaderValue::from_bytes(&bytes) else { continue };
                let request = Request::get(path).header(name, value).body(()).unwrap();
                prop_assert!(ask(&health, request).status() < 500);
            }
        }
    }
}

/// Health by hand: one check, and a clock that the test moves.
fn by_hand() -> (HealthChecks, ManualClock, impl FnMut()) {
    let clock = ManualClock::new();
    let check = Check::of("db", || async { Health::up() }).every(Duration::from_secs(10));
    let health = HealthChecks::builder()
        .clock(clock.clone())
        .insecure_details_for_everyone()
        .check(check.stale_after(Duration::from_secs(60)))
        .build()
        .unwrap();
    let mut tasks: Vec<_> = health.tasks(&clock).collect();
    let wakes = Wakes::new();
    let run = move || tasks.iter_mut().for_each(|task| assert!(wakes.poll(task).is_pending()));
    (health, clock, run)
}

#[test]
fn a_time_of_day_that_jumps_changes_nothing_but_what_is_shown() {
    let (health, clock, mut run) = by_hand();
    run();
    for (millis, shown) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
        (1_795_247_160_123, "2026-11-21T07:46:00.123Z"),
    ] {
        clock.set_wall(Timestamp::from_millis(millis));
        let answer = ask(&health, get("/ready"));
        assert_eq!((answer.status(), &answer.json()["timestamp"]), (200, &shown.into()));
        assert_eq!(ask(&health, get("/health")).json()["uptimeSeconds"], 0);
        run();
    }
}

#[test]
fn after_a_leap_of_the_machine_nobody_knows_until_the_next_run() {
    let (health, clock, mut run) = by_hand();
    run();
    assert_eq!(health.status(), Status::Ok);
    // As if it had been suspended for a day.
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(ask(&health, get("/ready")).status(), 503);
    assert_eq!(health.report().checks()[0].status(), CheckStatus::Unknown);
    run();
    assert_eq!(ask(&health, get("/ready")).status(), 200);
}

#[test]
fn no_leap_of_a_century_is_too_far() {
    let (health, clock, mut run) = by_hand();
    run();
    for _ in 0..3 {
        // A hundred years.
        clock.advance(Duration::from_secs(100 * 365 * 86_400));
        run();
        assert!(ask(&health, get("/health")).status() == 200);
        let _ = ask(&health, get("/ready"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_check_says_is_redacted_and_bounded() {
    let check = Check::of("db \"main\"", || async {
        Health::down(format!("connect to postgres://app:hunter2@db/orders: {}", "x ".repeat(5_000)))
            .with_detail("password", "hunter2")
            .with_detail("owner", "ada@example.org")
    });
    let health = HealthChecks::builder().insecure_details_for_everyone().check(check);
    let health = health.build().unwrap();
    let _running = crate::support::run(&health);
    buttress_testkit::paused::pass(Duration::from_millis(1)).await;
    for accept in ["*/*", "application/health+json"] {
        let request = Request::get("/ready").header("accept", accept).body(()).unwrap();
        let answer = ask(&health, request);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(text.contains("postgres://***@db/orders"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("ada@example.org"), "{text}");
        assert!(text.len() < 1_500, "{}", text.len());
        answer.json();
    }
    let report = format!("{:?}", health.report());
    assert!(!report.contains("hunter2"), "{report}");
}
