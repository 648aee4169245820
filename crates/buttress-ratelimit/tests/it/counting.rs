//! What counts, once there is an answer; and what comes back.

use buttress_core::audit::{Audit, Record, Sink};
use buttress_core::clock::ManualClock;
use buttress_core::stage::Stage;
use buttress_ratelimit::{Bill, Policy, Quota, RateLimit, everyone};
use http::Request;

use crate::support::{Seen, answered, enter, left, on, passing, response};

fn one(policy: Policy) -> RateLimit {
    on(&ManualClock::new()).policy("a", policy).build().unwrap()
}

fn ten() -> Policy {
    Quota::per_hour(10).by(everyone())
}

fn is_left(limits: &RateLimit) -> u32 {
    left(limits, "a", limits.writer("a").unwrap().key())
}

fn request() -> Request<()> {
    Request::new(())
}

#[test]
fn only_failures() {
    let limits = one(ten().only_failures());
    let stage = limits.stage();
    for (status, expected) in [(200, 10), (302, 10), (401, 9), (404, 8), (500, 7), (204, 7)] {
        assert!(answered(&stage, request(), status));
        assert_eq!(is_left(&limits), expected, "{status}");
    }
    let memo = enter(&stage, &mut request()).passed();
    let mut grpc = response(200);
    grpc.headers_mut().insert("grpc-status", http::HeaderValue::from_static("16"));
    stage.leave(memo, &mut grpc);
    assert_eq!(is_left(&limits), 6);
    assert_eq!((0..99).filter(|_| answered(&stage, request(), 401)).count(), 6);
    assert!(!answered(&stage, request(), 200), "also who knows the password waits now");
}

#[test]
fn only_successes_and_only_some() {
    let limits = one(ten().only_successes());
    for (status, expected) in [(500, 10), (404, 10), (201, 9)] {
        assert!(answered(&limits.stage(), request(), status));
        assert_eq!(is_left(&limits), expected, "{status}");
    }
    let limits = one(ten().only_status(|status| status == 404));
    for (status, expected) in [(500, 10), (404, 9), (201, 9)] {
        assert!(answered(&limits.stage(), request(), status));
        assert_eq!(is_left(&limits), expected, "{status}");
    }
    let limits = one(ten().only_failures().refund_status(|status| status.is_server_error()));
    for (status, expected) in [(500, 10), (404, 9), (201, 9)] {
        assert!(answered(&limits.stage(), request(), status));
        assert_eq!(is_left(&limits), expected, "{status}");
    }
}

#[test]
fn a_crowd_of_guesses_is_no_way_around() {
    let limits = one(ten().only_failures());
    let stage = limits.stage();
    let under_way: Vec<_> = (0..50).map(|_| enter(&stage, &mut request())).collect();
    let memos: Vec<_> = under_way.into_iter().filter(Seen::is_passed).collect();
    assert_eq!(memos.len(), 10);
}

/// What nobody has seen the end of is charged, but for permits.
#[test]
fn what_is_dropped_or_fails() {
    for (policy, dropped, failed) in [
        (ten(), 9, 8),
        (ten().only_failures(), 9, 8),
        (ten().only_successes(), 9, 9),
        (ten().only_status(|status| status == 200), 9, 8),
        (Quota::at_once(10).by(everyone()), 10, 10),
    ] {
        let printed = format!("{policy:?}");
        let limits = one(policy);
        let stage = limits.stage();
        drop(enter(&stage, &mut request()).passed());
        assert_eq!(is_left(&limits), dropped, "{printed}");
        stage.failed(enter(&stage, &mut request()).passed());
        assert_eq!(is_left(&limits), failed, "{printed}");
    }
}

#[test]
fn permits_come_back_with_the_answer() {
    let limits = one(Quota::at_once(2).by(everyone()));
    let stage = limits.stage();
    let one = enter(&stage, &mut request()).passed();
    let _other = enter(&stage, &mut request()).passed();
    assert!(!answered(&stage, request(), 200));
    stage.leave(one, &mut response(500));
    assert_eq!(passing(&stage, request, 5), 5);
}

#[test]
fn a_permit_comes_back_if_a_closure_of_a_policy_panics() {
    let limits = on(&ManualClock::new())
        .policy("slots", Quota::at_once(1).by(everyone()))
        .policy("odd", ten().only_status(|_| panic!("of a user")))
        .build()
        .unwrap();
    let stage = limits.stage();
    let memo = enter(&stage, &mut request()).passed();
    let leave = || stage.leave(memo, &mut response(200));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(leave)).is_err());
    assert_eq!(left(&limits, "slots", limits.writer("slots").unwrap().key()), 1);
}

