//! Who does worse than the others is left out, and there is always somebody left.

use buttress_core::clock::{ManualClock, secs};
use buttress_core::outcome::Outcome;
use buttress_core::{HealthStatus, Probe};
use buttress_overload::outlier::{OutlierRules, Outliers};
use buttress_testkit::poll::assert_ready;

fn outliers(of: usize, rules: OutlierRules, clock: &ManualClock) -> Outliers {
    Outliers::of(of).rules(rules).clock(clock.clone()).build().unwrap()
}

fn fail(outliers: &Outliers, at: usize, times: u32) {
    (0..times).for_each(|_| outliers.enter(at).settle(Outcome::Failure));
}

#[test]
fn one_endpoint_always_remains() {
    for of in 1..9 {
        let rules = OutlierRules::new().most_left_out(100).panic_below(0);
        let outliers = outliers(of, rules, &ManualClock::new());
        (0..of).for_each(|at| fail(&outliers, at, 50));
        assert_eq!(outliers.left_out().len(), of - 1);
        assert_eq!(outliers.in_turn().collect::<Vec<_>>(), [of - 1]);
    }
}

#[test]
fn no_more_than_half_by_default() {
    let outliers = outliers(5, OutlierRules::new(), &ManualClock::new());
    (0..2).for_each(|at| fail(&outliers, at, 50));
    assert!(!outliers.is_panic());
    (2..5).for_each(|at| fail(&outliers, at, 50));
    assert_eq!(outliers.left_out(), [0, 1]);
}

/// Those for whom there is no room any more are no healthier for that: the few that are left would get the load of all.
#[test]
fn what_fails_everywhere_is_nobodys_fault() {
    let clock = ManualClock::new();
    let outliers = outliers(5, OutlierRules::new(), &clock);
    (0..5).for_each(|at| fail(&outliers, at, 5));
    assert!(outliers.is_panic(), "all five are outliers");
    assert_eq!(outliers.in_turn().count(), 5);

    // It is over: those that were never left out are well again after two looks.
    for _ in 0..2 {
        clock.advance(secs(10));
        (0..5).for_each(|at| (0..32).for_each(|_| outliers.enter(at).settle(Outcome::Success)));
    }
    assert!(!outliers.is_panic());
    assert_eq!(outliers.in_turn().count(), 3);
    clock.advance(secs(10));
    assert_eq!(outliers.in_turn().count(), 5);
}

#[test]
fn what_is_not_sent_to_one_is_sent_to_all_others() {
    let outliers = outliers(6, OutlierRules::new(), &ManualClock::new());
    (0..3).for_each(|at| fail(&outliers, at, 5));
    let mut calls = [0; 6];
    (0..300).for_each(|_| calls[outliers.in_turn().next().unwrap()] += 1);
    assert_eq!(calls, [0, 0, 0, 100, 100, 100]);
}

#[test]
fn panic_threshold_ignores_ejections() {
    let outliers = outliers(4, OutlierRules::new().most_left_out(100), &ManualClock::new());
    fail(&outliers, 0, 5);
    fail(&outliers, 1, 5);
    assert!(!outliers.is_panic() && outliers.is_left_out(0));
    fail(&outliers, 2, 5);
    assert!(outliers.is_panic(), "one of four is below one half");
    assert_eq!(outliers.left_out(), [0, 1, 2]);
    assert_eq!(outliers.in_turn().count(), 4, "and all are used");
    assert!((0..4).all(|at| !outliers.is_left_out(at)));
}

#[test]
fn late_news_of_an_endpoint_is_old_news() {
    let clock = ManualClock::new();
    let outliers = outliers(4, OutlierRules::new(), &clock);
    let late: Vec<_> = (0..9).map(|_| outliers.enter(0)).collect();
    fail(&outliers, 0, 5);
    assert_eq!(outliers.left_out(), [0]);
    clock.advance(secs(31));
    assert_eq!(outliers.in_turn().count(), 4);
    for seat in late {
        seat.settle(Outcome::Failure);
    }
    assert!(outliers.left_out().is_empty(), "they began before");
    fail(&outliers, 0, 4);
    outliers.enter(0).settle(Outcome::Success);
    fail(&outliers, 0, 4);
    assert!(outliers.left_out().is_empty(), "they are not in a row");
}

