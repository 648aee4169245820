use std::time::Duration;

use buttress_circuit_breaker::machine::{Ended, Machine, Outside, Policy};
use buttress_circuit_breaker::{Rule, State, Transition, Trip};
use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;

use super::Hand;

fn seconds(hand: &Hand) -> u64 {
    hand.machine.snapshot(hand.now()).remaining().expect("it is open").as_secs()
}

fn one_failure() -> Policy {
    Policy::default().rules([Rule::InARow(1)])
}

#[test]
fn open_time_doubles_while_it_does_not_help() {
    let hand = Hand::new(one_failure());
    let times: Vec<_> = (0..7)
        .map(|_| {
            hand.fail();
            let time = seconds(&hand);
            hand.wait(time * 1_000);
            time
        })
        .collect();
    assert_eq!(times, [1, 2, 4, 8, 16, 32, 32]);
}

#[test]
fn stability_forgets_the_level() {
    let hand = Hand::new(one_failure());
    hand.fail();
    hand.wait(1_000);
    hand.succeed();
    hand.wait(31_999);
    hand.fail();
    assert_eq!(seconds(&hand), 2, "it was not closed for 32 s");
    hand.wait(2_000);
    hand.succeed();
    hand.wait(32_000);
    hand.fail();
    assert_eq!(seconds(&hand), 1);
}

#[test]
fn stability_is_as_long_as_is_said() {
    let hand = Hand::new(one_failure().stable_after(Duration::from_secs(5)));
    hand.fail();
    hand.wait(1_000);
    hand.succeed();
    hand.wait(5_000);
    hand.fail();
    assert_eq!(seconds(&hand), 1);
}

#[test]
fn an_idle_breaker_needs_nobody() {
    let hand = Hand::new(one_failure());
    hand.fail();
    hand.wait(24 * 60 * 60 * 1_000);
    assert_eq!(hand.state(), State::Open, "nobody has called");
    assert_eq!(hand.machine.snapshot(hand.now()).remaining(), Some(Duration::ZERO));
    assert!(hand.machine.refuses(|| hand.now()).is_none(), "it is due");
    hand.succeed();
    assert_eq!(hand.state(), State::Closed);
}

#[test]
fn a_refusal_says_how_long() {
    let hand = Hand::new(one_failure());
    hand.fail();
    for left in [1_000, 999, 1] {
        assert_eq!(hand.refused().wait(), Some(Duration::from_millis(left)));
        let refused = hand.machine.refuses(|| hand.now()).expect("it does");
        assert_eq!(refused.wait(), Some(Duration::from_millis(left)));
        hand.wait(if left == 1_000 { 1 } else { left - 1 });
    }
    assert_eq!(hand.machine.snapshot(hand.now()).refused(), 3);
}

#[test]
fn it_follows_advice_of_what_tripped_it_alone() {
    let hand = Hand::new(one_failure().follow_retry_after(Duration::from_secs(60)));
    let busy = Ended::new(Outcome::Failure).advised(Duration::from_secs(10));
    let early = hand.passes();
    hand.call(busy);
    assert_eq!(seconds(&hand), 10);
    hand.settle(early, Ended::new(Outcome::Failure).advised(Duration::from_secs(50)));
    assert_eq!(seconds(&hand), 10, "old news");
}

#[test]
fn traffic_comes_back_by_and_by() {
    let hand = Hand::due(Policy::default().ramp_up(Duration::from_secs(10)));
    hand.succeed();
    assert_eq!(hand.state(), State::RampingUp);
    let pass_of_100 = || {
        let passed = (0..100).filter(|share| {
            hand.here.share.set(f64::from(*share) / 100.0);
            hand.enter().is_ok()
        });
        passed.count()
    };
    assert_eq!(pass_of_100(), 10, "a tenth at once");
    hand.wait(5_000);
    assert_eq!(pass_of_100(), 50);
    assert_eq!(hand.refused().wait(), Some(Duration::from_secs(1)));
    hand.wait(5_000);
    assert_eq!(pass_of_100(), 100);
    assert_eq!(hand.state(), State::Closed);
}

#[test]
fn jitter_spreads_the_open_time() {
    let hand = Hand::new(one_failure());
    hand.machine.reconfigure(one_failure().jitter(10), &hand.here).expect("it is right");
    let open_for = |share: f64| {
        hand.machine.reset(&hand.here);
        hand.here.share.set(share);
        assert!(hand.machine.trip(Trip::switch(), &hand.here));
        hand.machine.snapshot(hand.now()).remaining().unwrap()
    };
    assert_eq!(open_for(0.0), Duration::from_secs(1), "the first is the least");
    assert_eq!(open_for(1.0), Duration::from_millis(1_100));
}

/// It is a little late.
struct Late(Moment);

impl Outside for Late {
    fn now(&self) -> Moment {
        self.0
    }

    fn recent(&self) -> Moment {
        Moment::from_nanos(self.0.as_nanos() - 4_000_000)
    }

    fn tell(&self, _: &Transition) {}
}

#[test]
fn nobody_waits_for_longer_than_it_is_open() {
    let late = Late(Moment::from_nanos(60_000_000_000));
    let machine = Machine::new(one_failure().jitter(0), late.now()).expect("it is right");
    machine.settle(machine.enter(&late).expect("it is closed"), Outcome::Failure, &late);
    let second = Some(Duration::from_secs(1));
    assert_eq!(machine.enter(&late).expect_err("it is open").wait(), second);
    let refused = machine.refuses(|| late.recent()).expect("it is open");
    assert_eq!(refused.wait(), second, "though what is taken for now is before that");
}

/// Though what is taken for now is before that.
#[test]
fn who_comes_when_it_is_due_is_let_in() {
    let late = Late(Moment::from_nanos(60_000_000_000));
    let machine = Machine::new(one_failure().jitter(0), late.now()).expect("it is right");
    machine.settle(machine.enter(&late).expect("it is closed"), Outcome::Failure, &late);
    let almost = Late(late.0 + Duration::from_micros(999_999));
    let left = Some(Duration::from_micros(1));
    assert_eq!(machine.enter(&almost).expect_err("it is open").wait(), left);
    assert!(machine.enter(&Late(late.0 + Duration::from_secs(1))).is_ok());
}
