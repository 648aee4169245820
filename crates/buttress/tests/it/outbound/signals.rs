//! What is told carries the name of the wall, and stands in the catalogues.

use buttress::clock::TokioClock;
use buttress::metrics::Metrics;
use buttress::overload::adaptive::{Adaptive, Gradient};
use buttress::overload::shed::Shed;
use buttress::overload::throttle::Throttle;
use buttress::overload::{adaptive, bulkhead, deadline, shed, throttle, timeout};
use buttress::prelude::*;
use buttress_testkit::page::Page;
use tower::ServiceExt;

use super::rig::{Asked, dependency, get};

#[tokio::test(start_paused = true)]
async fn all_of_it_stands_in_the_catalogues() {
    let (page, asked) = (Page::default(), Asked::default());
    let wall = Outbound::to("payments")
        .deadline(secs(30))
        .throttle(Throttle::builder())
        .adaptive(Adaptive::by(Gradient::new()))
        .shed(Shed::of(64))
        .retry(Retry::up_to(2).backoff(Backoff::none()))
        .hedge(Hedge::after(ms(50)))
        .circuit_breaker(CircuitBreaker::after(5))
        .bulkhead(64)
        .attempt_timeout(secs(5))
        .clock(TokioClock::new())
        .metrics(&Metrics::new(page.clone()))
        .build()
        .unwrap();
    let client = wall.layer_on(dependency(&asked, |time| if time == 1 { 503 } else { 200 }));
    assert_eq!(client.oneshot(get()).await.unwrap().status(), 200);

    let catalogues = [
        buttress::circuit_breaker::CATALOGUE,
        buttress::retry::CATALOGUE,
        deadline::CATALOGUE,
        throttle::CATALOGUE,
        adaptive::CATALOGUE,
        shed::CATALOGUE,
        bulkhead::CATALOGUE,
        timeout::CATALOGUE,
    ]
    .concat();
    let strangers: Vec<_> =
        page.bound().into_iter().filter(|metric| !catalogues.contains(metric)).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    let lines = page.lines();
    assert!(lines.iter().all(|line| line.contains(" payments")), "{lines:?}");
    for told in [
        "buttress_breaker_calls_total payments failure: 1",
        "buttress_breaker_calls_total payments success: 1",
    ] {
        assert!(lines.iter().any(|line| line == told), "{told}: {lines:#?}");
    }
}

/// What a part was given holds where the wall was given nothing; else all tell the same.
#[tokio::test(start_paused = true)]
async fn a_part_keeps_its_metrics_where_the_wall_has_none() {
    let (parts, of_wall) = (Page::default(), Page::default());
    let metrics = Metrics::new(parts.clone());
    let to = || {
        Outbound::to("payments")
            .throttle(Throttle::builder().metrics(&metrics))
            .adaptive(Adaptive::by(Gradient::new()).metrics(&metrics))
            .shed(Shed::of(64).metrics(&metrics))
            .retry(Retry::up_to(2).metrics(&metrics))
            .circuit_breaker(CircuitBreaker::after(5).metrics(&metrics))
            .bulkhead_with(|bulkhead| bulkhead.metrics(&metrics))
            .attempt_timeout(secs(5))
    };
    let wall = to().metrics(&Metrics::new(of_wall.clone())).build().unwrap();
    assert!(parts.bound().is_empty() && !of_wall.bound().is_empty());
    drop(wall);

    let wall = to().build().unwrap();
    let client = wall.layer_on(dependency(&Asked::default(), |_| 200));
    assert_eq!(client.oneshot(get()).await.unwrap().status(), 200);
    let bound = parts.bound();
    for part in [
        buttress::circuit_breaker::CATALOGUE,
        buttress::retry::CATALOGUE,
        throttle::CATALOGUE,
        adaptive::CATALOGUE,
        shed::CATALOGUE,
        bulkhead::CATALOGUE,
    ] {
        assert!(part.iter().any(|metric| bound.contains(metric)), "{:?}", part[0]);
    }
    let lines = parts.lines();
    assert!(lines.iter().all(|line| line.contains(" payments")), "{lines:?}");
}
