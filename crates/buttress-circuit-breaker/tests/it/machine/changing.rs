//! Other policies for all keys of a table.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use buttress_circuit_breaker::machine::{Outside, Policy, Table};
use buttress_circuit_breaker::{Force, Mode, Over, Rule, State, Transition};
use buttress_core::Fault;
use buttress_core::clock::Moment;
use buttress_core::key::Key;
use buttress_core::outcome::Outcome;

const NOW: Moment = Moment::FIRST;

fn key(nth: u8) -> Key {
    Key::from_bytes([nth; 16])
}

fn table(rule: Rule) -> Table {
    Table::new(Policy::default().rules([rule]).jitter(0), 8, NOW).expect("it is right")
}

fn fail(table: &Table, nth: u8, now: Moment) {
    table.settle(table.enter(key(nth), &now).expect("it passes"), Outcome::Failure, &now);
}

fn state(table: &Table, nth: u8) -> State {
    table.snapshot(key(nth), NOW).expect("it has a place").state()
}

fn change(table: &Table, rule: Rule) {
    table.reconfigure(Policy::default().rules([rule]).jitter(0), &NOW).expect("it is right");
}

#[test]
fn those_there_are_and_those_to_come_go_by_the_new_one() {
    let table = table(Rule::InARow(9));
    fail(&table, 1, NOW);
    let before = table.enter(key(1), &NOW).expect("it passes");
    change(&table, Rule::InARow(2));
    fail(&table, 1, NOW);
    table.settle(before, Outcome::Failure, &NOW);
    assert_eq!(state(&table, 1), State::Closed, "what was before does not count");
    fail(&table, 1, NOW);
    (0..2).for_each(|_| fail(&table, 2, NOW));
    assert_eq!([state(&table, 1), state(&table, 2)], [State::Open; 2]);
}

#[test]
fn each_stays_where_it_is() {
    let table = table(Rule::InARow(1));
    fail(&table, 1, NOW);
    table.force(key(2), Force::Open, &NOW);
    let usage = table.usage();
    change(&table, Rule::InARow(5));
    assert_eq!((state(&table, 1), state(&table, 2)), (State::Open, State::ForcedOpen));
    assert_eq!(table.usage(), usage, "and nothing is forgotten that was counted");
    let second = NOW + Duration::from_secs(1);
    assert!(table.enter(key(1), &second).expect("it is due").is_probe());
}

#[test]
fn a_wrong_one_is_refused_whole() {
    let table = table(Rule::InARow(2));
    fail(&table, 1, NOW);
    let second = Duration::from_secs(1);
    let wrong = Policy::default().probes(0).rules([Rule::failures(9, second)]);
    let error = table.reconfigure(wrong, &NOW).unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    assert_eq!(paths, ["probes", "rules[0].n"]);
    fail(&table, 1, NOW);
    assert_eq!(state(&table, 1), State::Open, "by the old one, and with what it counted");
}

/// Windows of calls, of a time, and of another time: what one has counted is nothing to the next, and it begins where
/// it is.
#[test]
fn other_windows_begin_empty() {
    let times = [1, 1_000, 5].map(|millis| Over::Time(Duration::from_millis(millis)));
    let windows = [Over::Calls(10), times[0], times[1], Over::Calls(4), times[2], times[1]];
    let table = table(Rule::failure_rate(100, Over::Calls(10), 3));
    let mut now = NOW + Duration::from_secs(3_600);
    for over in windows.into_iter().cycle().take(60) {
        change(&table, Rule::failure_rate(100, over, 3));
        now = now + Duration::from_secs(1);
        fail(&table, 1, now);
        fail(&table, 1, now);
        let seen = table.snapshot(key(1), now).unwrap();
        assert_eq!((seen.state(), seen.calls(), seen.failed()), (State::Closed, 2, 2), "{over:?}");
        fail(&table, 1, now);
        assert_eq!(table.snapshot(key(1), now).unwrap().state(), State::Open, "{over:?}");
        table.reset(key(1), &now);
        fail(&table, 1, now);
    }
}

