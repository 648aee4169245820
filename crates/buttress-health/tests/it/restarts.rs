//! What checks show when their tasks were gone for a while, and are there again.

use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::TokioClock;
use buttress_health::{CheckStatus, HealthChecks, Status};
use buttress_testkit::paused::pass;

use crate::support::{Dependency, ask, get, run};

const HOUR: Duration = Duration::from_secs(3_600);

fn built(check: buttress_health::Check) -> HealthChecks {
    HealthChecks::builder().clock(TokioClock::new()).check(check).build().unwrap()
}

/// A run that fails once is chance for what is up, and says all there is to say of what nobody knows.
#[tokio::test(start_paused = true)]
async fn a_stale_status_does_not_come_back_to_life_when_a_run_fails() {
    let database = Dependency::new(Health::up());
    let health = built(database.check("db").critical().fall(3).rise(3));
    let running = run(&health);
    pass(Duration::from_secs(1)).await;
    assert_eq!(health.status(), Status::Ok);
    let since = health.report().checks()[0].since();

    drop(running);
    pass(HOUR).await;
    assert_eq!(health.report().checks()[0].status(), CheckStatus::Unknown);
    database.set(Health::down("gone"));
    let running = run(&health);
    pass(Duration::from_millis(1)).await;
    assert_eq!(health.report().checks()[0].status(), CheckStatus::Down);
    assert_eq!(ask(&health, get("/ready")).status(), 503);

    // Nor does it take three runs to see that it is well again.
    drop(running);
    pass(HOUR).await;
    database.set(Health::up());
    let _running = run(&health);
    pass(Duration::from_millis(1)).await;
    assert_eq!(ask(&health, get("/ready")).status(), 200);
    assert!(health.report().checks()[0].since() > since, "it was not up in between");
}

#[tokio::test(start_paused = true)]
async fn a_status_that_still_holds_is_gone_on_from() {
    let database = Dependency::new(Health::up());
    let health = built(database.check("db").critical().fall(2));
    let running = run(&health);
    pass(Duration::from_secs(1)).await;
    drop(running);
    database.set(Health::down("gone"));
    let _running = run(&health);
    pass(Duration::from_secs(1)).await;
    assert_eq!((database.runs(), health.status()), (2, Status::Ok), "once is chance");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_has_run_does_not_wait_again() {
    let database = Dependency::new(Health::up());
    let health = built(database.check("db").initial_delay(Duration::from_secs(300)));
    let running = run(&health);
    pass(Duration::from_secs(200)).await;
    drop(running);
    let running = run(&health);
    pass(Duration::from_secs(299)).await;
    assert_eq!(database.runs(), 0, "it has seen nothing yet");
    pass(Duration::from_secs(2)).await;
    assert_eq!(database.runs(), 1);

    drop(running);
    let _running = run(&health);
    pass(Duration::from_secs(1)).await;
    assert_eq!(database.runs(), 2);
}