#[test]
fn a_handler_says_what_it_cost() {
    let limits = one(Quota::per_hour(100).by(everyone()).cost_reported(30));
    let stage = limits.stage();
    let mut request = request();
    let memo = enter(&stage, &mut request).passed();
    let bill = request.extensions().get::<Bill>().unwrap().clone();
    assert_eq!(is_left(&limits), 70);
    bill.settle(5);
    assert_eq!(is_left(&limits), 95);
    bill.settle(50);
    assert_eq!(is_left(&limits), 50, "said again, it is not added");
    stage.leave(memo, &mut response(200));
    assert!(bill.settle_for("a", 90), "while the body is sent");
    assert_eq!(is_left(&limits), 10);
    assert!(!bill.settle_for("b", 90));
    bill.settle(u32::MAX);
    assert_eq!(is_left(&limits), 0);
}

#[test]
fn what_is_given_back_is_settled_for_good() {
    let policy = Quota::per_hour(100).by(everyone()).cost_reported(30);
    let limits = one(policy.refund_status(|status| status == 503));
    let stage = limits.stage();
    let mut request = request();
    let memo = enter(&stage, &mut request).passed();
    let bill = request.extensions().get::<Bill>().unwrap().clone();
    bill.settle(40);
    stage.leave(memo, &mut response(503));
    assert_eq!(is_left(&limits), 100);
    bill.settle(40);
    assert_eq!(is_left(&limits), 100);
}

#[test]
fn bills_of_two_stages_are_one() {
    let outer = one(Quota::per_hour(100).by(everyone()).cost_reported(30));
    let inner = one(Quota::per_hour(100).by(everyone()).cost_reported(10));
    let mut request = request();
    let _memos = (enter(&outer.stage(), &mut request), enter(&inner.stage(), &mut request));
    request.extensions().get::<Bill>().unwrap().settle(1);
    assert_eq!((is_left(&outer), is_left(&inner)), (99, 99));
}

#[test]
fn a_trial_gives_back_only_what_it_took() {
    let limits = one(Quota::per_hour(1).by(everyone()).only_failures().shadow());
    let stage = limits.stage();
    let taken = enter(&stage, &mut request()).passed();
    for _ in 0..3 {
        assert!(answered(&stage, request(), 200), "there was no room, and nothing comes back");
        assert_eq!(is_left(&limits), 0);
    }
    stage.leave(taken, &mut response(200));
    assert_eq!(is_left(&limits), 1);
}

/// Nothing is reserved: so the first one passes, and who comes after what was too much waits for it.
#[test]
fn nothing_need_be_reserved() {
    let clock = ManualClock::new();
    let policy = Quota::per_second(10).by(everyone()).cost_reported(0);
    let limits = on(&clock).policy("a", policy).build().unwrap();
    let stage = limits.stage();
    let spend = |cost| {
        let mut request = request();
        let seen = enter(&stage, &mut request);
        if seen.is_passed() {
            request.extensions().get::<Bill>().unwrap().settle(cost);
        }
        seen.is_passed()
    };
    assert!(spend(4) && spend(4));
    assert_eq!(is_left(&limits), 2);
    assert!(spend(8), "it is told afterwards");
    assert!(!spend(1), "and the next one waits");
    clock.advance(std::time::Duration::from_millis(600));
    assert!(spend(1));
}

/// A sink that panics costs an answer, and no permit.
#[test]
fn a_sink_that_panics_keeps_no_permit() {
    #[derive(Debug)]
    struct Bad;
    impl Sink for Bad {
        fn record(&self, _: &Record<'_>) -> bool {
            panic!("this sink is broken");
        }
    }
    let limits = on(&ManualClock::new())
        .audit(Audit::builder().sink(Bad).build().unwrap())
        .policy("trial", Quota::per_hour(1).by(everyone()).shadow())
        .policy("permits", Quota::at_once(2).by(everyone()))
        .build()
        .unwrap();
    let stage = limits.stage();
    assert!(answered(&stage, Request::new(()), 200));
    for _ in 0..5 {
        let broken = std::panic::AssertUnwindSafe(|| enter(&stage, &mut Request::new(())));
        assert!(std::panic::catch_unwind(broken).is_err(), "the trial is told of");
    }
    let key = limits.writer("permits").unwrap().key();
    assert_eq!(left(&limits, "permits", key), 2);
}
