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