/// A window of calls numbers them, and one of a time its ticks: after a few hundred calls those of the first hundred
/// seconds are no old ones.
#[test]
fn a_window_of_a_time_slides_after_one_of_calls() {
    let table = table(Rule::failure_rate(100, Over::Calls(10), 10));
    for _ in 0..500 {
        table.settle(table.enter(key(1), &NOW).expect("it passes"), Outcome::Success, &NOW);
    }
    change(&table, Rule::failure_rate(100, Over::Time(Duration::from_secs(10)), 9));
    for second in [0, 10, 20, 30] {
        let now = NOW + Duration::from_secs(second);
        (0..2).for_each(|_| fail(&table, 1, now));
        let seen = table.snapshot(key(1), now).unwrap();
        assert_eq!((seen.calls(), seen.failed()), (2, 2), "at {second}");
    }
}

/// Where there are fewer to count to, the first one counts as well.
#[test]
fn fewer_failures_in_a_time_are_as_many_as_it_says() {
    let second = Duration::from_secs(1);
    for already in 0..8 {
        let table = table(Rule::failures(8, second));
        (0..already).for_each(|_| fail(&table, 1, NOW));
        table.reset(key(1), &NOW);
        change(&table, Rule::failures(3, second));
        (0..2).for_each(|_| fail(&table, 1, NOW));
        assert_eq!(state(&table, 1), State::Closed);
        fail(&table, 1, NOW);
        assert_eq!(state(&table, 1), State::Open, "after {already}");
    }
}

/// Adds up what it hears, and makes calls while a table is changed.
#[derive(Default)]
struct Clerk {
    states: [Cell<i64>; State::ALL.len()],
    told: RefCell<Vec<Transition>>,
}

impl Outside for Clerk {
    fn now(&self) -> Moment {
        NOW
    }

    fn tell(&self, step: &Transition) {
        self.told.borrow_mut().push(*step);
    }

    fn moved(&self, from: Option<State>, to: Option<State>) {
        for (state, by) in [(from, -1), (to, 1)] {
            if let Some(state) = state {
                let at = State::ALL.iter().position(|one| *one == state).unwrap();
                self.states[at].set(self.states[at].get() + by);
            }
        }
    }
}

impl Clerk {
    fn agrees_with(&self, table: &Table) {
        let usage = table.usage();
        for (state, counted) in State::ALL.into_iter().zip(&self.states) {
            assert_eq!(i64::try_from(usage.in_state(state)), Ok(counted.get()), "{state}");
        }
    }
}

#[test]
fn whoever_adds_up_what_moved_knows_how_many_there_are_in_each_state() {
    let (table, clerk) = (table(Rule::InARow(1)), Clerk::default());
    let forces = [Force::Open, Force::Closed, Force::Off, Force::MetricsOnly, Force::Release];
    for step in 0..2_000_u32 {
        let key = key(u8::try_from(step * 7 % 29).unwrap());
        match step % 11 {
            0..5 => {
                if let Ok(pass) = table.enter(key, &clerk) {
                    let outcome = if step % 2 == 0 { Outcome::Failure } else { Outcome::Success };
                    table.settle(pass, outcome, &clerk);
                }
            }
            5..8 => table.force(key, forces[step as usize % forces.len()], &clerk),
            8 => table.reset(key, &clerk),
            _ => {
                let mode = [Mode::Active, Mode::MetricsOnly, Mode::Off][step as usize % 3];
                let policy = Policy::default().rules([Rule::InARow(1)]).mode(mode);
                table.reconfigure(policy, &clerk).expect("it is right");
            }
        }
        clerk.agrees_with(&table);
    }
    let usage = table.usage();
    assert!(usage.evicted_open() > 0 && usage.keys() == 8, "places changed hands: {usage:?}");
    assert!(!clerk.told.borrow().is_empty());
}
