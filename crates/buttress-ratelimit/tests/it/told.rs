//! What an answer says of quotas is what is left once it is settled.

mod bans;

use buttress_core::Context;
use buttress_core::clock::ManualClock;
use buttress_core::key::MissingKey::Refuse;
use buttress_core::stage::{RequestHead, Stage};
use buttress_ratelimit::when::path_prefix;
use buttress_ratelimit::{
    Algorithm, Bill, HeaderForm, Policy, Quota, RateLimit, RateLimitBuilder, api_key, classes,
    everyone,
};
use http::{HeaderMap, Request};

use crate::guide::guide;
use crate::support::{SECOND, Seen, answered, enter, now, on, response};

const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingCounter, Algorithm::SlidingLog];

fn ten(algorithm: Algorithm) -> Policy {
    Quota::per(SECOND * 100, 10).algorithm(algorithm).by(everyone())
}

fn one(clock: &ManualClock, policy: Policy) -> RateLimitBuilder {
    on(clock).policy("a", policy).headers_on_success()
}

/// What a request is told that is answered so.
fn told(limits: &RateLimit, status: u16) -> HeaderMap {
    let stage = limits.stage();
    let memo = enter(&stage, &mut Request::new(())).passed();
    let mut response = response(status);
    stage.leave(memo, &mut response);
    response.headers().clone()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

/// How much is left, and in how many seconds it is whole.
fn stands(limits: &RateLimit) -> (u64, u64) {
    let standing = now(limits.peek("a", limits.writer("a").unwrap().key()).unwrap()).standings()[0];
    let seconds = standing.resets_in().as_nanos().div_ceil(1_000_000_000);
    (standing.remaining().into(), seconds.try_into().unwrap())
}

/// The same as an answer says it.
fn said(headers: &HeaderMap) -> (u64, u64) {
    let told = text(headers, "ratelimit");
    let mut numbers = told.split(';').skip(1).map(|piece| piece[2..].parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn a_charge_that_came_back_is_told_as_left() {
    for algorithm in ALGORITHMS {
        for cost in [1, 3] {
            let clock = ManualClock::new();
            let policy = ten(algorithm).cost(cost).only_failures();
            let limits = one(&clock, policy).build().unwrap();
            let untouched = stands(&limits);
            assert_eq!(said(&told(&limits, 200)), untouched, "{algorithm}: nobody has taken any");
            assert_eq!(said(&told(&limits, 401)), stands(&limits), "{algorithm}: it counts");
            clock.advance(SECOND * 3);
            let (remaining, whole) = said(&told(&limits, 200));
            assert_eq!(remaining, stands(&limits).0, "{algorithm}");
            assert!(whole >= stands(&limits).1, "{algorithm}: {whole} is too soon");
            if matches!(algorithm, Algorithm::Gcra | Algorithm::FixedWindow) {
                assert_eq!(whole, stands(&limits).1, "{algorithm}");
            }
        }
    }
}

#[test]
fn whatever_gives_it_back() {
    type Counts = fn(Policy) -> Policy;
    let counts: [(Counts, u16, u16); 4] = [
        (Policy::only_failures, 200, 401),
        (Policy::only_successes, 422, 201),
        (|policy| policy.only_status(|status| status == 404), 200, 404),
        (|policy| policy.refund_status(|status| status.is_server_error()), 503, 200),
    ];
    for (counts, back, counted) in counts {
        let limits = one(&ManualClock::new(), counts(ten(Algorithm::Gcra))).build().unwrap();
        assert_eq!(text(&told(&limits, counted), "ratelimit"), r#""a";r=9;t=10"#);
        assert_eq!(text(&told(&limits, back), "ratelimit"), r#""a";r=9;t=10"#);
    }
}

#[test]
fn older_forms_tell_the_same() {
    let in_form = |form, name| {
        let policy = ten(Algorithm::FixedWindow).only_failures();
        let limits = one(&ManualClock::new(), policy).headers([form]).build().unwrap();
        let first = told(&limits, 200);
        assert!(answered(&limits.stage(), Request::new(()), 401));
        [first, told(&limits, 200)].map(|headers| text(&headers, name).to_owned())
    };
    let combined = in_form(HeaderForm::Combined, "ratelimit");
    assert_eq!(combined, ["limit=10, remaining=10, reset=0", "limit=10, remaining=9, reset=100"]);
    assert_eq!(in_form(HeaderForm::Separate, "ratelimit-remaining"), ["10", "9"]);
    assert_eq!(in_form(HeaderForm::Separate, "ratelimit-reset"), ["0", "100"]);
    for form in [HeaderForm::XRateLimit, HeaderForm::XRateLimitAt] {
        assert_eq!(in_form(form, "x-ratelimit-remaining"), ["10", "9"]);
    }
}

/// Of several policies each is told as it stands; and a key is told beside it.
#[test]
fn of_several_policies_only_what_came_back() {
    let limits = one(&ManualClock::new(), ten(Algorithm::Gcra))
        .policy("failures", Quota::per_hour(4).by(everyone()).only_failures())
        .policy("slots", Quota::at_once(2).by(everyone()))
        .build()
        .unwrap();
    let back = told(&limits, 200);
    assert_eq!(text(&back, "ratelimit"), r#""a";r=9;t=10, "failures";r=4;t=0, "slots";r=2"#);
    let counted = told(&limits, 401);
    assert_eq!(text(&counted, "ratelimit"), r#""a";r=8;t=20, "failures";r=3;t=900, "slots";r=2"#);

    let policy = ten(Algorithm::Gcra).only_failures();
    let keyed = one(&ManualClock::new(), policy).partition_keys().build().unwrap();
    assert!(text(&told(&keyed, 200), "ratelimit").starts_with(r#""a";r=10;t=0;pk=:"#));
}

/// A permit is there again with the head of the answer; those of others are not.
#[test]
fn permits_are_told_as_they_are_with_the_answer() {
    let policy = Quota::at_once(3).by(everyone());
    let limits = one(&ManualClock::new(), policy).build().unwrap();
    let _held = enter(&limits.stage(), &mut Request::new(())).passed();
    assert_eq!(text(&told(&limits, 200), "ratelimit"), r#""a";r=2"#);
}

/// What a handler reports before its answer leaves, be it more than was reserved or less, or than there is.
#[test]
fn reported_costs_are_told_as_they_are_then() {
    for algorithm in ALGORITHMS {
        for (reserved, said_to_cost) in [(4, 1), (1, 4), (0, 4), (4, 0), (4, 4), (4, 99), (0, 0)] {
            let clock = ManualClock::new();
            let policy = ten(algorithm).cost_reported(reserved);
            let limits = one(&clock, policy).build().unwrap();
            for _ in 0..2 {
                let stage = limits.stage();
                let mut request = Request::new(());
                let memo = enter(&stage, &mut request).passed();
                clock.advance(SECOND);
                request.extensions().get::<Bill>().unwrap().settle(said_to_cost);
                let mut response = response(200);
                stage.leave(memo, &mut response);
                let ((told, whole), is) = (said(response.headers()), stands(&limits));
                let case =
                    format!("{algorithm}, {reserved}, {said_to_cost}: {told}, {whole}, {is:?}");
                assert!(whole >= is.1, "{case}");
                assert_eq!(told, is.0, "{case}");
                if is.0 == 0 {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_reported_cost_that_comes_back_is_told_as_left() {
    let policy = ten(Algorithm::Gcra).cost_reported(2).only_failures();
    let limits = one(&ManualClock::new(), policy).build().unwrap();
    let stage = limits.stage();
    let mut request = Request::new(());
    let memo = enter(&stage, &mut request).passed();
    request.extensions().get::<Bill>().unwrap().settle(5);
    let mut response = response(200);
    stage.leave(memo, &mut response);
    assert_eq!(said(response.headers()), (10, 0));
    assert_eq!(stands(&limits), (10, 0));
}

/// Nor a policy that is only tried out.
#[test]
fn what_no_quota_has_decided_tells_of_none() {
    let silent = |request: Request<()>| {
        let limits = one(&ManualClock::new(), ten(Algorithm::Gcra).when(path_prefix("/a")))
            .policy(
                "key",
                ten(Algorithm::Gcra).by(api_key()).when(path_prefix("/key")).missing(Refuse),
            )
            .policy("trial", ten(Algorithm::Gcra).shadow())
            .exempt(path_prefix("/a/exempt"))
            .deny(path_prefix("/a/denied"));
        let (limits, mut request) = (limits.build().unwrap(), request);
        let stage = limits.stage();
        let headers = match enter(&stage, &mut request) {
            Seen::Passed(memo) => {
                let mut response = response(200);
                stage.leave(memo, &mut response);
                response.headers().clone()
            }
            Seen::Refused(problem, _) => problem.render(None).headers().clone(),
        };
        !headers.keys().any(|name| name.as_str().starts_with("ratelimit"))
    };
    let get = |path: &str| Request::get(path).body(()).unwrap();
    for path in ["/", "/a/exempt", "/a/denied", "/key"] {
        assert!(silent(get(path)), "{path}");
    }
    let mut probe = get("/a");
    // The context keeps nothing that its memo would give back.
    drop(Context::default().enter(&mut probe));
    assert!(!silent(get("/a")));
    probe.context().unwrap().mark_probe();
    assert!(silent(probe));
}

#[test]
fn a_sliding_counter_is_whole_after_twice_its_window() {
    let limits = one(&ManualClock::new(), ten(Algorithm::SlidingCounter)).build().unwrap();
    let first = told(&limits, 200);
    assert_eq!(text(&first, "ratelimit-policy"), r#""a";q=10;w=100"#);
    assert_eq!(text(&first, "ratelimit"), r#""a";r=9;t=200"#);
}

#[test]
fn the_refusal_of_the_guide() {
    let quota = classes::logins("/login").quota(Quota::per_hour(3));
    let limits = on(&ManualClock::new()).policy("logins", quota).build().unwrap();
    let login = || Request::post("/login").body(()).unwrap();
    assert!((0..3).all(|_| answered(&limits.stage(), login(), 401)));
    let refused = enter(&limits.stage(), &mut login()).problem().render(None);
    for name in ["retry-after", "ratelimit", "ratelimit-policy"] {
        let line = format!("{name}: {}", text(refused.headers(), name));
        assert!(guide("ratelimit.md").lines().any(|told| told == line), "{line}");
    }
}
