//! The breaker shows in health.

use buttress::HealthStatus;
use buttress::circuit_breaker::{Force, State};
use buttress::clock::{Clock, TokioClock};
use buttress::overload::adaptive::{Adaptive, Aimd};
use buttress::overload::shed::Shed;
use buttress::overload::throttle::Throttle;
use buttress::prelude::*;
use buttress::retry::Cost;
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

#[tokio::test(start_paused = true)]
async fn all_parts_show_in_health_under_names_of_their_own() {
    let wall = Outbound::to("payments")
        .throttle(Throttle::builder())
        .adaptive(Adaptive::by(Aimd::new()))
        .shed(Shed::of(8))
        .retry(Retry::up_to(3).budget(Budget::percent(10).floor(1)))
        .bulkhead(1)
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let unwell = async || {
        let mut unwell = Vec::new();
        for probe in wall.probes() {
            if probe.check().await.status() != HealthStatus::Up {
                assert!(!probe.critical());
                unwell.push(probe.name().to_owned());
            }
        }
        unwell
    };
    let probes = wall.probes();
    let names: Vec<_> = probes.iter().map(|probe| probe.name()).collect();
    let parts = ["throttle", "adaptive", "shed", "retry", "bulkhead"];
    let parts = parts.map(|part| format!("payments.{part}"));
    assert_eq!((names[0], &names[1..]), ("payments", &parts.each_ref().map(String::as_str)[..]));
    assert!(unwell().await.is_empty());

    let permit = wall.bulkhead().unwrap().try_enter().unwrap();
    let now = TokioClock::new().now();
    while let Some(taken) = wall.budget().take(Cost::Failure, None, now) {
        taken.spend();
    }
    assert_eq!(unwell().await, ["payments.retry", "payments.bulkhead"]);
    drop(permit);
    wall.breaker().force(Force::Open);
    assert_eq!(unwell().await, ["payments", "payments.retry"]);
}

#[test]
fn what_was_not_asked_for_does_not_show() {
    let wall = Outbound::to("payments").build().unwrap();
    assert_eq!(wall.probes().len(), 1);
}

#[cfg(feature = "health")]
#[tokio::test(start_paused = true)]
async fn a_report_takes_it_as_it_is() {
    use buttress::health::{Check, HealthChecks};
    let wall = Outbound::to("payments").build().unwrap();
    let checks = HealthChecks::builder().check(Check::new(wall.breaker().clone())).build();
    assert!(checks.is_ok());

    let wall = Outbound::to("payments").retry(Retry::up_to(3)).bulkhead(8).build().unwrap();
    let all = wall.probes().into_iter().map(Check::new);
    assert!(HealthChecks::builder().checks(all).build().is_ok(), "no two have one name");
}
