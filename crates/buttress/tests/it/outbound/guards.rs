//! Who is too many is turned away before anything is done for him.

use std::convert::Infallible;

use buttress::OutboundBuilder;
use buttress::clock::TokioClock;
use buttress::overload::Priority;
use buttress::overload::adaptive::{Adaptive, Aimd};
use buttress::overload::shed::Shed;
use buttress::overload::throttle::Throttle;
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{ServiceExt, service_fn};

use super::rig::{Asked, dependency, get, in_time};

/// While one call is under way there is no room for another.
async fn refuses_the_second(wall: OutboundBuilder) {
    let asked = Asked::default();
    let counted = asked.clone();
    let wall = wall.clock(TokioClock::new()).build().unwrap().leak();
    let client = wall.layer_on(service_fn(move |_: Request<ReplayBody<Full<Bytes>>>| {
        counted.once_more();
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    }));
    let critical = || {
        let mut request = get();
        request.extensions_mut().insert(Priority::Critical);
        client.clone().oneshot(request)
    };
    let held = tokio::spawn(critical());
    tokio::task::yield_now().await;
    let refused = in_time(critical()).await.unwrap();
    assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::OVERLOADED);
    assert_eq!(asked.times(), 1);

    held.abort();
    assert!(held.await.is_err());
    let again = tokio::spawn(critical());
    tokio::task::yield_now().await;
    assert_eq!(asked.times(), 2, "a call that is given up gives back its place");
    again.abort();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_finds_no_place_is_refused() {
    refuses_the_second(Outbound::to("payments").shed(Shed::of(1))).await;
    let one = Adaptive::by(Aimd::new().between(1, 9).starting_at(1));
    refuses_the_second(Outbound::to("payments").adaptive(one)).await;
}

/// Each refusal of it is one call less for who is overloaded.
#[tokio::test(start_paused = true)]
async fn what_would_be_turned_away_is_not_asked() {
    let asked = Asked::default();
    let wall = Outbound::to("payments")
        .throttle(Throttle::builder().dice(buttress::Dice::seeded(7)))
        .clock(TokioClock::new())
        .build()
        .unwrap();
    let client = wall.layer_on(dependency(&asked, |_| 429));
    let mut refused = 0;
    for _ in 0..500 {
        let response = client.clone().oneshot(get()).await.unwrap();
        if let Some(problem) = response.extensions().get::<Problem>() {
            assert_eq!(problem.code(), Code::THROTTLED_LOCALLY);
            refused += 1;
        }
    }
    assert_eq!(asked.times() + refused, 500);
    assert!((350..=490).contains(&refused), "{refused}");
}
