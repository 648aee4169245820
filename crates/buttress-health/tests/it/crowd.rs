//! Ten thousand checks are many, and work.

use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::TokioClock;
use buttress_health::{HealthChecks, Status};
use buttress_testkit::paused::pass;

use crate::support::{Dependency, ask, get, run};

#[tokio::test(start_paused = true)]
async fn ten_thousand_checks() {
    let database = Dependency::new(Health::up());
    let checks =
        (0..10_000).map(|at| database.check(&format!("db{at}")).group(format!("g{}", at % 7)));
    let one = Dependency::new(Health::up());
    let health = HealthChecks::builder()
        .clock(TokioClock::new())
        .checks(checks)
        .check(one.check("one").every(Duration::from_secs(1)))
        .insecure_details_for_everyone()
        .build()
        .unwrap();
    let mut changes = health.subscribe();
    let _running = run(&health);
    while health.status() != Status::Ok {
        changes.changed().await;
    }
    assert_eq!(database.runs(), 10_000);

    one.set(Health::down("gone"));
    while health.status() == Status::Ok {
        changes.changed().await;
    }
    let answer = ask(&health, get("/ready"));
    assert_eq!((answer.status(), &*answer.word()), (503, "down"));
    assert_eq!(answer.json()["checks"].as_array().unwrap().len(), 10_001);
    assert_eq!(ask(&health, get("/ready/g3")).status(), 200);

    pass(Duration::from_secs(60)).await;
    let runs = database.runs();
    assert!((50_000..=70_000).contains(&runs), "{runs} in a minute");
}
