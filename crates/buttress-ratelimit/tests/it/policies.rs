//! Which requests a policy is for, and that all of a stage are decided together.

use buttress_core::clock::ManualClock;
use buttress_core::key::key_fn;
use buttress_core::stage::{RequestHead, Stage};
use buttress_core::{Context, KeyFor, Principal, RequestContext};
use buttress_ratelimit::when::{
    self, addresses, method, methods, path, path_prefix, probe, when_fn,
};
use buttress_ratelimit::{
    GET, POST, PUT, Policy, Quota, address, api_key, classes, everyone, principal, tenant,
};
use http::Request;
use proptest::prelude::*;

use crate::support::{answered, enter, from, known, left, now, of, on, passing};

fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

fn post(path: &str) -> Request<()> {
    Request::post(path).body(()).unwrap()
}

#[test]
fn all_are_charged_or_none_is() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("wide", Quota::per_hour(10).by(everyone()))
        .policy("narrow", Quota::per_hour(1).by(address()))
        .policy("last", Quota::per_hour(10).by(everyone()))
        .build()
        .unwrap();
    let stage = limits.stage();
    assert_eq!(passing(&stage, || from("203.0.113.7"), 8), 1);
    for policy in ["wide", "last"] {
        let key = limits.writer(policy).unwrap().key();
        assert_eq!(
            left(&limits, policy, key),
            9,
            "{policy} was charged for what another one refused"
        );
    }
}

proptest! {
    /// Whatever is asked in which order: what is left of each quota is what it had, less what passed.
    #[test]
    fn no_refusal_burns_a_token(asked in prop::collection::vec((0_u8..3, 0_u8..3, any::<bool>()), 1..120)) {
        let clock = ManualClock::new();
        let limits = on(&clock)
            .policy("address", Quota::per_day(7).by(address()))
            .policy("key", Quota::per_day(5).by(api_key()))
            .policy("posts", Quota::per_day(11).by(everyone()).when(method(POST)))
            .build()
            .unwrap();
        let stage = limits.stage();
        let (mut addresses, mut keys, mut posts) = ([7_u32; 3], [5_u32; 3], 11_u32);
        for (at, key, posting) in asked {
            let request = Request::builder().method(if posting { POST } else { GET });
            let request = request.header("x-api-key", format!("k-{key}")).body(()).unwrap();
            let passes = answered(&stage, of(request, &format!("203.0.113.{at}")), 200);
            let (at, key) = (usize::from(at), usize::from(key));
            let has_room = addresses[at] > 0 && keys[key] > 0 && (!posting || posts > 0);
            prop_assert_eq!(passes, has_room);
            if passes {
                addresses[at] -= 1;
                keys[key] -= 1;
                posts -= u32::from(posting);
            }
        }
        for (key, expected) in keys.iter().enumerate() {
            let name = format!("k-{key}");
            let key = limits.writer("key").unwrap().api_key(name.as_str()).key();
            prop_assert_eq!(left(&limits, "key", key), *expected);
        }
        prop_assert_eq!(left(&limits, "posts", limits.writer("posts").unwrap().key()), posts);
    }
}

#[test]
fn before_and_after_authentication() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("address", Quota::per_hour(3).by(address()))
        .policy("person", Quota::per_hour(2).by(principal()))
        .policy("tenant", Quota::per_hour(9).by((address(), tenant())))
        .policy("own", Quota::per_hour(9).by(caller_of_its_own()).after_auth())
        .policy("early", Quota::per_hour(9).by(principal()).before_auth())
        .build()
        .unwrap();
    let (before, after) = (limits.before_auth(), limits.after_auth());
    let mut request = known(from("203.0.113.7"), "ada");
    let _memo = enter(&before, &mut request).passed();
    let network = request.context().unwrap().client().unwrap().network();
    let key = |policy| limits.writer(policy).unwrap();
    assert_eq!(left(&limits, "address", key("address").address(network).key()), 2);
    assert_eq!(left(&limits, "early", key("early").principal("ada").key()), 8);
    assert_eq!(left(&limits, "person", key("person").principal("ada").key()), 2);
    let _memo = enter(&after, &mut request).passed();
    assert_eq!(left(&limits, "address", key("address").address(network).key()), 2);
    assert_eq!(left(&limits, "person", key("person").principal("ada").key()), 1);
    assert_eq!(left(&limits, "own", key("own").text("ada").key()), 8);
    let both = before.then(limits.after_auth());
    assert!(matches!(both.enter(&mut request), buttress_core::stage::Decision::Pass(_)));
    assert!(matches!(both.enter(&mut request), buttress_core::stage::Decision::Refuse(..)));
}

