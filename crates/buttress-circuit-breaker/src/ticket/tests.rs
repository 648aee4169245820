use std::panic::{AssertUnwindSafe, catch_unwind};

use buttress_core::clock::{Clock, ManualClock, Moment, Timestamp};
use buttress_core::outcome::Advice;
use buttress_core::sync::Shared;

use super::*;
use crate::machine::{Machine, Outside, Pass, Policy};
use crate::{Abandoned, Over, Rule, State, Transition};

struct House {
    machine: Machine,
    clock: ManualClock,
}

impl Outside for House {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn tell(&self, _: &Transition) {}
}

impl Host for House {
    type Pass = Pass;

    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    fn is_probe(&self, pass: &Pass) -> bool {
        pass.is_probe()
    }

    fn is_timed(&self, pass: &Pass) -> bool {
        pass.is_timed()
    }

    fn ends_quietly(&self, pass: &Pass, outcome: Outcome) -> bool {
        self.machine.is_quiet(*pass, outcome)
    }

    fn is_news(&self, pass: &Pass, outcome: Outcome) -> bool {
        self.machine.is_news(pass, outcome)
    }

    fn settle(&self, pass: Pass, ended: Ended) {
        self.machine.settle(pass, ended, self);
    }

    fn heard(&self, _: Outcome) {}

    fn hangs(&self, pass: Pass) -> Pass {
        self.machine.hangs(pass, self)
    }

    fn slow(&self) -> Duration {
        self.machine.slow()
    }
}

const SLOW: Duration = Duration::from_secs(2);

fn house(policy: Policy) -> Shared<House> {
    let clock = ManualClock::new();
    let policy = policy.slow(SLOW).jitter(0);
    let machine = Machine::new(policy, clock.now()).expect("it is right");
    Shared::new(House { machine, clock })
}

fn in_a_row(n: u32) -> Policy {
    Policy::default().rules([Rule::InARow(n)])
}

fn enter(house: &Shared<House>) -> BreakerTicket<Shared<House>> {
    BreakerTicket::new(house.clone(), house.machine.enter(&**house).expect("it passes"))
}

fn state(house: &Shared<House>) -> State {
    house.machine.state()
}

/// Of one failure, and after its time.
fn due() -> Shared<House> {
    let house = house(in_a_row(1));
    enter(&house).settle(Judgement::new(Outcome::Failure));
    house.clock.advance(Duration::from_secs(1));
    house
}

/// Nothing is left of it where it stood: neither what would be settled once more, nor a reference to whom it belongs.
#[test]
fn one_that_is_settled_in_place_leaves_nothing() {
    let house = house(in_a_row(1));
    for outcome in [Outcome::Success, Outcome::Failure] {
        let mut place = Some(enter(&house));
        Ticket::settle_in(&mut place, Judgement::new(outcome));
        assert!(place.is_none());
    }
    assert_eq!(state(&house), State::Open);
    let mut nobody: Option<BreakerTicket<Shared<House>>> = None;
    Ticket::settle_in(&mut nobody, Judgement::new(Outcome::Failure));
}

#[test]
fn a_call_dropped_after_it_was_slow_is_a_failure() {
    let house = house(in_a_row(1));
    let mut call = enter(&house);
    call.waits();
    house.clock.advance(SLOW);
    call.waits();
    drop(call);
    assert_eq!(state(&house), State::Closed, "it had not been slow");

    let mut call = enter(&house);
    call.waits();
    house.clock.advance(SLOW + Duration::from_nanos(1));
    drop(call);
    assert_eq!(state(&house), State::Open);
}

#[test]
fn an_abandoned_call_counts_as_it_is_said() {
    for (abandoned, state_after) in
        [(Abandoned::Ignore, State::Closed), (Abandoned::Failure, State::Open)]
    {
        let house = house(in_a_row(1).abandoned(abandoned));
        let mut call = enter(&house);
        call.waits();
        house.clock.advance(2 * SLOW);
        drop(call);
        assert_eq!(state(&house), state_after);
    }
}

