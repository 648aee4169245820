//! Who has to say what a request cost can always say it, whatever became of the charge.

use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Step;
use buttress_core::stage::{Decision, Never, Stage};
use buttress_ratelimit::store::{LimitStore, Memory};
use buttress_ratelimit::{
    Bill, Charges, Limits, Quota, RateLimit, Source, Standing, Verdict, everyone,
};
use http::Request;

use crate::support::{enter, left, on, response};

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
