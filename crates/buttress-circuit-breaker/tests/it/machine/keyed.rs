use std::time::Duration;

use buttress_circuit_breaker::machine::{KeyedPass, Policy, Table};
use buttress_circuit_breaker::{Force, Mode, Over, Rule, State};
use buttress_core::Fault;
use buttress_core::clock::Moment;
use buttress_core::key::Key;
use buttress_core::outcome::Outcome;
use buttress_testkit::allocations;

const NOW: Moment = Moment::FIRST;

fn at(millis: u64) -> Moment {
    NOW + Duration::from_millis(millis)
}

/// Keys that look random, as keys do.
fn key(nth: u64) -> Key {
    let mix = |n: u64| (n ^ n >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) ^ n << 7;
    let halves = [mix(mix(nth + 1)), mix(nth.wrapping_mul(0x9E37_79B9_7F4A_7C15))];
    let mut bytes = [0; 16];
    for (to, half) in bytes.chunks_mut(8).zip(halves) {
        to.copy_from_slice(&half.to_le_bytes());
    }
    Key::from_bytes(bytes)
}

fn table(rule: Rule, room: usize) -> Table {
    let policy = Policy::default().rules([rule]).jitter(0);
    Table::new(policy, room, NOW).expect("it is right")
}

fn passes(table: &Table, nth: u64, now: Moment) -> KeyedPass {
    table.enter(key(nth), &now).expect("it passes")
}

fn call(table: &Table, nth: u64, outcome: Outcome, now: Moment) {
    table.settle(passes(table, nth, now), outcome, &now);
}

fn state(table: &Table, nth: u64) -> Option<State> {
    table.snapshot(key(nth), NOW).map(|seen| seen.state())
}

#[test]
fn each_key_has_a_breaker_of_its_own() {
    let table = table(Rule::InARow(2), 64);
    for nth in 0..8 {
        call(&table, nth, Outcome::Failure, NOW);
    }
    call(&table, 3, Outcome::Failure, NOW);
    let open: Vec<_> = (0..8).filter(|nth| state(&table, *nth) == Some(State::Open)).collect();
    assert_eq!(open, [3]);
    assert_eq!((table.usage().keys(), table.usage().open()), (8, 1));

    let probe = passes(&table, 3, at(1_000));
    assert!(probe.is_probe());
    assert_eq!(table.enter(key(3), &at(1_000)).unwrap_err().state(), State::HalfOpen);
    table.settle(probe, Outcome::Success, &at(1_000));
    assert_eq!(state(&table, 3), Some(State::Closed));
    assert_eq!(table.usage().refused(), 1);
}

#[test]
fn hostile_keys_leave_the_open_ones() {
    let table = table(Rule::InARow(1), 1_024);
    let open = 0..100;
    for nth in open.clone() {
        call(&table, nth, Outcome::Failure, NOW);
    }
    let ((), count) = allocations::of(|| {
        (1_000..101_000).for_each(|nth| call(&table, nth, Outcome::Success, NOW));
    });
    assert_eq!(count.allocations(), 0, "the room was taken once");
    assert!(open.clone().all(|nth| state(&table, nth) == Some(State::Open)));
    let usage = table.usage();
    assert_eq!((usage.places(), usage.evicted_open()), (1_024, 0));
    assert_eq!(usage.evicted(), 100_100 - usage.keys() as u64);
}

#[test]
fn who_was_idle_for_longest_goes_first() {
    let table = table(Rule::InARow(5), 8);
    (0..8).for_each(|nth| call(&table, nth, Outcome::Success, NOW));
    call(&table, 8, Outcome::Success, NOW);
    (1..8).rev().for_each(|nth| call(&table, nth, Outcome::Success, NOW));
    call(&table, 0, Outcome::Failure, NOW);
    assert_eq!(state(&table, 8), None, "all others were used since");
    call(&table, 9, Outcome::Success, NOW);
    assert_eq!(
        state(&table, 0),
        Some(State::Closed),
        "it failed lately: there is something to lose"
    );
}

