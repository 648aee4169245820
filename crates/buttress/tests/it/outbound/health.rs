//! The breaker shows in health.

use buttress::circuit_breaker::State;
use buttress::clock::TokioClock;
use buttress::prelude::*;
use buttress_core::HealthStatus;
use tower::ServiceExt;

use super::rig::{Asked, dependency, get};

#[tokio::test(start_paused = true)]
async fn the_breaker_shows_in_health() {
    let asked = Asked::default();
    let wall = Outbound::to("payments")
        .circuit_breaker(CircuitBreaker::after(2).open_for(secs(5)..=secs(5)).jitter(0))
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let client = wall.layer_on(dependency(&asked, |time| if time <= 2 { 500 } else { 200 }));
    let probe = wall.probe();
    assert_eq!((probe.name(), probe.critical()), ("payments", false));
    assert_eq!(probe.check().await.status(), HealthStatus::Up);

    for _ in 0..2 {
        client.clone().oneshot(get()).await.unwrap();
    }
    let health = probe.check().await;
    assert_eq!((health.status(), health.message()), (HealthStatus::Degraded, Some("open")));
    assert!(health.details().any(|detail| detail == ("reason", "in_a_row")), "{health:?}");
    assert_eq!(client.clone().oneshot(get()).await.unwrap().status(), 503);

    tokio::time::advance(secs(5)).await;
    assert_eq!(client.oneshot(get()).await.unwrap().status(), 200);
    assert_eq!((wall.breaker().state(), asked.times()), (State::Closed, 3));
    assert_eq!(probe.check().await.status(), HealthStatus::Up);
}

#[cfg(feature = "health")]
#[tokio::test(start_paused = true)]
async fn a_report_takes_it_as_it_is() {
    use buttress::health::{Check, HealthChecks};
    let wall = Outbound::to("payments").build().unwrap();
    let checks = HealthChecks::builder().check(Check::new(wall.breaker().clone())).build();
    assert!(checks.is_ok());
}
