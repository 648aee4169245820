use std::future::poll_fn;
use std::sync::Arc;
use std::task::Waker;

use buttress_testkit::models::{block_on, explore, join, thread};

use super::*;

const NOW: Moment = Moment::FIRST;

/// Waits for a permit, as long as that takes.
fn wait(gate: &Gate) {
    if gate.take() {
        return;
    }
    match gate.join(Priority::Normal, NOW) {
        Joined::Taken => {}
        Joined::Waits(number) => block_on(poll_fn(|cx| gate.poll(number, cx))),
        Joined::Full => panic!("there is room"),
    }
}

/// Stands in the line and goes again, whether called or not.
fn go(gate: &Gate) {
    match gate.join(Priority::Normal, NOW) {
        Joined::Taken => gate.give(),
        Joined::Waits(number) => {
            let looked = gate.poll(number, &Context::from_waker(Waker::noop()));
            if looked.is_ready() { gate.give() } else { gate.leave(number) }
        }
        Joined::Full => {}
    }
}

fn spawn(gate: &Arc<Gate>, run: fn(&Gate)) -> thread::JoinHandle<()> {
    let gate = gate.clone();
    thread::spawn(move || run(&gate))
}

fn all_is_back(gate: &Gate, limit: u32) {
    assert_eq!((gate.out(), gate.waiting()), (0, 0));
    assert!((0..limit).all(|_| gate.take()), "a permit was lost, or nobody may take in passing");
    assert!(!gate.take(), "there is one too many");
}

#[test]
fn never_more_than_the_limit() {
    explore(|| {
        let gate = Arc::new(Gate::new(1, 9));
        let taking = [(); 2].map(|()| {
            let gate = gate.clone();
            thread::spawn(move || u32::from(gate.take()))
        });
        let mine = u32::from(gate.take());
        assert!(mine + join(taking).iter().sum::<u32>() <= 1);
    });
}

#[test]
fn nobody_sleeps_beside_a_free_permit() {
    explore(|| {
        let gate = Arc::new(Gate::new(1, 9));
        assert!(gate.take());
        let waiting = [(); 2].map(|()| {
            spawn(&gate, |gate| {
                wait(gate);
                gate.give();
            })
        });
        gate.give();
        join(waiting);
        all_is_back(&gate, 1);
    });
}

#[test]
fn a_granted_waiter_that_goes_gives_it_on() {
    explore(|| {
        let gate = Arc::new(Gate::new(1, 9));
        assert!(gate.take());
        let goes = spawn(&gate, go);
        let waits = spawn(&gate, |gate| {
            wait(gate);
            gate.give();
        });
        gate.give();
        join([goes, waits]);
        all_is_back(&gate, 1);
    });
}

#[test]
fn a_limit_that_is_lowered_is_paid_once() {
    explore(|| {
        let gate = Arc::new(Gate::new(2, 9));
        assert!(gate.take());
        let lowering = spawn(&gate, |gate| gate.resize(1));
        gate.give();
        join([lowering]);
        all_is_back(&gate, 1);
    });
}

#[test]
fn a_permit_is_found_wherever_it_came_back() {
    explore(|| {
        let gate = Arc::new(Gate::new(2, 9));
        assert!(gate.take() && gate.take());
        let waits = spawn(&gate, |gate| {
            wait(gate);
            gate.give();
        });
        gate.give();
        join([waits]);
        gate.give();
        all_is_back(&gate, 2);
    });
}

/// There are two, and the other one takes one at most.
#[test]
fn who_does_not_wait_finds_what_is_free() {
    explore(|| {
        let gate = Arc::new(Gate::new(2, 0));
        let other = spawn(&gate, go);
        assert!(gate.take() || gate.take_now());
        gate.give();
        join([other]);
        all_is_back(&gate, 2);
    });
}