#[test]
fn if_all_are_open_one_of_them_goes() {
    let table = table(Rule::InARow(1), 8);
    (0..8).for_each(|nth| call(&table, nth, Outcome::Failure, NOW));
    call(&table, 8, Outcome::Success, NOW);
    assert_eq!((table.usage().evicted_open(), table.usage().open()), (1, 7));
    assert_eq!(state(&table, 0), None);
}

/// All others are open, and were used since.
#[test]
fn what_an_operator_holds_goes_last() {
    for force in [Force::Open, Force::Closed, Force::Off, Force::MetricsOnly] {
        let table = table(Rule::InARow(1), 8);
        table.force(key(0), force, &NOW);
        (1..100).for_each(|nth| call(&table, nth, Outcome::Failure, NOW));
        assert_eq!(state(&table, 0), Some(force.state()));
        assert_eq!(table.usage().keys(), 8);
    }
}

#[test]
fn late_news_of_an_old_key_is_no_news_of_the_new_one() {
    let table = table(Rule::InARow(1), 8);
    let early = passes(&table, 0, NOW);
    (1..9).for_each(|nth| call(&table, nth, Outcome::Success, NOW));
    assert_eq!(state(&table, 0), None);
    table.settle(early, Outcome::Failure, &NOW);
    assert_eq!(table.usage().open(), 0);
}

#[test]
fn the_window_of_a_key_slides() {
    let table = table(Rule::failure_rate(50, Over::Time(Duration::from_secs(10)), 4), 8);
    let counts = |now| table.snapshot(key(0), now).map(|seen| (seen.calls(), seen.failed()));
    call(&table, 0, Outcome::Failure, at(0));
    call(&table, 0, Outcome::Success, at(5_000));
    assert_eq!(counts(at(8_999)), Some((2, 1)), "at least 90 % of the time");
    assert_eq!(counts(at(10_000)), Some((1, 0)), "never more than all of it");
    call(&table, 0, Outcome::Success, at(1_000_000));
    assert_eq!(counts(at(1_000_000)), Some((1, 0)));
    // Ten seconds are ten buckets: after 1,280 the bits by which they are told apart are the same again.
    assert_eq!(counts(at(2_280_000)), Some((0, 0)));
    call(&table, 0, Outcome::Success, at(2_280_000));
    assert_eq!(counts(at(2_280_000)), Some((1, 0)));
    (0..2).for_each(|_| call(&table, 0, Outcome::Failure, at(2_281_000)));
    assert_eq!(state(&table, 0), Some(State::Closed));
    call(&table, 0, Outcome::Success, at(2_281_000));
    assert_eq!(state(&table, 0), Some(State::Open), "two of four");
}

/// It lies where a call 160 buckets ago was counted, and nobody had a look at it since.
#[test]
fn a_bucket_that_time_passed_by_counts_again() {
    let table = table(Rule::failure_rate(100, Over::Time(Duration::from_secs(10)), 9), 8);
    call(&table, 0, Outcome::Failure, at(0));
    for millis in [53_000, 106_000] {
        call(&table, 0, Outcome::Success, at(millis));
    }
    call(&table, 0, Outcome::Failure, at(160_000));
    let seen = table.snapshot(key(0), at(160_000)).unwrap();
    assert_eq!((seen.calls(), seen.failed()), (1, 1));
}

#[test]
fn the_last_calls_of_a_key_count() {
    let table = table(Rule::failure_rate(60, Over::Calls(10), 10), 8);
    (0..100).for_each(|_| call(&table, 0, Outcome::Success, NOW));
    (0..5).for_each(|_| call(&table, 0, Outcome::Failure, NOW));
    let seen = table.snapshot(key(0), NOW).unwrap();
    assert_eq!((seen.calls(), seen.failed()), (10, 5));
    call(&table, 0, Outcome::Failure, NOW);
    assert_eq!(state(&table, 0), Some(State::Open));
}

