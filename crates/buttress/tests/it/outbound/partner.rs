//! The limit of a partner, held to inside of the wall: each attempt counts, as there, and what it refuses is nobody's
//! failure.

use buttress::circuit_breaker::State;
use buttress::prelude::*;
use buttress::ratelimit::everyone;
use buttress::ratelimit::throttle::ThrottleBuilder;
use tower::{Layer, ServiceExt};

use super::rig::{Asked, dependency, get};

#[tokio::test(start_paused = true)]
async fn what_a_throttle_refuses_opens_no_breaker() {
    let asked = Asked::default();
    let throttle = ThrottleBuilder::http(Quota::per_hour(2), everyone()).build().unwrap();
    let wall = Outbound::to("partner").circuit_breaker(CircuitBreaker::after(1)).build().unwrap();
    let client = wall.layer_on(throttle.layer(dependency(&asked, |_| 200)));
    for expected in [200, 200, 503, 503, 503] {
        let response = client.clone().oneshot(get()).await.unwrap();
        assert_eq!(response.status(), expected);
        let problem = response.extensions().get::<Problem>().map(Problem::code);
        assert_eq!(problem, (expected == 503).then_some(Code::THROTTLED_LOCALLY));
    }
    assert_eq!((asked.times(), wall.breaker().state()), (2, State::Closed));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_counts() {
    let asked = Asked::default();
    let throttle = ThrottleBuilder::http(Quota::per_hour(3), everyone()).build().unwrap();
    let retry = Retry::up_to(2).wait_for_refusals(false);
    let wall = Outbound::to("partner").retry(retry).build().unwrap();
    let fails_once = dependency(&asked, |time| if time == 1 { 503 } else { 200 });
    let client = wall.layer_on(throttle.layer(fails_once));
    for (expected, times) in [(200, 2), (200, 3), (503, 3)] {
        let response = client.clone().oneshot(get()).await.unwrap();
        assert_eq!((response.status().as_u16(), asked.times()), (expected, times));
    }
}
