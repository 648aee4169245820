//! Metrics, events, the log and the audit.

use buttress_circuit_breaker::{Breaker, CATALOGUE, Event, Force, State, Transition, Trip};
use buttress_core::audit::{Audit, channel};
use buttress_core::clock::ManualClock;
use buttress_core::key::path;
use buttress_core::metrics::{Description, Metrics};
use buttress_core::outcome::Outcome;
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use proptest::prelude::*;

use super::{Door, OPEN, builder};

fn watched(failures: u32) -> (Breaker, ManualClock, Page) {
    let (clock, page) = (ManualClock::new(), Page::default());
    let builder = builder(failures, &clock).metrics(&Metrics::new(page.clone()));
    (builder.build().unwrap().breaker().clone(), clock, page)
}

/// Those that are 1; all others have to be 0.
fn states(page: &Page) -> Vec<State> {
    let value = |state: &State| page.of(&format!("buttress_breaker_state payments {state}"));
    let is_one = |state: &State| match value(state) {
        Some(1.0) => true,
        Some(0.0) => false,
        other => panic!("{state} is {other:?}"),
    };
    State::ALL.into_iter().filter(is_one).collect()
}

proptest! {
    #[test]
    fn exactly_one_state_is_one(steps in prop::collection::vec(0_u8..9, 0..40)) {
        let (breaker, clock, page) = watched(2);
        prop_assert_eq!(states(&page), [State::Closed], "before anything happens");
        for step in steps {
            match step {
                0 => breaker.force(Force::Open),
                1 => breaker.force(Force::Closed),
                2 => breaker.force(Force::Off),
                3 => breaker.force(Force::MetricsOnly),
                4 => breaker.force(Force::Release),
                5 => breaker.reset(),
                6 => clock.advance(OPEN * 32),
                outcome => {
                    let outcome = if outcome == 7 { Outcome::Success } else { Outcome::Failure };
                    if let Ok(ticket) = breaker.try_enter() {
                        prop_assert_eq!(states(&page), [breaker.state()]);
                        ticket.settle(outcome);
                    }
                }
            }
            prop_assert_eq!(states(&page), [breaker.state()], "after {}", step);
        }
    }
}

/// Whoever is the last to write has seen the last state.
#[test]
fn exactly_one_state_is_one_though_another_step_comes_between() {
    let (breaker, _, page) = watched(1);
    let other = breaker.clone();
    page.between(move || other.force(Force::Off));
    breaker.force(Force::Open);
    assert_eq!(breaker.state(), State::Disabled);
    assert_eq!(states(&page), [State::Disabled]);
}

/// The same by chance.
#[test]
fn exactly_one_state_is_one_after_many_threads() {
    for _ in 0..50 {
        let (breaker, _, page) = watched(1);
        std::thread::scope(|scope| {
            for force in [Force::Open, Force::Closed, Force::Off, Force::Release] {
                let breaker = breaker.clone();
                scope.spawn(move || breaker.force(force));
            }
        });
        assert_eq!(states(&page), [breaker.state()]);
    }
}

#[test]
fn calls_and_refusals_are_counted() {
    let (breaker, clock, page) = watched(3);
    for outcome in Outcome::ALL {
        breaker.try_enter().unwrap().settle(outcome);
    }
    drop(breaker.try_enter().unwrap());
    breaker.try_enter().unwrap().settle(Outcome::Failure);
    assert_eq!(breaker.state(), State::Open);
    let _ = [breaker.try_enter(), breaker.try_enter()].map(|refused| refused.unwrap_err());
    clock.advance(OPEN);
    let probe = breaker.try_enter().unwrap();
    let _ = breaker.try_enter().unwrap_err();
    probe.settle(Outcome::Success);
    breaker.force(Force::Open);
    let _ = breaker.try_enter().unwrap_err();
    let told: Vec<_> =
        page.lines().into_iter().map(|line| line.replace("buttress_breaker_", "")).collect();
    assert_eq!(
        told,
        [
            "calls_total payments abandoned: 2",
            "calls_total payments failure: 2",
            "calls_total payments ignored: 1",
            "calls_total payments panicked: 1",
            "calls_total payments rejected: 1",
            "calls_total payments success: 2",
            "calls_total payments throttled: 1",
            "refused_total payments forced_open: 1",
            "refused_total payments half_open: 1",
            "refused_total payments in_a_row: 2",
            "state payments forced_open: 1",
            "transitions_total payments closed forced_open: 1",
            "transitions_total payments closed open: 1",
            "transitions_total payments half_open closed: 1",
            "transitions_total payments open half_open: 1",
        ]
    );
}

