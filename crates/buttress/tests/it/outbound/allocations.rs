//! What a call through the whole wall costs on the heap, exactly.

use std::pin::pin;

use buttress::circuit_breaker::{Force, Trip};
use buttress::clock::ManualClock;
use buttress::prelude::*;
use buttress_testkit::{allocations, poll};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::Service;

use super::rig::{Asked, dependency};

fn wall() -> Outbound {
    Outbound::to("payments")
        .deadline(secs(30))
        .retry(Retry::up_to(3).budget(Budget::percent(20)))
        .circuit_breaker(CircuitBreaker::after(5).failures_in(secs(60)))
        .bulkhead(64)
        .attempt_timeout(secs(5))
        .clock(ManualClock::new())
        .build()
        .unwrap()
        .leak()
}

/// What a call allocates beside the request. The head has nothing to clone that would.
fn of(wall: &Outbound, body: &'static str, status: u16) -> u64 {
    let mut client = wall.layer_on(dependency(&Asked::default(), |_| 200));
    let mut call = || {
        let body = Full::new(Bytes::from_static(body.as_bytes()));
        let request = allocations::uncounted(|| Request::get("/").body(body).unwrap());
        poll::assert_ready(std::future::poll_fn(|cx| client.poll_ready(cx))).unwrap();
        poll::assert_ready(pin!(client.call(request))).unwrap()
    };
    drop((call(), call()));
    let (response, count) = allocations::of(call);
    assert_eq!(response.status(), status);
    count.allocations()
}

#[test]
fn a_success_allocates_once_for_a_body_and_not_without() {
    assert_eq!(of(&wall(), "", 200), 0);
    assert_eq!(of(&wall(), "an order", 200), 1);
    let plain = Outbound::to("payments").build().unwrap();
    assert_eq!(of(&plain, "", 200), 0);
    assert_eq!(of(&plain, "an order", 200), 1, "to be known by whom it is waited for, and no more");
}

/// The decision allocates nothing; the response has a table of extensions, and one of headers if it says when to come
/// back.
#[test]
fn a_refusal_over_http_allocates_for_its_response_alone() {
    // Its problem is made once for each tenth of a second.
    let refuses = |wall: &Outbound| wall.breaker().try_enter().is_err();
    let closed_by_hand = wall();
    closed_by_hand.breaker().force(Force::Open);
    assert!(refuses(&closed_by_hand));
    let (is_refused, count) = allocations::of(|| refuses(&closed_by_hand));
    assert_eq!((is_refused, count.allocations()), (true, 0));
    assert_eq!(of(&closed_by_hand, "", 503), 3);

    // One that would be over in time is waited for, unless that is not wanted.
    let open = Outbound::to("payments")
        .retry(Retry::up_to(3).wait_for_refusals(false))
        .clock(ManualClock::new())
        .build()
        .unwrap();
    open.breaker().trip(Trip::switch());
    assert!(refuses(&open));
    assert_eq!(of(&open, "", 503), 5);
}