#[test]
fn a_hanging_call_is_counted_while_it_hangs() {
    let house = house(Policy::default().rules([Rule::slow_rate(50, Over::Calls(4), 2)]));
    let mut calls = [enter(&house), enter(&house)];
    for call in &mut calls {
        call.waits();
    }
    house.clock.advance(2 * SLOW);
    calls[0].hangs();
    assert_eq!(house.machine.snapshot(house.clock.now()).slow(), 1);
    calls[1].hangs();
    assert_eq!(state(&house), State::Open, "though none has ended");
}

#[test]
fn what_hung_is_counted_once() {
    let house = house(Policy::default().rules([Rule::slow_rate(100, Over::Calls(9), 9)]));
    let mut call = enter(&house);
    call.waits();
    house.clock.advance(2 * SLOW);
    call.hangs();
    call.settle(Judgement::new(Outcome::Failure));
    let seen = house.machine.snapshot(house.clock.now());
    assert_eq!((seen.calls(), seen.slow(), seen.in_a_row()), (1, 1, 1));
}

#[test]
fn a_panic_is_a_failure_and_gives_its_place_back() {
    let house = due();
    let mut ticket = Some(enter(&house));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _polling = BreakerTicket::polling(&mut ticket);
        std::panic::resume_unwind(Box::new("of the service"));
    }));
    assert!(panicked.is_err() && ticket.is_none());
    assert_eq!(state(&house), State::Open, "the probe failed");
    assert_eq!(house.machine.snapshot(house.clock.now()).level(), 2);
}

#[test]
fn a_panic_of_the_caller_is_not_the_dependencys() {
    let house = house(in_a_row(1));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _held = enter(&house);
        std::panic::resume_unwind(Box::new("of the caller"));
    }));
    assert!(panicked.is_err());
    assert_eq!(state(&house), State::Closed);
}

#[test]
fn a_dropped_probe_gives_its_place_back() {
    let house = due();
    drop(enter(&house));
    let next = house.machine.enter(&*house).expect("the place is free at once");
    assert!(next.is_probe());
}

#[test]
fn an_endless_stream_does_not_hold_a_probe() {
    let house = due();
    let mut probe = enter(&house);
    probe.headed_by(BodyKind::Other);
    assert_eq!(state(&house), State::Closed, "its head was good, and its body may take for ever");
    probe.settle(Judgement::new(Outcome::Failure));
    assert_eq!(house.machine.snapshot(house.clock.now()).in_a_row(), 0, "that is old news");

    let house = due();
    let mut probe = enter(&house);
    probe.headed_by(BodyKind::Grpc);
    assert_eq!(state(&house), State::HalfOpen, "such a head says nothing");
    probe.progressed();
    assert_eq!(state(&house), State::Closed);
}

#[test]
fn a_long_body_is_not_slow() {
    let house = house(Policy::default().rules([Rule::slow_rate(100, Over::Calls(1), 1)]));
    let mut call = enter(&house);
    call.waits();
    call.headed_by(BodyKind::Other);
    house.clock.advance(100 * SLOW);
    call.settle(Judgement::new(Outcome::Success));
    assert_eq!(state(&house), State::Closed);
}

#[test]
fn it_stays_open_as_long_as_it_is_asked_to_within_limits() {
    let house = house(in_a_row(1).follow_retry_after(Duration::from_secs(20)));
    let busy = Judgement::new(Outcome::Failure);
    for (asked, kept) in [(0, 1), (7, 7), (3_600, 20)] {
        let busy = busy.with_advice(Advice::After(Duration::from_secs(asked)));
        enter(&house).settle(busy);
        let left = house.machine.snapshot(house.clock.now()).remaining();
        assert_eq!(left, Some(Duration::from_secs(kept)));
        house.machine.reset(&*house);
    }
}
