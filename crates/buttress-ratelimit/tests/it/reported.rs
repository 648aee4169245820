//! Who has to say what a request cost can always say it, whatever became of the charge.

use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Step;
use buttress_core::stage::{Decision, Never, Stage};
use buttress_ratelimit::store::{LimitStore, Memory};
use buttress_ratelimit::{
    Algorithm, Bill, Charges, Limits, Policy, Quota, RateLimit, Source, Standing, Verdict, everyone,
};
use http::Request;

use crate::support::{SECOND, answered, enter, left, on, passing, response};

#[test]
fn a_trial_without_room_has_a_bill_that_counts_nothing() {
    let clock = ManualClock::new();
    let policy = Quota::per_hour(10).by(everyone()).cost_reported(10).shadow();
    let limits = on(&clock).policy("rows", policy).build().unwrap();
    let stage = limits.stage();
    let key = limits.writer("rows").unwrap().key();
    let mut first = Request::new(());
    let _taken = enter(&stage, &mut first).passed();
    assert_eq!(left(&limits, "rows", key), 0);

    let mut second = Request::new(());
    let memo = enter(&stage, &mut second).passed();
    let bill = second.extensions().get::<Bill>().expect("it was asked about this request").clone();
    assert!(bill.settle_for("rows", 0));
    assert_eq!(left(&limits, "rows", key), 0, "nothing was taken, and nothing comes back");
    stage.leave(memo, &mut response(200));
    assert!(first.extensions().get::<Bill>().unwrap().settle_for("rows", 4));
    bill.settle(10);
    assert_eq!(left(&limits, "rows", key), 6, "what was missed is not charged later");
}

/// Lets through as a store does that cannot be asked, and counts nothing.
#[derive(Clone, Debug, Default)]
struct Open(Memory);

impl LimitStore for Open {
    type Wait = Never;

    fn take(&self, _: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        let mut verdict = Verdict::taken();
        for _ in charges.as_slice() {
            verdict.push(Standing::new(9, Duration::ZERO, Source::Allowed));
        }
        Step::Now(verdict)
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        self.0.look(limits, charges)
    }

    fn count(&self, _: &Limits, charges: &Charges) {
        panic!("what was let through is not counted afterwards: {charges:?}");
    }

    fn give_back(&self, _: &Limits, charges: &Charges) {
        panic!("what was let through does not come back: {charges:?}");
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        self.0.forget(limits, charges)
    }
}

#[test]
fn who_is_let_through_without_the_store_has_a_bill_that_counts_nothing() {
    let policy = Quota::per_hour(10).by(everyone()).cost_reported(3);
    let limits = RateLimit::builder().engine(Open::default()).policy("rows", policy);
    let limits = limits.build().unwrap();
    let stage = limits.stage();
    let mut request = Request::new(());
    let Decision::Pass(memo) = stage.enter(&mut request) else { panic!("it is let through") };
    let bill = request.extensions().get::<Bill>().expect("it was asked about this request");
    assert!(bill.settle_for("rows", 7) && bill.settle_for("rows", 1));
    stage.leave(memo, &mut response(200));
}

/// A permit has a name and comes back whole, with the answer or without one: what is reported of it would free those of
/// others, or hold some for ever.
#[test]
fn permits_are_not_reported() {
    let policy = Quota::at_once(20).by(everyone()).cost_reported(10);
    let error = RateLimit::builder().policy("slots", policy).build().unwrap_err();
    let told: Vec<_> = error.faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "policies.slots.cost_reported: is nothing for permits: all of them come back with the answer"
        ]
    );
}

