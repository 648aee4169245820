//! A breaker for each key.

use std::pin::pin;

use buttress_circuit_breaker::{CircuitBreaker, Force, State};
use buttress_core::Fault;
use buttress_core::clock::ManualClock;
use buttress_core::key::{endpoint, host, path};
use buttress_core::metrics::Metrics;
use buttress_core::outcome::Outcome;
use buttress_testkit::body::Frames;
use buttress_testkit::mock::{self, MockError};
use buttress_testkit::page::Page;
use buttress_testkit::poll;
use http::Request;
use tower::{Layer, ServiceExt};

use super::{OPEN, builder, response};

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

#[test]
fn keys_are_apart() {
    let clock = ManualClock::new();
    let layer = builder(2, &clock).build_table(endpoint(), 64).unwrap();
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    inner.answer_with(|request: Request<()>| {
        let status = if request.uri().host() == Some("down") { 503 } else { 200 };
        Ok(response(status, Frames::new()))
    });
    let client = layer.layer(service);
    let call = |uri| poll::assert_ready(pin!(client.clone().oneshot(get(uri)))).unwrap().status();
    for _ in 0..4 {
        assert_eq!(
            (call("http://down/a"), call("http://up/a")),
            (503.try_into().unwrap(), 200.try_into().unwrap())
        );
    }
    assert_eq!(inner.counts().calls, 2 + 4, "two were asked before it opened");
    assert_eq!(call("http://down:8080/a"), 503, "another endpoint");
    assert_eq!(inner.counts().calls, 7);
    let key = layer.table().keyer().key_for(&endpoint(), &get("http://down/a")).key();
    assert_eq!(layer.table().snapshot(key).unwrap().state(), State::Open);
    clock.advance(OPEN);
    assert_eq!(call("http://down/a"), 503);
    assert_eq!(inner.counts().calls, 8, "it tried again");
}

/// Whether an end is news or not.
#[test]
fn calls_of_all_keys_are_counted() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let builder = builder(3, &clock).metrics(&Metrics::new(page.clone()));
    let layer = builder.build_table(path(), 64).unwrap();
    let end = |nth: u8, outcome| {
        let key = layer.table().keyer().key_of([nth.to_string()]);
        layer.table().try_enter(key).unwrap().settle(outcome);
    };
    (0..4).for_each(|nth| end(nth, Outcome::Success));
    end(0, Outcome::Failure);
    end(0, Outcome::Success);
    let counted =
        |outcome: &str| page.of(&format!("buttress_breaker_calls_total payments {outcome}"));
    assert_eq!((counted("success"), counted("failure")), (Some(5.0), Some(1.0)));
}

#[test]
fn an_operator_may_force_one() {
    let table = CircuitBreaker::after(1).build_table(host(), 8).unwrap().table().clone();
    let [one, other] = ["one", "other"].map(|key| table.keyer().key_of([key]));
    table.force(one, Force::Open);
    assert!(table.try_enter(one).is_err() && table.try_enter(other).is_ok());
    table.force(one, Force::Release);
    table.try_enter(one).unwrap().settle(Outcome::Failure);
    assert!(table.try_enter(one).is_err());
    table.reset(one);
    assert!(table.try_enter(one).is_ok());
}

#[test]
fn what_a_table_has_no_room_for_is_said_with_all_else() {
    let builder = CircuitBreaker::after(9).failures_in(super::SLOW).named("").probes(0);
    let error = builder.build_table(path(), 0).unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    assert_eq!(paths, ["name", "probes", "rules[0].n", "room"]);
}

/// A call that is dropped is one of its key.
#[test]
fn a_dropped_probe_gives_its_place_back() {
    let clock = ManualClock::new();
    let layer = builder(1, &clock).build_table(path(), 8).unwrap();
    let (service, inner) = mock::service_of::<(), Frames, MockError>();
    let client = layer.layer(service);
    let key = layer.table().keyer().key_for(&path(), &get("/a")).key();
    layer.table().trip(key, buttress_circuit_breaker::Trip::switch());
    clock.advance(OPEN);
    inner.never_answer();
    let mut probe = Box::pin(client.clone().oneshot(get("/a")));
    poll::assert_pending(probe.as_mut());
    assert_eq!(layer.table().snapshot(key).unwrap().probes(), 1);
    drop(probe);
    assert_eq!(layer.table().snapshot(key).unwrap().probes(), 0);
}
