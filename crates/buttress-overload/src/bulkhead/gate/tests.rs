use std::task::Waker;

use super::*;

const NOW: Moment = Moment::FIRST;

fn waits(gate: &Gate) -> Number {
    match gate.join(Priority::Normal, NOW) {
        Joined::Waits(number) => number,
        other => panic!("{other:?}"),
    }
}

fn is_served(gate: &Gate, number: Number) -> bool {
    gate.poll(number, &Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn who_waits_is_served_before_who_passes() {
    let gate = Gate::new(1, 9);
    assert!(gate.take());
    let first = waits(&gate);
    gate.give();
    assert!(!gate.take(), "it is for who waited");
    assert!(is_served(&gate, first));
    gate.give();
    assert!(gate.take());
    assert_eq!((gate.out(), gate.waiting()), (1, 0));
}

#[test]
fn who_leaves_leaves_his_turn_to_the_next() {
    let gate = Gate::new(1, 9);
    assert!(gate.take());
    let [first, second, third] = [(); 3].map(|()| waits(&gate));
    gate.leave(second);
    gate.give();
    gate.leave(first);
    assert!(is_served(&gate, third));
    gate.give();
    assert_eq!(gate.out(), 0);
    assert!(gate.take());
}

#[test]
fn a_lower_limit_holds_as_permits_come_back() {
    let gate = Gate::new(4, 9);
    assert!((0..3).all(|_| gate.take()));
    gate.resize(1);
    assert_eq!((gate.limit(), gate.out()), (1, 3));
    assert!(!gate.take());
    let first = waits(&gate);
    gate.give();
    gate.give();
    assert!(!is_served(&gate, first));
    gate.give();
    assert!(is_served(&gate, first));
    assert_eq!(gate.out(), 1);
}

#[test]
fn a_higher_limit_serves_who_waits() {
    let gate = Gate::new(1, 9);
    assert!(gate.take());
    let waiting = [(); 3].map(|()| waits(&gate));
    gate.resize(3);
    assert_eq!(waiting.map(|number| is_served(&gate, number)), [true, true, false]);
    gate.resize(0);
    gate.resize(5);
    assert!(is_served(&gate, waiting[2]));
    assert_eq!((gate.out(), gate.waiting()), (4, 0));
    assert!(gate.take());
    assert!(!gate.take());
}
