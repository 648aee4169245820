use std::sync::Arc;

use buttress_testkit::models::{explore, join, thread};

use super::*;
use crate::word::Word;
use crate::{Over, Rule, State};

const NOW: Moment = Moment::FIRST;

fn key(nth: u8) -> Key {
    Key::from_bytes([nth; 16])
}

/// Eight keys have all the places.
fn full() -> Arc<Table> {
    let policy = Policy::default().rules([Rule::InARow(1)]).jitter(0);
    let table = Arc::new(Table::new(policy, 8, NOW).unwrap());
    for nth in 1..=8 {
        let pass = table.enter(key(nth), &NOW).unwrap();
        table.settle(pass, Outcome::Success, &NOW);
    }
    table
}

fn state(table: &Table, nth: u8) -> Option<State> {
    table.snapshot(key(nth), NOW).map(|seen| seen.state())
}

/// The first key loses its place to a ninth one, while a call for it fails that began before, and one that begins now.
#[test]
fn a_slot_with_a_new_tenant_hears_no_old_news() {
    explore(|| {
        let table = full();
        let other = thread::spawn({
            let table = table.clone();
            move || {
                let pass = table.enter(key(1), &NOW).unwrap();
                table.settle(pass, Outcome::Failure, &NOW);
            }
        });
        let pass = table.enter(key(9), &NOW).unwrap();
        table.settle(pass, Outcome::Success, &NOW);
        join([other]);
        assert_ne!(state(&table, 9), Some(State::Open), "that was about another one");
        let open = (1..=8).filter(|nth| state(&table, *nth) == Some(State::Open));
        assert!(open.eq([1]) || state(&table, 1).is_none(), "nor was it about a third one");
    });
}

/// All places are open, and a new key gets one of them: it is never refused for the one that had it.
#[test]
fn a_new_tenant_is_not_refused_for_the_old_one() {
    explore(|| {
        let table = full();
        for nth in 1..=8 {
            let pass = table.enter(key(nth), &NOW).unwrap();
            table.settle(pass, Outcome::Failure, &NOW);
        }
        let other = thread::spawn({
            let table = table.clone();
            move || table.enter(key(9), &NOW).is_ok()
        });
        assert!(table.enter(key(9), &NOW).is_ok());
        assert_eq!(join([other]), [true]);
    });
}

/// Two ask for a key that has no place yet: they get the same one.
#[test]
fn a_new_key_gets_one_place() {
    explore(|| {
        let table = full();
        let ask = |table: &Table| {
            let pass = table.enter(key(9), &NOW).unwrap();
            table.settle(pass, Outcome::Success, &NOW);
        };
        let other = thread::spawn({
            let table = table.clone();
            move || ask(&table)
        });
        ask(&table);
        join([other]);
        assert_eq!((table.usage().evicted(), table.usage().keys()), (1, 8));
    });
}

fn of_rate(at_least: u32) -> Policy {
    Policy::default().rules([Rule::failure_rate(100, Over::Calls(10), at_least)]).jitter(0)
}

/// A key comes while the policy is changed: it goes by the new one as all others do, also if it began by the old one.
#[test]
fn who_comes_meanwhile_goes_by_the_new_policy() {
    explore(|| {
        let table = full();
        let other = thread::spawn({
            let table = table.clone();
            move || {
                let pass = table.enter(key(9), &NOW).unwrap();
                table.settle(pass, Outcome::Success, &NOW);
            }
        });
        table.reconfigure(of_rate(2), &NOW).unwrap();
        join([other]);
        let words = table.slots.iter().map(|slot| slot.gate.word());
        assert!(words.into_iter().all(Word::is_windowed), "all count what it needs");
    });
}

/// Two calls have failed, and a third one does while the policy is changed: four are too many for the old one, two for
/// the new one, of which there are not so many since.
#[test]
fn what_one_policy_counted_is_not_judged_by_another() {
    explore(|| {
        let table = Arc::new(Table::new(of_rate(4), 8, NOW).unwrap());
        let fail = |table: &Table| {
            let pass = table.enter(key(1), &NOW).unwrap();
            table.settle(pass, Outcome::Failure, &NOW);
        };
        fail(&table);
        fail(&table);
        let other = thread::spawn({
            let table = table.clone();
            move || fail(&table)
        });
        table.reconfigure(of_rate(2), &NOW).unwrap();
        join([other]);
        assert_eq!(state(&table, 1), Some(State::Closed));
    });
}