/// What `settle` leaves of a policy where others have taken five: with what was said of the sixth, one after the other.
fn left_of_ten(policy: Policy, said: &[u32]) -> u32 {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("rows", policy).build().unwrap();
    let stage = limits.stage();
    assert_eq!(passing(&stage, || Request::new(()), 5), 5);
    clock.advance(SECOND);
    let mut request = Request::new(());
    let memo = enter(&stage, &mut request).passed();
    for cost in said {
        request.extensions().get::<Bill>().unwrap().settle(*cost);
    }
    stage.leave(memo, &mut response(500));
    left(&limits, "rows", limits.writer("rows").unwrap().key())
}

/// More debt than is remembered was never counted, so it does not come back, either: it would be that of others.
#[test]
fn what_was_not_counted_is_not_given_back() {
    let policy = |algorithm| {
        let quota = Quota::per_hour(10).algorithm(algorithm);
        quota.by(everyone()).cost_reported(1)
    };
    for algorithm in
        [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingCounter, Algorithm::SlidingLog]
    {
        let left = |said: &[u32]| left_of_ten(policy(algorithm), said);
        let back = |said: &[u32]| {
            let policy = policy(algorithm).refund_status(|status| status.is_server_error());
            left_of_ten(policy, said)
        };
        assert_eq!(left(&[1_000]), 0, "{algorithm}");
        let corrected = [left(&[1_000, 1]), left(&[u32::MAX, 1]), left(&[64, 1])];
        // What a log has pushed out is gone, and so it keeps as many that came later.
        assert_eq!(corrected, [4; 3], "{algorithm}");
        assert_eq!(left(&[1_000, 500, 2]), 3, "{algorithm}");
        assert_eq!(left(&[3, 2, 4, 1]), 4, "{algorithm}");
        assert_eq!([back(&[1_000]), back(&[2, 1_000, 7])], [5; 2], "{algorithm}");
    }
}

/// What came on top of it has its own time: it is over with the window in which it was reported.
#[test]
fn what_came_on_top_comes_back_out_of_its_own_window() {
    for (algorithm, pause) in [(Algorithm::FixedWindow, 61), (Algorithm::SlidingCounter, 121)] {
        let clock = ManualClock::new();
        let quota = Quota::per_minute(10).algorithm(algorithm);
        let limits = on(&clock).policy("rows", quota.by(everyone()).cost_reported(1));
        let limits = limits.build().unwrap();
        let stage = limits.stage();
        let key = limits.writer("rows").unwrap().key();
        let mut slow = Request::new(());
        let _memo = enter(&stage, &mut slow).passed();
        let bill = slow.extensions().get::<Bill>().unwrap();
        bill.settle(10);
        clock.advance(SECOND * pause);
        assert_eq!(passing(&stage, || Request::new(()), 10), 10, "{algorithm}");
        bill.settle(1);
        assert_eq!(left(&limits, "rows", key), 0, "{algorithm}: nine of others came back");
        // And what is reported now is of this one.
        bill.settle(3);
        clock.advance(SECOND * pause);
        assert!(answered(&stage, Request::new(()), 200), "{algorithm}");
    }
}

/// A body that reports what it has sent so far, piece by piece, and fails in the end.
#[test]
fn many_reports_come_back_whole() {
    let said: Vec<u32> = (1..=200).collect();
    for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingCounter] {
        let clock = ManualClock::new();
        let quota = Quota::per_hour(1_000).algorithm(algorithm);
        let policy = quota.by(everyone()).cost_reported(1);
        let policy = policy.refund_status(|status| status.is_server_error());
        let limits = on(&clock).policy("rows", policy).build().unwrap();
        let stage = limits.stage();
        let key = limits.writer("rows").unwrap().key();
        let mut request = Request::new(());
        let memo = enter(&stage, &mut request).passed();
        for cost in &said {
            request.extensions().get::<Bill>().unwrap().settle(*cost);
            clock.advance(SECOND / 100);
        }
        assert_eq!(left(&limits, "rows", key), 800, "{algorithm}");
        stage.leave(memo, &mut response(503));
        assert_eq!(left(&limits, "rows", key), 1_000, "{algorithm}");
    }
}
