//! The stage keeps the contract of tower.

use buttress_core::Context;
use buttress_core::stage::Stage;
use buttress_health::{Changes, Check, HealthChecks, HealthService, HealthStage};
use buttress_testkit::contract::Contract;
use http::Request;

fn counting() -> HealthChecks {
    HealthChecks::builder().summary(true).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_tower() {
    let post = || Request::post("/health").body(()).unwrap();
    Contract::new(|| HealthChecks::default().stage().layer()).refuses(post).check().await;
    Contract::new(|| counting().stage().layer()).refuses(post).check().await;
    Contract::new(|| Context::default().then(counting().stage().mark_only()).layer()).check().await;
}

#[test]
fn types_are_what_servers_need() {
    fn shared<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    fn sendable<T: Send + Sync + std::fmt::Debug + 'static>() {}
    shared::<HealthChecks>();
    shared::<HealthStage>();
    shared::<HealthService>();
    sendable::<Changes>();
    sendable::<Check>();
    assert!(size_of::<HealthChecks>() == size_of::<usize>());
}

#[test]
fn what_is_printed_hides_secrets() {
    let builder = HealthChecks::builder().details_for_token("hunter2-hunter2-hunter2".to_owned());
    assert!(!format!("{builder:?}").contains("hunter2"));
    let health = builder.build().unwrap();
    let printed = format!("{health:?} {:?} {:?}", health.stage(), health.service());
    assert!(!printed.contains("hunter2"), "{printed}");
}