fn caller_of_its_own() -> impl KeyFor {
    key_fn(|request: &dyn RequestHead, key| {
        let principal = request.context().and_then(RequestContext::principal);
        key.text(principal.map(Principal::id));
    })
}

#[test]
fn probes_and_exempt_requests_cost_nothing() {
    let clock = ManualClock::new();
    let limits = || {
        on(&clock)
            .policy("all", Quota::per_hour(1).by(everyone()))
            .exempt(path_prefix("/health"))
            .exempt(addresses(["10.0.0.0/8"]))
    };
    let marked = || {
        let mut request = get("/anything");
        drop(Context::default().enter(&mut request));
        request.context().unwrap().mark_probe();
        request
    };
    let stage = limits().build().unwrap().stage();
    assert_eq!(passing(&stage, || get("/health/live"), 5), 5);
    assert_eq!(passing(&stage, || from("10.9.8.7"), 5), 5);
    assert_eq!(passing(&stage, marked, 5), 5);
    assert_eq!(passing(&stage, || get("/healthy"), 5), 1);
    assert_eq!(passing(&limits().count_probes().build().unwrap().stage(), marked, 5), 1);
    assert!(probe().holds(&marked()) && !probe().holds(&get("/")));
}

#[test]
fn conditions_are_what_they_say() {
    let named = Request::get("https://API.example.org/").header("x-a", "1").body(()).unwrap();
    let hosted = Request::get("/").header("host", "api.example.org:8443").body(()).unwrap();
    for (condition, meant, not_meant) in [
        (methods([GET, PUT]), get("/"), post("/")),
        (path("/a"), get("/a?b"), get("/a/b")),
        (path("/a/"), get("/a/"), get("/")),
        (path_prefix("/a/"), get("/a"), get("/ab")),
        (path_prefix("/"), get("/anything"), get("/a/../b")),
        (when::has_header("x-a"), named.clone(), get("/")),
        (when::header("x-a", "1"), named.clone(), get("/")),
        (when::host("api.example.org"), named.clone(), get("/")),
        (when::host("API.EXAMPLE.ORG"), hosted.clone(), get("/")),
        (addresses(["203.0.113.0/24"]), from("203.0.113.7"), from("203.0.114.7")),
        (when_fn(|request: &dyn RequestHead| request.uri().query().is_some()), get("/?"), get("/")),
        (method(GET).and(path("/a")), get("/a"), post("/a")),
        (method(GET).or(path("/a")), post("/a"), post("/b")),
        (method(GET).not(), post("/"), get("/")),
    ] {
        assert!(condition.holds(&meant), "{condition:?}");
        assert!(condition.not().holds(&not_meant) || !path_is_plain(&not_meant));
    }
}

fn path_is_plain(request: &Request<()>) -> bool {
    !request.uri().path().contains("..")
}