#[test]
fn each_time_it_is_left_out_for_longer() {
    let clock = ManualClock::new();
    let outliers = outliers(4, OutlierRules::new(), &clock);
    let left_out_for = || {
        fail(&outliers, 0, 5);
        assert!(outliers.is_left_out(0));
        let steps = std::iter::repeat_with(|| {
            clock.advance(secs(1));
            let _who = outliers.in_turn().next();
            outliers.is_left_out(0)
        });
        steps.take_while(|is_out| *is_out).count() as u64 + 1
    };
    let times = [(); 3].map(|()| left_out_for());
    assert_eq!(times, [30, 60, 90]);
}

/// Rates are looked at each ten seconds, and nobody has to wait for that.
#[test]
fn a_time_that_is_shorter_than_the_interval_is_kept() {
    let clock = ManualClock::new();
    let rules = OutlierRules::new().left_out_for(secs(2)).deviations(None);
    let outliers = outliers(4, rules.failure_percent(Some(80)).least_calls(10), &clock);
    fail(&outliers, 0, 5);
    // Four of five fail: what counts of that is seen at the tenth second, and not before.
    for _ in 0..2 {
        fail(&outliers, 1, 4);
        outliers.enter(1).settle(Outcome::Success);
    }
    let left_out_after = |time: u64| {
        clock.advance(secs(time));
        let _who = outliers.in_turn().next();
        fail(&outliers, 2, 1);
        outliers.left_out()
    };
    assert_eq!(left_out_after(1), [0]);
    assert_eq!(left_out_after(1), [0; 0]);
    assert_eq!(left_out_after(7), [0; 0]);
    assert_eq!(left_out_after(1), [1]);
}

#[test]
fn who_has_a_worse_rate_than_the_others_is_left_out() {
    let clock = ManualClock::new();
    let outliers = outliers(6, OutlierRules::new(), &clock);
    for call in 0..1_200_u32 {
        let at = call as usize % 6;
        let fails = at == 5 && call % 4 == 1;
        outliers.enter(at).settle(if fails { Outcome::Failure } else { Outcome::Success });
    }
    assert!(outliers.left_out().is_empty(), "never five in a row, and nobody has looked yet");
    clock.advance(secs(10));
    fail(&outliers, 0, 1);
    assert_eq!(outliers.left_out(), [5]);
}

#[test]
fn what_says_nothing_of_the_endpoint_does_not_count() {
    let outliers = outliers(2, OutlierRules::new(), &ManualClock::new());
    for outcome in [Outcome::Throttled, Outcome::Rejected, Outcome::Ignored, Outcome::Abandoned] {
        (0..9).for_each(|_| outliers.enter(0).settle(outcome));
    }
    (0..9).for_each(|_| drop(outliers.enter(0)));
    outliers.enter(7).settle(Outcome::Failure);
    assert!(outliers.left_out().is_empty());
    assert_eq!(outliers.in_turn().count(), 2);
}

#[test]
fn a_report_shows_who_is_left_out() {
    let outliers = outliers(4, OutlierRules::new().most_left_out(100), &ManualClock::new());
    let health = || {
        let health = assert_ready(outliers.check());
        let left_out = health.details().find(|(name, _)| *name == "left_out").unwrap().1.to_owned();
        (health.status(), left_out)
    };
    assert_eq!(health(), (HealthStatus::Up, "0 of 4".into()));
    fail(&outliers, 2, 5);
    assert_eq!(health(), (HealthStatus::Degraded, "1 of 4".into()));
    fail(&outliers, 0, 5);
    fail(&outliers, 1, 5);
    assert_eq!(health(), (HealthStatus::Down, "3 of 4".into()));
    assert!(!outliers.critical());
}
