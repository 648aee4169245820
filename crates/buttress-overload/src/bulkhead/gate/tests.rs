use std::task::Waker;

use proptest::prelude::*;

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
fn who_does_not_wait_is_not_refused_for_who_is_looking() {
    let gate = Gate::new(1, 0);
    // Somebody has found no permit, and looks whether one has come back.
    gate.permits.call();
    assert!(!gate.take());
    assert!(gate.take_now() && !gate.take_now());
    gate.give();
    assert!(gate.take());
}

/// One by one that took half a minute, in which everybody else waited for the lock.
#[test]
fn a_limit_is_lowered_by_any_number_at_once() {
    let gate = Gate::new(1 << 30, 9);
    (0..1_000).for_each(|_| {
        gate.resize(1);
        assert_eq!((gate.limit(), gate.out()), (1, 0));
        assert!(gate.take() && !gate.take());
        gate.give();
        gate.resize(1 << 30);
    });
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

#[derive(Clone, Copy, Debug)]
enum Act {
    Come(Priority),
    Give,
    Look(usize),
    Leave(usize),
    Resize(u32),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => prop::sample::select(&Priority::ALL[..]).prop_map(Act::Come),
        2 => Just(Act::Give),
        1 => (0_usize..8).prop_map(Act::Look),
        1 => (0_usize..8).prop_map(Act::Leave),
        1 => (1_u32..6).prop_map(Act::Resize),
    ]
}

/// Who has a permit, and who has a place.
#[derive(Debug, Default)]
struct Crowd {
    inside: u32,
    places: Vec<Number>,
}

impl Crowd {
    fn play(&mut self, gate: &Gate, act: Act) {
        match act {
            Act::Come(_) if gate.take() => self.inside += 1,
            Act::Come(priority) => match gate.join(priority, NOW) {
                Joined::Taken => self.inside += 1,
                Joined::Waits(number) => self.places.push(number),
                Joined::Full => {}
            },
            Act::Give if self.inside > 0 => {
                self.inside -= 1;
                gate.give();
            }
            Act::Look(at) if at < self.places.len() => {
                if is_served(gate, self.places[at]) {
                    self.places.remove(at);
                    self.inside += 1;
                }
            }
            Act::Leave(at) if at < self.places.len() => gate.leave(self.places.remove(at)),
            Act::Resize(limit) => gate.resize(limit),
            Act::Give | Act::Look(_) | Act::Leave(_) => {}
        }
    }
}

proptest! {
    /// Whatever happens in whatever order, nobody waits beside a free permit, and none is lost or made.
    #[test]
    fn nobody_waits_beside_a_free_permit(script in prop::collection::vec(act(), 0..200)) {
        let (gate, mut crowd) = (Gate::new(2, 5), Crowd::default());
        for act in script {
            let before = gate.out();
            crowd.play(&gate, act);
            let (out, limit) = (gate.out(), gate.limit());
            prop_assert!(gate.waiting() == 0 || out >= limit, "{out} of {limit} {crowd:?}");
            // More than the limit only where that was lowered.
            prop_assert!(out <= limit.max(before), "{out} of {limit}, and {before} before");
            let called = u32::try_from(crowd.places.len()).unwrap() - gate.waiting();
            prop_assert_eq!(out, crowd.inside + called);
        }
        while let Some(number) = crowd.places.pop() {
            gate.leave(number);
        }
        (0..crowd.inside).for_each(|_| gate.give());
        prop_assert_eq!((gate.out(), gate.waiting()), (0, 0));
        prop_assert!((0..gate.limit()).all(|_| gate.take()));
        prop_assert!(!gate.take());
    }
}
