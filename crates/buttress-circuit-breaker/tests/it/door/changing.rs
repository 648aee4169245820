//! Other settings for a table of breakers, and how many of its keys are in which state.

use buttress_circuit_breaker::{
    BreakerTable, CircuitBreaker, CircuitBreakerSettings, Force, State, Trip,
};
use buttress_core::audit::{Audit, channel};
use buttress_core::clock::ManualClock;
use buttress_core::key::{Key, path};
use buttress_core::metrics::Metrics;
use buttress_core::outcome::Outcome;
use buttress_core::{Fault, HealthStatus};
use buttress_testkit::page::Page;

use super::{OPEN, builder};

fn read(text: &str) -> CircuitBreakerSettings {
    toml::from_str(text).unwrap()
}

fn fail(table: &BreakerTable, key: Key) {
    table.try_enter(key).unwrap().settle(Outcome::Failure);
}

fn keys<const N: usize>(table: &BreakerTable) -> [Key; N] {
    std::array::from_fn(|nth| table.keyer().key_of([nth.to_string()]))
}

/// How many keys the gauges say are in each state, of those where there are any; of which there is a gauge for each.
fn gauges(page: &Page) -> Vec<(State, f64)> {
    let value = |state: State| page.of(&format!("buttress_breaker_keys payments {state}"));
    let states = State::ALL.into_iter().map(|state| (state, value(state).expect("it is there")));
    states.filter(|(_, keys)| *keys != 0.0).collect()
}

#[test]
fn a_change_holds_for_all_keys() {
    let table = builder(9, &ManualClock::new()).build_table(path(), 64).unwrap().table().clone();
    let [one, other] = keys(&table);
    fail(&table, one);
    table.reconfigure(&read("failures = 1")).unwrap();
    assert_eq!(table.snapshot(one).unwrap().state(), State::Closed, "its state stays");
    for key in [one, other] {
        fail(&table, key);
        assert!(table.try_enter(key).is_err());
    }
    table.reconfigure(&read("failures = 7")).unwrap();
    assert_eq!(table.usage().open(), 2, "and stays again");
    assert_eq!(table.usage().refused(), 2, "as does what was counted");
}

#[test]
fn a_bad_change_is_refused_whole() {
    let table = builder(1, &ManualClock::new()).build_table(path(), 64).unwrap().table().clone();
    let settings = read(
        "failures = 9\nfailures_in_ms = 1\nprobes = 0\ncritical = true\nmode = 'off'\nrules = [
            { throttled = { n = 9, within_ms = 1 } },
        ]",
    );
    let error = table.reconfigure(&settings).unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    assert_eq!(paths, ["critical", "probes", "failures", "rules[0].throttled.n"]);
    let [key] = keys(&table);
    fail(&table, key);
    assert_eq!(table.usage().open(), 1, "by the old ones");
}

/// What a table would not heed is not taken.
#[test]
fn a_table_is_never_critical() {
    let builder = CircuitBreaker::after(1).health(HealthStatus::Down);
    let error = builder.build_table(path(), 8).unwrap_err();
    assert_eq!(error.faults()[0].path(), "health");
}

#[test]
fn a_mode_is_taken_on_by_all_and_told_once() {
    let (page, (sink, mut records)) = (Page::default(), channel(64));
    let audit = Audit::builder().sink(sink).build().unwrap();
    let builder = builder(1, &ManualClock::new()).metrics(&Metrics::new(page.clone()));
    let table = builder.audit(audit).build_table(path(), 64).unwrap().table().clone();
    let all: [_; 20] = keys(&table);
    for key in all {
        fail(&table, key);
    }
    table.force(all[0], Force::Closed);
    assert_eq!(gauges(&page), [(State::Open, 19.0), (State::ForcedClosed, 1.0)]);
    while records.try_recv().is_some() {}

    table.reconfigure(&read("failures = 1\nmode = 'metrics_only'")).unwrap();
    assert_eq!(gauges(&page), [(State::MetricsOnly, 20.0)]);
    table.force(all[1], Force::Open);
    table.reconfigure(&read("failures = 2\nmode = 'metrics_only'")).unwrap();
    let held = [(State::ForcedOpen, 1.0), (State::MetricsOnly, 19.0)];
    assert_eq!(gauges(&page), held, "what an operator said since stays");
    table.reconfigure(&read("failures = 1")).unwrap();
    assert_eq!(gauges(&page), [(State::Closed, 20.0)]);
    let told: Vec<_> = std::iter::from_fn(|| records.try_recv())
        .map(|record| record.action().to_string())
        .collect();
    let change = "breaker.reconfigured";
    assert_eq!(told, [change, "breaker.forced", change, change]);
}

#[test]
fn the_gauges_add_up_to_the_keys() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let builder = || builder(1, &clock).metrics(&Metrics::new(page.clone()));
    let table = builder().build_table(path(), 8).unwrap().table().clone();
    assert_eq!(gauges(&page), [], "before anything happens");
    let all: [_; 100] = keys(&table);
    for (nth, key) in all.into_iter().enumerate() {
        match nth % 5 {
            0 => fail(&table, key),
            1 => table.force(key, Force::Off),
            2 => drop(table.trip(key, Trip::switch())),
            3 => clock.advance(OPEN),
            _ => table.reset(all[nth / 2]),
        }
        // One that is due, or has no place any more.
        let probe = table.try_enter(all[nth / 3]);
        let usage = table.usage();
        let seen = State::ALL.into_iter().map(|state| (state, usage.in_state(state)));
        let gauges = gauges(&page).into_iter().map(|(state, keys)| (state, format!("{keys}")));
        let seen =
            seen.filter(|(_, keys)| *keys > 0).map(|(state, keys)| (state, keys.to_string()));
        assert!(gauges.eq(seen), "{usage:?}");
        drop(probe);
    }
    let other = builder().build_table(path(), 8).unwrap();
    let sum = || gauges(&page).iter().map(|(_, keys)| *keys).sum::<f64>();
    assert!((sum() - 8.0).abs() < 0.1, "another one of that name takes nothing away");
    drop((table, other));
    assert_eq!(gauges(&page), [], "and afterwards there are no keys");
}
