//! The wall keeps the contract of tower, and is what clients need.

use buttress::clock::TokioClock;
use buttress::outbound::OutboundService;
use buttress::overload::adaptive::{Adaptive, Gradient};
use buttress::overload::shed::Shed;
use buttress::overload::throttle::Throttle;
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use buttress::{Outbound, OutboundBuilder};
use buttress_testkit::body::Frames;
use buttress_testkit::contract::Contract;
use buttress_testkit::mock;
use http::Request;

/// With requests that may be sent once only: an error of any other would be tried again.
async fn examine(wall: impl Fn() -> OutboundBuilder, leak: bool) {
    let wall = || {
        let wall = wall().clock(TokioClock::new()).build().unwrap();
        if leak { wall.leak() } else { wall }
    };
    let post = || Request::post("/").body(()).unwrap();
    Contract::new(wall).inner_body::<ReplayBody<Frames>>().request(post).check().await;
}

fn whole() -> OutboundBuilder {
    Outbound::to("payments")
        .deadline(secs(30))
        .throttle(Throttle::builder())
        .adaptive(Adaptive::by(Gradient::new().starting_at(100)))
        .shed(Shed::of(64))
        .retry(Retry::up_to(3))
        .circuit_breaker(CircuitBreaker::after(5).failures_in(secs(60)))
        .bulkhead(64)
        .attempt_timeout(secs(5))
}

#[tokio::test(start_paused = true)]
async fn of_tower() {
    examine(|| Outbound::to("payments"), false).await;
    examine(whole, false).await;
    examine(whole, true).await;
    examine(|| whole().hedge(Hedge::after(ms(50))).render_refusals(true), false).await;
}

#[test]
fn types_are_what_clients_need() {
    fn shared<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    shared::<Outbound>();
    shared::<OutboundService<()>>();
    let (service, _inner) = mock::service::<ReplayBody<Frames>>();
    let service = whole().build().unwrap().layer_on(service);
    let name = std::any::type_name_of_val(&service);
    assert!(name.starts_with("buttress::outbound::service::OutboundService<"), "{name}");
}