#[test]
fn a_minimum_that_its_window_cannot_hold_is_reached() {
    let table = table(Rule::failure_rate(100, Over::Calls(11), 11), 8);
    (0..9).for_each(|_| call(&table, 0, Outcome::Failure, NOW));
    assert_eq!(state(&table, 0), Some(State::Closed));
    call(&table, 0, Outcome::Failure, NOW);
    assert_eq!(state(&table, 0), Some(State::Open), "it holds ten of eleven");
}

#[test]
fn failures_of_a_key_in_a_time_are_exact() {
    let table = table(Rule::failures(8, Duration::from_secs(10)), 8);
    (0..7).for_each(|nth| call(&table, 0, Outcome::Failure, at(nth)));
    call(&table, 0, Outcome::Failure, at(10_000));
    assert_eq!(state(&table, 0), Some(State::Closed), "the first was ten seconds ago");
    call(&table, 0, Outcome::Failure, at(10_000));
    assert_eq!(state(&table, 0), Some(State::Open));
}

#[test]
fn an_operator_forces_one_key() {
    let table = table(Rule::InARow(5), 8);
    table.force(key(0), Force::Open, &NOW);
    assert_eq!(table.enter(key(0), &NOW).unwrap_err().state(), State::ForcedOpen);
    for force in [Force::Open, Force::Closed, Force::Off, Force::MetricsOnly] {
        table.force(key(0), force, &NOW);
        (1..100).for_each(|nth| call(&table, nth, Outcome::Success, NOW));
        assert_eq!(state(&table, 0), Some(force.state()), "it is nothing to be forgotten");
    }
    table.force(key(0), Force::Release, &NOW);
    call(&table, 0, Outcome::Success, NOW);
    table.reset(key(0), &NOW);
    assert_eq!(state(&table, 0), Some(State::Closed));
}

#[test]
fn what_there_is_no_room_for_is_told_at_once() {
    let second = Duration::from_secs(1);
    let policy = Policy::default().exact_counts(true).rules([
        Rule::failures(9, second),
        Rule::failures(2, second),
        Rule::failure_rate(50, Over::Calls(10), 1),
        Rule::slow_rate(50, Over::Calls(20), 1),
    ]);
    let error = Table::new(policy, 0, NOW).unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    assert_eq!(paths, ["rules[0].n", "rules[3].over", "rules", "exact_counts", "room"]);
}

#[test]
fn a_known_key_costs_no_allocation() {
    let table = table(Rule::failure_rate(50, Over::Calls(10), 10), 8);
    call(&table, 0, Outcome::Success, NOW);
    let ((), count) = allocations::of(|| {
        (0..100).for_each(|_| call(&table, 0, Outcome::Success, NOW));
        call(&table, 0, Outcome::Failure, NOW);
    });
    assert_eq!(count.allocations(), 0);
}

#[test]
fn a_key_that_is_released_is_as_the_settings_say() {
    let policy = Policy::default().mode(Mode::MetricsOnly);
    let table = Table::new(policy, 8, NOW).expect("it is right");
    for force in [Force::Open, Force::Release] {
        table.force(key(0), force, &NOW);
    }
    assert_eq!(state(&table, 0), Some(State::MetricsOnly));
}

/// In a table that is off from the beginning nobody is held, and who was not used goes.
#[test]
fn a_table_that_is_off_forgets_idle_keys() {
    let table = Table::new(Policy::default().mode(Mode::Off), 8, NOW).expect("it is right");
    table.force(key(0), Force::Open, &NOW);
    (1..100).for_each(|nth| call(&table, nth, Outcome::Success, NOW));
    assert_eq!(state(&table, 0), Some(State::ForcedOpen));
    assert_eq!((table.usage().keys(), table.usage().evicted_open()), (8, 0));
}
