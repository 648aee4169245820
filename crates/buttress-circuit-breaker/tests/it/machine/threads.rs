use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use buttress_circuit_breaker::machine::{Machine, Policy};
use buttress_circuit_breaker::{Over, Rule, State};
use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;

const NOW: Moment = Moment::from_nanos(1_000_000_000);

/// What four threads came to, that began at once.
fn together<T: Send>(each: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let (each, barrier) = (&each, &Barrier::new(4));
    thread::scope(|scope| {
        let run = |nth| {
            scope.spawn(move || {
                barrier.wait();
                each(nth)
            })
        };
        let threads: Vec<_> = (0..4).map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn machine(rule: Rule) -> Machine {
    let policy = Policy::default().rules([rule]).jitter(0).probes(2).close_after(255);
    Machine::new(policy, Moment::FIRST).expect("it is right")
}

#[test]
fn never_more_probes_than_allowed() {
    for _ in 0..500 {
        let machine = machine(Rule::InARow(1));
        machine.settle(machine.enter(&Moment::FIRST).unwrap(), Outcome::Failure, &Moment::FIRST);
        let out = AtomicU64::new(0);
        together(|_| {
            for _ in 0..50 {
                let Ok(probe) = machine.enter(&NOW) else { continue };
                assert!(probe.is_probe());
                assert!(out.fetch_add(1, SeqCst) < 2, "two are out already");
                out.fetch_sub(1, SeqCst);
                machine.settle(probe, Outcome::Ignored, &NOW);
            }
        });
        let [first, second] = [machine.enter(&NOW), machine.enter(&NOW)];
        assert!(first.is_ok() && second.is_ok(), "no place was lost");
    }
}

#[test]
fn no_call_of_many_threads_is_lost() {
    const EACH: u64 = 20_000;
    for over in [Over::Time(std::time::Duration::from_secs(100)), Over::Calls(1_000_000)] {
        let machine = machine(Rule::failure_rate(100, over, 2));
        machine.settle(machine.enter(&NOW).unwrap(), Outcome::Success, &NOW);
        together(|nth| {
            for call in 0..EACH {
                let failed = (call + nth).is_multiple_of(10);
                let outcome = if failed { Outcome::Failure } else { Outcome::Success };
                machine.settle(machine.enter(&NOW).unwrap(), outcome, &NOW);
            }
        });
        let seen = machine.snapshot(NOW);
        assert_eq!((seen.calls(), seen.failed()), (4 * EACH + 1, 4 * EACH / 10));
    }
}

#[test]
fn one_trip_is_one_step() {
    for _ in 0..500 {
        let machine = machine(Rule::InARow(4));
        together(|_| machine.settle(machine.enter(&NOW).unwrap(), Outcome::Failure, &NOW));
        let seen = machine.snapshot(NOW);
        assert_eq!((seen.state(), seen.generation(), seen.level()), (State::Open, 2, 1));
    }
}
