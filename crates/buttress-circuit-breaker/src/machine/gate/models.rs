use std::sync::Arc;

use buttress_core::outcome::Outcome;
use buttress_testkit::models::{explore, join, thread};

use super::*;
use crate::machine::{Machine, Policy};
use crate::parts::atomic::{AtomicUsize, Ordering::SeqCst};
use crate::{Force, Rule, State};

const START: Moment = Moment::FIRST;
const DUE: Moment = Moment::from_nanos(1_000_000_000);
/// The lease of a probe that began at `DUE` is over.
const OVER: Moment = Moment::from_nanos(31_000_000_000);

fn in_a_row(n: u32) -> Policy {
    Policy::default().rules([Rule::InARow(n)]).jitter(0)
}

fn machine(policy: Policy) -> Arc<Machine> {
    Arc::new(Machine::new(policy, START).unwrap())
}

/// It opened at the start, and is due.
fn due(policy: Policy) -> Arc<Machine> {
    let machine = machine(policy);
    settle(&machine, Outcome::Failure, START);
    machine
}

fn settle(machine: &Machine, outcome: Outcome, now: Moment) {
    machine.settle(machine.enter(&now).unwrap(), outcome, &now);
}

/// Nor is one lost: whoever comes then finds it.
#[test]
fn places_are_never_overdrawn() {
    explore(|| {
        let machine = due(in_a_row(1));
        let out = Arc::new(AtomicUsize::new(0));
        let visit = |machine: Arc<Machine>, out: Arc<AtomicUsize>| {
            let Ok(probe) = machine.enter(&DUE) else { return };
            assert!(probe.is_probe());
            assert_eq!(out.fetch_add(1, SeqCst), 0, "one is out already");
            out.fetch_sub(1, SeqCst);
            machine.settle(probe, Outcome::Ignored, &DUE);
        };
        let others = [(); 2].map(|()| {
            let (machine, out) = (machine.clone(), out.clone());
            thread::spawn(move || visit(machine, out))
        });
        visit(machine.clone(), out);
        join(others);
        assert!(machine.enter(&DUE).unwrap().is_probe());
    });
}

/// Two failures and a success: whatever their order, three in a row there are not, or the breaker opens.
#[test]
fn a_success_resets_a_streak() {
    explore(|| {
        let machine = machine(in_a_row(3));
        let [first, second, third] = [(); 3].map(|()| machine.enter(&START).unwrap());
        settle(&machine, Outcome::Failure, START);
        machine.settle(first, Outcome::Failure, &START);
        let other = thread::spawn({
            let machine = machine.clone();
            move || machine.settle(second, Outcome::Failure, &START)
        });
        machine.settle(third, Outcome::Success, &START);
        join([other]);
        let seen = machine.snapshot(START);
        match seen.state() {
            State::Open => assert_eq!(seen.generation(), 2, "and stays so"),
            _ => assert!(seen.in_a_row() <= 1, "{seen:?}"),
        }
    });
}

/// The lease of a probe is over. Its place is given to one of those that ask, and its success is heard before that or
/// not at all.
#[test]
fn a_place_whose_lease_is_over_is_given_once() {
    explore(|| {
        let machine = due(in_a_row(1));
        let hung = machine.enter(&DUE).unwrap();
        let ask = |machine: &Machine| machine.enter(&OVER).is_ok_and(|pass| pass.is_probe());
        let others = [(); 1].map(|()| {
            let machine = machine.clone();
            thread::spawn(move || ask(&machine))
        });
        let mine = ask(&machine);
        machine.settle(hung, Outcome::Success, &OVER);
        let probes = join(others).into_iter().filter(|probe| *probe).count() + usize::from(mine);
        let seen = machine.snapshot(OVER);
        match seen.state() {
            State::HalfOpen => assert_eq!((probes, seen.probes()), (1, 1)),
            State::Closed => assert_eq!(probes, 0, "it had come back in time"),
            state => panic!("{state}"),
        }
    });
}

/// A refusal says for how long it is open now, and not for how long it was before or will be then.
#[test]
fn a_refusal_tells_the_time_of_its_own_state() {
    explore(|| {
        let machine = due(in_a_row(1));
        let other = thread::spawn({
            let machine = machine.clone();
            move || match machine.enter(&DUE) {
                Ok(probe) => machine.settle(probe, Outcome::Failure, &DUE),
                Err(refused) => check(&refused),
            }
        });
        match machine.enter(&DUE) {
            Ok(probe) => machine.settle(probe, Outcome::Failure, &DUE),
            Err(refused) => check(&refused),
        }
        join([other]);
        assert_eq!(machine.snapshot(DUE).level(), 2, "one of them opened it");
    });

    fn check(refused: &Refused) {
        let wait = refused.wait().unwrap();
        match refused.state() {
            State::Open => assert_eq!(wait, Duration::from_secs(2)),
            _ => assert_eq!(wait, SOON),
        }
    }
}

/// It opens for a second, where it had been open for longer before: whoever is refused hears of this second alone.
#[test]
fn an_opening_is_seen_with_its_own_time() {
    explore(|| {
        let machine = machine(in_a_row(1).follow_retry_after(Duration::from_secs(60)));
        let long = Ended::new(Outcome::Failure).advised(Duration::from_secs(20));
        machine.settle(machine.enter(&START).unwrap(), long, &START);
        machine.reset(&START);
        let pass = machine.enter(&START).unwrap();
        let other = thread::spawn({
            let machine = machine.clone();
            move || machine.enter(&START)
        });
        machine.settle(pass, Outcome::Failure, &START);
        let [seen] = join([other]);
        let waits = seen.err().map(|refused| refused.wait());
        assert!(waits.is_none() || waits == Some(Some(Duration::from_secs(1))), "{waits:?}");
    });
}

/// A force comes while a probe fails. It is what counts in the end, and it is told last.
#[test]
fn a_force_is_not_overwritten() {
    explore(|| {
        let machine = due(in_a_row(1));
        let probe = machine.enter(&DUE).unwrap();
        let other = thread::spawn({
            let machine = machine.clone();
            move || machine.force(Force::Closed, &DUE)
        });
        machine.settle(probe, Outcome::Failure, &DUE);
        join([other]);
        assert_eq!(machine.state(), State::ForcedClosed);
        assert!(machine.enter(&DUE).is_ok());
    });
}

/// Of the failures of two threads, none is lost: together they trip, once.
#[test]
fn the_failure_that_is_one_too_many_trips() {
    explore(|| {
        let machine = machine(Policy::default().rules([Rule::failures(2, Duration::from_secs(1))]));
        let passes = [(); 2].map(|()| machine.enter(&START).unwrap());
        let [mine, other] = passes;
        let other = thread::spawn({
            let machine = machine.clone();
            move || machine.settle(other, Outcome::Failure, &START)
        });
        machine.settle(mine, Outcome::Failure, &START);
        join([other]);
        assert_eq!((machine.state(), machine.snapshot(START).generation()), (State::Open, 2));
    });
}
