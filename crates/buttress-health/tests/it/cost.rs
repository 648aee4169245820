//! What a request costs, exactly.

use std::time::Duration;

use buttress_core::stage::{Decision, RequestHead, Stage};
use buttress_health::{Check, HealthChecks};
use buttress_testkit::allocations;
use buttress_testkit::paused::pass;
use http::Request;

use crate::support::{ask_stage, get, hanging, run};

fn allocations_of(stage: &impl Stage, request: &mut Request<()>) -> u64 {
    // The first one may make what others share.
    drop(stage.enter(request));
    let request: &mut dyn RequestHead = request;
    let (decision, count) = allocations::of(|| stage.enter(request));
    drop(decision);
    count.allocations()
}

#[test]
fn what_is_no_probe_allocates_nothing() {
    let plain = HealthChecks::builder().check(hanging("a")).build().unwrap();
    let counting = HealthChecks::builder().summary(true).build().unwrap();
    for path in ["/", "/orders/7", "/healthy", "/health/x", "/readyx/abc", "/a-long-path-of-an-api"]
    {
        assert_eq!(allocations_of(&plain.stage(), &mut get(path)), 0, "{path}");
        assert_eq!(allocations_of(&counting.stage(), &mut get(path)), 0, "{path}");
        assert!(matches!(plain.stage().enter(&mut get(path)), Decision::Pass(None)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_allocates_four_times_whatever_hangs() {
    let empty = HealthChecks::builder().version("1.2.3").build().unwrap();
    let fifty = (0..50).map(|at| hanging(&format!("db{at}")).deadline(Duration::from_secs(60)));
    let fifty = HealthChecks::builder().version("1.2.3").checks(fifty).build().unwrap();
    let _running = run(&fifty);
    pass(Duration::from_secs(1)).await;
    for path in ["/health", "/health/live", "/ready", "/health/startup"] {
        assert_eq!(allocations_of(&empty.stage(), &mut get(path)), 4, "{path}");
        let answer = ask_stage(fifty.stage(), get(path)).status();
        // That a 503 is no failure is marked.
        let count = if answer == 503 { 6 } else { 4 };
        assert_eq!(allocations_of(&fifty.stage(), &mut get(path)), count, "{path}");
    }
}

/// Anybody may send it.
#[tokio::test(start_paused = true)]
async fn who_asks_for_others_costs_no_more() {
    for checks in [0, 50, 1_000] {
        let all = (0..checks).map(|at| hanging(&format!("db{at}")));
        let health = HealthChecks::builder().service("shop").checks(all).build().unwrap();
        let _running = run(&health);
        pass(Duration::from_secs(3)).await;
        for via in ["stock", &vec!["a-name-of-some-length"; 100].join(",")] {
            let mut request = get("/ready");
            request.headers_mut().insert("x-health-via", via.parse().unwrap());
            // That a 503 is no failure is marked.
            let count = if checks > 0 { 6 } else { 4 };
            assert_eq!(allocations_of(&health.stage(), &mut request), count, "{checks}, {via}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn details_that_were_written_are_copied() {
    let checks = (0..50).map(|at| Check::of(format!("db{at}"), std::future::pending));
    let health = HealthChecks::builder().insecure_details_for_everyone().checks(checks);
    let health = health.build().unwrap();
    let _running = run(&health);
    pass(Duration::from_secs(3)).await;
    assert_eq!(allocations_of(&health.stage(), &mut get("/ready")), 6);
}
