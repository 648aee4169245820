//! What a breaker is to health.

use std::pin::pin;

use buttress_circuit_breaker::{Breaker, Force, Trip};
use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::key::path;
use buttress_core::outcome::Outcome;
use buttress_core::{Health, HealthStatus, Probe};
use buttress_testkit::poll;

use super::{OPEN, builder};

fn check(breaker: &Breaker) -> (HealthStatus, Option<String>) {
    let health: Health = poll::assert_ready(pin!(breaker.check()));
    (health.status(), health.message().map(str::to_owned))
}

#[test]
fn open_is_degraded_or_down_as_chosen() {
    for (open, critical) in
        [(HealthStatus::Degraded, false), (HealthStatus::Down, true), (HealthStatus::Up, false)]
    {
        let clock = ManualClock::new();
        let builder = builder(1, &clock).health(open).ramp_up(secs(10));
        let breaker = builder.build().unwrap().breaker().clone();
        assert_eq!((Probe::name(&breaker), breaker.critical()), ("payments", critical));
        assert_eq!(check(&breaker), (HealthStatus::Up, None));
        breaker.trip(Trip::switch());
        assert_eq!(check(&breaker).0, open);
        clock.advance(OPEN);
        let probe = breaker.try_enter().unwrap();
        assert_eq!(check(&breaker), (HealthStatus::Degraded, Some("trying again".into())));
        probe.settle(Outcome::Success);
        assert_eq!(check(&breaker), (HealthStatus::Degraded, Some("ramping up".into())));
        breaker.force(Force::Open);
        assert_eq!(check(&breaker).0, open);
        breaker.force(Force::Closed);
        assert_eq!(check(&breaker).0, HealthStatus::Up);
    }
}

/// Or a service that is taken out of its load balancer, as it is down, would get no call with which to try again.
#[test]
fn who_is_due_is_not_down() {
    for (open, due) in [
        (HealthStatus::Down, HealthStatus::Degraded),
        (HealthStatus::Degraded, HealthStatus::Degraded),
        (HealthStatus::Up, HealthStatus::Up),
    ] {
        let clock = ManualClock::new();
        let breaker = builder(1, &clock).health(open).build().unwrap().breaker().clone();
        breaker.trip(Trip::switch());
        clock.advance(ms(1));
        assert_eq!(check(&breaker).0, open);
        clock.advance(OPEN);
        assert_eq!(check(&breaker).0, due);
        breaker.try_enter().unwrap().settle(Outcome::Failure);
        assert_eq!(check(&breaker).0, open, "it was tried, and is down still");
    }
}

#[test]
fn it_says_why_and_for_how_long() {
    let clock = ManualClock::new();
    let breaker = builder(1, &clock).build().unwrap().breaker().clone();
    breaker.try_enter().unwrap().settle(Outcome::Failure);
    let _ = breaker.try_enter();
    let health = breaker.health();
    let details: Vec<_> = health.details().collect();
    assert_eq!(details, [("reason", "in_a_row"), ("seconds_left", "1"), ("refused", "1")]);
}

#[test]
fn a_table_is_degraded_while_any_key_is_open() {
    let table = builder(1, &ManualClock::new()).build_table(path(), 8).unwrap().table().clone();
    let [one, other] = ["one", "other"].map(|key| table.keyer().key_of([key]));
    table.try_enter(other).unwrap().settle(Outcome::Success);
    assert_eq!(table.health().status(), HealthStatus::Up);
    table.try_enter(one).unwrap().settle(Outcome::Failure);
    assert_eq!(table.health().status(), HealthStatus::Degraded);
    assert_eq!(
        table.health().details().collect::<Vec<_>>(),
        [("keys", "2"), ("open", "1"), ("half_open", "0")]
    );
    assert!(!table.critical());
}