#[test]
fn refusals_of_the_layer_are_counted() {
    let page = Page::default();
    let door = Door::with(1, |builder| builder.metrics(&Metrics::new(page.clone())));
    door.breaker.trip(Trip::switch());
    assert_eq!((door.status(), door.status()), (503.try_into().unwrap(), 503.try_into().unwrap()));
    assert_eq!(page.of("buttress_breaker_refused_total payments switch"), Some(2.0));
}

#[test]
fn a_table_counts_for_all_its_keys() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let builder = builder(1, &clock).metrics(&Metrics::new(page.clone()));
    let table = builder.build_table(path(), 64).unwrap().table().clone();
    for key in ["a", "b", "c"] {
        let key = table.keyer().key_of([key]);
        table.try_enter(key).unwrap().settle(Outcome::Failure);
        assert!(table.try_enter(key).is_err());
    }
    for (series, value) in [
        ("calls_total payments failure", 3.0),
        ("refused_total payments in_a_row", 3.0),
        ("transitions_total payments closed open", 3.0),
    ] {
        assert_eq!(page.of(&format!("buttress_breaker_{series}")), Some(value), "{series}");
    }
    assert!(!page.lines().iter().any(|line| line.contains("_state")));
}

#[test]
fn all_that_is_bound_is_in_the_catalogue() {
    let (_, clock, page) = watched(1);
    let table = builder(1, &clock).metrics(&Metrics::new(page.clone())).build_table(path(), 8);
    let mut bound: Vec<_> = page.bound().iter().map(Description::name).collect();
    bound.sort_unstable();
    bound.dedup();
    let mut told: Vec<_> = CATALOGUE.iter().map(Description::name).collect();
    told.sort_unstable();
    assert_eq!(bound, told);
    drop(table);
    let readme = include_str!("../../../README.md");
    for name in told {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn steps_are_events_and_history() {
    let (breaker, clock, _) = watched(1);
    let mut events = breaker.events(8);
    breaker.try_enter().unwrap().settle(Outcome::Failure);
    clock.advance(OPEN);
    breaker.try_enter().unwrap().settle(Outcome::Success);
    let told: Vec<_> = std::iter::from_fn(|| events.try_next())
        .map(|event| match event {
            Event::Moved(step) => (step.to(), step.why().as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected =
        [(State::Open, "tripped"), (State::HalfOpen, "due"), (State::Closed, "recovered")];
    assert_eq!(told, expected);
    let history: Vec<_> = breaker.history().iter().map(Transition::to).collect();
    assert_eq!(history, expected.map(|(state, _)| state));
}

#[test]
fn the_log_has_a_line_for_each_step() {
    let log = Log::of("buttress");
    let listening = log.listen();
    let (breaker, clock, _) = watched(1);
    breaker.try_enter().unwrap().settle(Outcome::Failure);
    let _ = breaker.try_enter();
    clock.advance(OPEN);
    breaker.try_enter().unwrap().settle(Outcome::Success);
    drop(listening);
    let lines = log.take();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("WARN") && lines[0].contains("in_a_row (1 of 1)"), "{lines:?}");
    assert!(lines[0].contains("payments"), "{lines:?}");
    assert!(lines[2].starts_with("INFO") && lines[2].contains("recovered"), "{lines:?}");
}

#[test]
fn the_audit_hears_of_it() {
    let (sink, mut records) = channel(64);
    let audit = Audit::builder().sink(sink).build().unwrap();
    let clock = ManualClock::new();
    let breaker = builder(1, &clock).audit(audit).build().unwrap().breaker().clone();
    breaker.try_enter().unwrap().settle(Outcome::Failure);
    clock.advance(OPEN);
    breaker.try_enter().unwrap().settle(Outcome::Success);
    breaker.force(Force::Open);
    breaker.force(Force::Release);
    breaker.reconfigure(&toml::from_str("failures = 3").unwrap()).unwrap();
    let told: Vec<_> = std::iter::from_fn(|| records.try_recv())
        .map(|record| {
            assert_eq!(record.target(), Some("payments"));
            format!("{} {}", record.action(), record.reason().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        told,
        [
            "breaker.opened in_a_row (1 of 1)",
            "breaker.closed closed",
            "breaker.forced forced_open",
            "breaker.forced closed",
            "breaker.reconfigured ",
        ]
    );
}