/// Who writes a path in another way neither gets round a limit nor into an exemption.
#[test]
fn a_path_in_another_way_helps_nobody() {
    let clock = ManualClock::new();
    let odd = [
        "/login/../login",
        "//login",
        "/./login",
        "/%6cogin",
        "/a/../login",
        "/login%2f..%2flogin",
        "/login/",
        "/login//",
        "/login/.",
    ];
    for written in odd {
        let limits = on(&clock).policy("a", Quota::per_hour(1).by(everyone()).when(path("/login")));
        let stage = limits.build().unwrap().stage();
        assert_eq!(passing(&stage, || get(written), 3), 1, "{written}");
        let exempt =
            on(&clock).policy("a", Quota::per_hour(1).by(everyone())).exempt(path("/login"));
        let stage = exempt.build().unwrap().stage();
        assert_eq!(passing(&stage, || get(written), 3), 1, "{written}");
        let denying =
            on(&clock).policy("a", Quota::per_hour(1).by(everyone())).deny(path("/login"));
        let stage = denying.build().unwrap().stage();
        assert_eq!(passing(&stage, || get(written), 3), 0, "{written}");
    }
    let limits = on(&clock).policy("a", Quota::per_hour(1).by(everyone()).when(path("/login")));
    let stage = limits.build().unwrap().stage();
    assert_eq!(passing(&stage, || get("/files/a%2fb"), 3), 3, "it is another path in any case");
    assert_eq!(passing(&stage, || get("/files/login"), 3), 3);
}

#[test]
fn a_trial_counts_and_refuses_nobody() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("trial", Quota::per_hour(2).by(everyone()).shadow())
        .policy("real", Quota::per_hour(4).by(everyone()))
        .build()
        .unwrap();
    assert_eq!(passing(&limits.stage(), || get("/"), 9), 4);
    let trial = limits.writer("trial").unwrap().key();
    assert_eq!(left(&limits, "trial", trial), 0, "it has counted");
    let all = on(&clock).policy("a", Quota::per_hour(2).by(everyone())).shadow().build().unwrap();
    assert_eq!(passing(&all.stage(), || get("/"), 9), 9);
    let _ = now(all.peek("a", all.writer("a").unwrap().key()).unwrap());
}

#[test]
fn what_is_said_twice_has_to_hold_twice() {
    let clock = ManualClock::new();
    let one = |policy: fn(Policy) -> Policy| {
        let policy = policy(Quota::per_hour(1).by(everyone()));
        on(&clock).policy("a", policy).build().unwrap().stage()
    };
    let both =
        one(|policy| policy.when(method(POST)).when(path("/a")).unless(when::has_header("x-b")));
    assert_eq!(passing(&both, || post("/b"), 3), 3);
    assert_eq!(passing(&both, || get("/a"), 3), 3);
    assert_eq!(passing(&both, || post("/a"), 3), 1);
    let with = || Request::post("/a").header("x-b", "").body(()).unwrap();
    assert_eq!(passing(&both, with, 3), 3);
}

#[test]
fn costs_add_up() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("single", Quota::per_hour(10).by(everyone()).cost(3))
        .policy(
            "own",
            Quota::per_hour(100)
                .by(everyone())
                .cost_by(|request| u32::try_from(request.uri().path().len()).unwrap()),
        )
        .build()
        .unwrap();
    assert_eq!(passing(&limits.stage(), || get("/1234"), 9), 3);
    let key = |policy| limits.writer(policy).unwrap().key();
    assert_eq!(left(&limits, "single", key("single")), 1);
    assert_eq!(left(&limits, "own", key("own")), 85);
}

#[test]
fn classes_are_for_what_they_say() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("reads", classes::reads())
        .policy("mutations", classes::mutations())
        .policy("uploads", classes::uploads())
        .policy("logins", classes::logins("/login"))
        .build()
        .unwrap();
    let stage = limits.stage();
    let with_type = |kind: &'static str| {
        move || {
            let request = Request::put("/files/7").header("content-type", kind).body(()).unwrap();
            of(request, "203.0.113.8")
        }
    };
    assert_eq!(passing(&stage, || from("203.0.113.7"), 99), 60);
    assert_eq!(passing(&stage, || of(post("/orders"), "203.0.113.7"), 99), 20);
    assert_eq!(passing(&stage, with_type("Multipart/Form-Data; boundary=x"), 99), 10);
    assert_eq!(
        passing(&stage, with_type("application/json"), 99),
        10,
        "no file, so the rest of mutations"
    );
    let login = || of(post("/login"), "203.0.113.9");
    assert_eq!((0..99).filter(|_| answered(&stage, login(), 401)).count(), 10);
}
