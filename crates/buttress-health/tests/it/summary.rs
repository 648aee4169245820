//! A few figures beside health, for those who may see them.

use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::stage::{Decision, RequestHead, Stage};
use buttress_health::HealthChecks;
use buttress_testkit::poll::Wakes;
use http::Response;
use http_body_util::Full;

use crate::support::{ask, get};

/// A request that takes so long.
fn serve(health: &HealthChecks, clock: &ManualClock, took: Duration, fails: bool) {
    let stage = health.stage();
    let mut request = get("/orders");
    let request: &mut dyn RequestHead = &mut request;
    let Decision::Pass(memo) = stage.enter(request) else { panic!("no probe") };
    clock.advance(took);
    if fails {
        stage.failed(memo);
    } else {
        stage.leave(memo, &mut Response::new(Full::<bytes::Bytes>::default()));
    }
}

#[test]
fn requests_are_counted_where_that_is_wanted() {
    let clock = ManualClock::new();
    let builder = || HealthChecks::builder().clock(clock.clone()).insecure_details_for_everyone();
    let health = builder().summary(true).build().unwrap();
    for at in 0..100_u64 {
        let took = if at < 90 { 1 } else { 100 };
        serve(&health, &clock, Duration::from_millis(took), at % 2 == 0);
    }
    clock.advance(Duration::from_secs(10) - Duration::from_millis(90 + 1_000));
    // Probes do not count.
    (0..50).for_each(|_| drop(ask(&health, get("/health"))));

    let mut tasks: Vec<_> = health.tasks(&clock).collect();
    assert!(Wakes::new().poll(&mut tasks[0]).is_pending());
    let report = ask(&health, get("/ready")).json();
    let requests = &report["requests"];
    assert_eq!((&requests["windowSeconds"], &requests["perSecond"]), (&10.into(), &10.0.into()));
    let of = |name| requests[name].as_f64().unwrap();
    assert!((1.0..1.3).contains(&of("p50Ms")), "{requests}");
    assert!((100.0..125.0).contains(&of("p95Ms")) && of("p99Ms") >= of("p95Ms"), "{requests}");
    if cfg!(target_os = "linux") {
        assert!(report["memory"]["residentBytes"].as_u64().unwrap() > 100_000, "{report}");
    }

    let without = builder().build().unwrap();
    assert!(ask(&without, get("/ready")).json().get("requests").is_none());
}

#[test]
fn others_do_not_see_them() {
    let health = HealthChecks::builder().summary(true).build().unwrap();
    assert!(ask(&health, get("/ready")).json().get("requests").is_none());
}
