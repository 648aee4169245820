//! What comes back late: of a window that is over, or of a store that was not asked.

use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Step;
use buttress_core::stage::{Decision, Never, Stage};
use buttress_core::sync::Lock;
use buttress_ratelimit::store::{LimitStore, Memory};
use buttress_ratelimit::{
    Algorithm, Bill, Charge, Charges, Limits, Quota, RateLimit, Source, Standing, Verdict, everyone,
};
use http::Request;

use crate::support::{SECOND, answered, enter, left, on, response};

fn request() -> Request<()> {
    Request::new(())
}

/// Who logs in slowly must not undo the failures of others that came since.
#[test]
fn a_slow_success_gives_nothing_back_of_what_others_have_used_since() {
    let counted =
        [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingCounter, Algorithm::SlidingLog];
    for algorithm in counted {
        let clock = ManualClock::new();
        let quota = Quota::per_minute(2).algorithm(algorithm);
        let limits = on(&clock).policy("a", quota.by(everyone()).only_failures()).build().unwrap();
        let stage = limits.stage();
        let slow = enter(&stage, &mut request()).passed();
        // By then all is there again, also of the older window.
        clock.advance(SECOND * 121);
        assert!(answered(&stage, request(), 401));
        assert!(answered(&stage, request(), 401));
        stage.leave(slow, &mut response(200));
        assert!(!answered(&stage, request(), 401), "{algorithm}");
    }
}

#[test]
fn a_bill_that_is_settled_late_gives_nothing_back_of_what_others_have_used_since() {
    let clock = ManualClock::new();
    let quota = Quota::per_minute(10).algorithm(Algorithm::FixedWindow);
    let policy = quota.by(everyone()).cost_reported(10);
    let limits = on(&clock).policy("a", policy).build().unwrap();
    let stage = limits.stage();
    let mut slow = request();
    let _memo = enter(&stage, &mut slow).passed();
    clock.advance(SECOND * 61);
    assert!(answered(&stage, request(), 200));
    slow.extensions().get::<Bill>().unwrap().settle(1);
    assert_eq!(left(&limits, "a", limits.writer("a").unwrap().key()), 0);
}

/// Takes in place of a store that cannot be asked, and notes what comes back.
#[derive(Clone, Debug, Default)]
struct Away {
    memory: Memory,
    back: Arc<Lock<Vec<Charge>>>,
}

impl LimitStore for Away {
    type Wait = Never;

    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        let Step::Now(verdict) = self.memory.take(limits, charges);
        let local = verdict.standings().iter().fold(Verdict::taken().at(7), |local, standing| {
            let mut local = local;
            local.push(Standing::new(standing.remaining().into(), Duration::ZERO, Source::Local));
            local
        });
        Step::Now(local)
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        self.memory.look(limits, charges)
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        self.memory.count(limits, charges);
    }

    fn give_back(&self, _: &Limits, charges: &Charges) {
        self.back.lock().extend(charges.as_slice());
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
        self.memory.forget(limits, charges)
    }
}

/// Nor is it told so of what a handler reports on top, while the store is away, and takes back once it is there again.
#[test]
fn what_was_reported_on_top_comes_back_where_the_charge_was_taken() {
    let store = Away::default();
    let policy = Quota::per_hour(99).by(everyone()).cost_reported(5);
    let limits = RateLimit::builder().engine(store.clone()).policy("rows", policy).build().unwrap();
    let mut request = request();
    let Decision::Pass(_memo) = limits.stage().enter(&mut request) else { panic!("there is room") };
    let bill = request.extensions().get::<Bill>().unwrap();
    bill.settle(9);
    bill.settle(0);
    let back = store.back.lock();
    let seen: Vec<_> = back.iter().map(|charge| (charge.cost(), charge.source())).collect();
    assert_eq!(seen, [(4, Source::Local), (5, Source::Local)]);
}

/// Or else the store would be told to give back what it never took.
#[test]
fn what_comes_back_says_who_took_it_and_until_when() {
    let store = Away::default();
    let limits = RateLimit::builder()
        .engine(store.clone())
        .policy("permits", Quota::at_once(9).by(everyone()))
        .policy("failures", Quota::per_hour(9).by(everyone()).only_failures())
        .policy("rows", Quota::per_hour(9).by(everyone()).cost_reported(5))
        .build()
        .unwrap();
    let stage = limits.stage();
    let mut request = request();
    let Decision::Pass(memo) = stage.enter(&mut request) else { panic!("there is room") };
    request.extensions().get::<Bill>().unwrap().settle(2);
    stage.leave(memo, &mut response(200));
    let back = store.back.lock();
    let seen: Vec<_> = back.iter().map(|charge| (charge.policy(), charge.cost())).collect();
    assert_eq!(seen, [(2, 3), (0, 1), (1, 1)]);
    for charge in &*back {
        assert_eq!((charge.source(), charge.until()), (Source::Local, Some(7)), "{charge:?}");
    }
}
