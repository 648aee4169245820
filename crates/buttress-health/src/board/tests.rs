use std::time::Duration;

use buttress_core::clock::Timestamp;
use buttress_core::{Health, HealthStatus};
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::accept::Shape;
use crate::details::View;
use crate::hops::VIA;
use crate::{Check, HealthChecks};

const EARLY: Moment = Moment::from_nanos(1);
const LATE: Moment = Moment::from_nanos(9);

/// One that knows something until `LATE`, one that has not run, and one over HTTP.
fn health() -> HealthChecks {
    let check = |name: &str| Check::of(name, || async { Health::up() });
    let checks = [check("one"), check("other"), Check::http("stock", "http://stock/ready")];
    let health = HealthChecks::builder().service("shop").checks(checks).build().unwrap();
    let board = &health.0.board;
    board.put(&board.slots[0], seen(HealthStatus::Up, LATE), || EARLY);
    health
}

fn seen(status: HealthStatus, expires: Moment) -> Seen {
    let time = Timestamp::EPOCH;
    Seen {
        status,
        latency: Duration::ZERO,
        time,
        since: time,
        last_success: None,
        message: None,
        details: Vec::new(),
        expires,
        text: Box::default(),
        health_text: Box::default(),
    }
}

fn names(names: &[&str]) -> Vec<HopId> {
    names.iter().filter_map(|name| HopId::parse(name)).collect()
}

/// Of two threads the one that has read the clock later may have judged first.
#[test]
fn a_list_is_never_older_than_its_verdict() {
    let health = health();
    let inner = &health.0;
    let view = |now| View {
        status: Status::Ok,
        shape: Shape::Plain,
        group: None,
        via: Via::default(),
        now,
    };
    assert_eq!(inner.board.verdict(LATE).unknown, 1);
    for now in [EARLY, LATE] {
        let text = &inner.written(&view(now)).text;
        assert!(text.contains("unknown"), "{now:?}: {text}");
    }
}

/// Nor is what holds without the checks that lead to who asks.
#[test]
fn what_is_left_out_is_never_older_than_its_verdict() {
    let health = health();
    let board = &health.0.board;
    board.put(&board.slots[1], seen(HealthStatus::Up, Moment::LAST), || EARLY);
    board.slots[2].hops.as_ref().unwrap().reach(names(&["stock"]));
    board.put(&board.slots[2], seen(HealthStatus::Down, Moment::LAST), || EARLY);
    let headers = HeaderMap::from_iter([(VIA, HeaderValue::from_static("stock"))]);
    let without = |now| {
        let ways = board.ways(&board.verdict(now), now);
        board.status_for(&Via::read(&headers), &ways, None)
    };
    assert_eq!(without(EARLY), Some(Status::Ok));
    let verdict = board.verdict(LATE);
    board.ways(&verdict, EARLY);
    assert_eq!(without(LATE), Some(Status::Down));
}

/// What leads where it led, and is as it was, is nothing to tell anybody.
#[test]
fn a_result_is_a_change_if_the_check_leads_elsewhere() {
    let health = health();
    let board = &health.0.board;
    let (slot, hops) = (&board.slots[2], board.slots[2].hops.clone().unwrap());
    let put = || board.put(slot, seen(HealthStatus::Up, LATE), || EARLY);
    assert!(put(), "the first");
    assert!(!put());
    for (reached, is_new) in
        [(&["stock"][..], true), (&["stock"], false), (&["shop"], true), (&[], true), (&[], false)]
    {
        hops.reach(names(reached));
        assert_eq!(put(), is_new, "{reached:?}");
    }
    hops.reach(names(&["shop"]));
    put();
    hops.miss();
    assert!(put());
    hops.miss();
    assert!(!put());
}

#[test]
fn what_led_home_too_long_ago_is_unknown() {
    let health = health();
    let board = &health.0.board;
    let slot = &board.slots[2];
    slot.hops.as_ref().unwrap().reach(names(&["shop"]));
    board.put(slot, seen(HealthStatus::Up, LATE), || EARLY);
    assert_eq!(slot.judge(EARLY, &board.own), (CheckStatus::Circular, LATE));
    assert_eq!(slot.judge(LATE, &board.own).0, CheckStatus::Unknown);
}
