use std::time::Duration;

use super::*;

fn at(secs: u64) -> Moment {
    Moment::FIRST + Duration::from_secs(secs)
}

fn roster(rules: OutlierRules, endpoints: usize) -> Roster {
    Roster::new(rules, endpoints, Moment::FIRST)
}

fn record(successes: u32, failures: u32) -> Record {
    Record { successes, failures }
}

#[test]
fn one_endpoint_always_remains() {
    for of in 0..20 {
        for percent in [0, 10, 33, 50, 99, 100] {
            let rules = OutlierRules::new().most_left_out(percent);
            let mut roster = roster(rules, of);
            let left_out = (0..of).filter(|at| roster.leave_out(*at, Moment::FIRST)).count();
            assert_eq!(left_out, roster.left_out());
            assert!(left_out * 100 <= of * percent as usize, "{of} {percent}: {left_out}");
            assert!(of == 0 || left_out < of);
        }
    }
}

#[test]
fn each_time_is_longer_and_quiet_shortens_it() {
    let mut roster = roster(OutlierRules::new(), 4);
    assert!(roster.leave_out(0, at(0)));
    assert!(!roster.leave_out(0, at(1)), "it is already");
    let look = |roster: &mut Roster, now| {
        let before = roster.left_out();
        roster.look(at(now));
        roster.left_out() != before
    };
    assert!(!look(&mut roster, 29));
    assert!(look(&mut roster, 30));
    assert!(roster.leave_out(0, at(35)));
    assert!(!look(&mut roster, 94), "the second time is 60 s");
    assert!(look(&mut roster, 95));
    assert!(!look(&mut roster, 105));
    assert!(roster.leave_out(0, at(110)));
    assert!(look(&mut roster, 170), "the third as well, after a quiet interval");
}

#[test]
fn who_does_worse_than_the_others_is_an_outlier() {
    let roster = roster(OutlierRules::new(), 6);
    let good = record(990, 10);
    let found = roster.outliers(&[good, good, good, good, good, record(500, 500)]);
    assert_eq!(found, [(5, Ejected::SuccessRate)]);
    assert_eq!(roster.outliers(&[good; 6]), []);
    let few = record(0, 99);
    assert_eq!(roster.outliers(&[good, good, good, good, good, few]), [], "too few calls");
    let bad = record(500, 500);
    assert_eq!(roster.outliers(&[good, good, good, bad]), [], "too few endpoints");
    assert_eq!(roster.outliers(&[bad; 6]), [], "all alike");
    let (never, once) = (record(100, 0), record(99, 1));
    assert_eq!(roster.outliers(&[never, never, never, never, never, once]), [], "chance");
    let rules = OutlierRules::new().least_gap(0);
    let found = self::roster(rules, 6).outliers(&[never, never, never, never, never, once]);
    assert_eq!(found, [(5, Ejected::SuccessRate)]);
}

#[test]
fn a_share_of_failures_is_a_rule_of_its_own() {
    let rules = OutlierRules::new().deviations(None).failure_percent(Some(85)).least_calls(50);
    let roster = roster(rules, 3);
    let found = roster.outliers(&[record(16, 84), record(15, 85), record(0, 49)]);
    assert_eq!(found, [(1, Ejected::FailurePercent)]);
}

#[test]
fn a_share_of_failures_is_reached_by_exactly_that_share() {
    for percent in 1..=100 {
        let rules = OutlierRules::new().deviations(None).failure_percent(Some(percent));
        let roster = roster(rules, 2);
        let of = |failures: u32| record(100 - failures, failures);
        let found = roster.outliers(&[of(percent), of(percent - 1)]);
        assert_eq!(found, [(0, Ejected::FailurePercent)], "{percent} %");
    }
}

#[test]
fn a_time_that_is_shorter_than_the_interval_ends_by_itself() {
    let rules = OutlierRules::new().left_out_for(Duration::from_secs(3));
    let mut roster = roster(rules, 4);
    roster.look(at(0));
    assert!(roster.leave_out(0, at(1)));
    assert_eq!(roster.next_turn(), at(4));
    roster.take_in(at(3));
    assert!(roster.is_left_out(0));
    roster.take_in(at(4));
    assert!(!roster.is_left_out(0));
    assert_eq!(roster.next_turn(), at(10));

    // An interval in which it was left out is no quiet one.
    roster.look(at(10));
    assert!(roster.leave_out(0, at(11)));
    assert_eq!(roster.next_return(), Some(at(17)), "twice as long");
}
