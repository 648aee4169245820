//! What responses say of quotas, in each form.

use std::time::Duration;

use buttress_core::clock::{ManualClock, Timestamp};
use buttress_core::key::{KeySeed, Keyer};
use buttress_core::stage::Stage;
use buttress_ratelimit::when::method;
use buttress_ratelimit::{
    HeaderForm, POST, Quota, RateLimit, RateLimitBuilder, address, api_key, everyone,
};
use buttress_testkit::allocations;
use http::{HeaderMap, HeaderValue, Request};

use crate::support::{Seen, enter, from, of, on, response};

const MINUTE: Duration = Duration::from_secs(60);

/// The headers of the `nth` response, refused or not.
fn nth(limits: &RateLimit, nth: usize, request: impl Fn() -> Request<()>) -> HeaderMap {
    let stage = limits.stage();
    let mut headers = HeaderMap::new();
    for _ in 0..nth {
        let mut response = response(200);
        let memo = match enter(&stage, &mut request()) {
            Seen::Passed(memo) => Some(memo),
            Seen::Refused(problem, memo) => {
                response = problem.render(None);
                memo
            }
        };
        if let Some(memo) = memo {
            stage.leave(memo, &mut response);
        }
        headers = response.headers().clone();
    }
    headers
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    let told = headers.iter().filter(|(name, _)| {
        name.as_str().contains("ratelimit") || *name == http::header::RETRY_AFTER
    });
    let mut lines: Vec<_> =
        told.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

fn two(clock: &ManualClock) -> RateLimitBuilder {
    on(clock)
        .policy("burst", Quota::per_second(20).burst(60).by(address()))
        .policy("daily", Quota::per_day(1_000).by(address()))
        .headers_on_success()
}

fn ada() -> Request<()> {
    from("203.0.113.7")
}

#[test]
fn structured_fields_tell_of_each_policy() {
    let clock = ManualClock::new();
    let limits = two(&clock).build().unwrap();
    assert_eq!(
        lines(&nth(&limits, 1, ada)),
        [
            r#"ratelimit-policy: "burst";q=60;w=3, "daily";q=1000;w=86400"#,
            r#"ratelimit: "burst";r=59;t=1, "daily";r=999;t=87"#,
        ]
    );
    // In the same moment: the one that refuses has nothing, and says when it has.
    assert_eq!(
        lines(&nth(&limits, 60, ada)),
        [
            r#"ratelimit-policy: "burst";q=60;w=3, "daily";q=1000;w=86400"#,
            r#"ratelimit: "burst";r=0;t=1, "daily";r=940;t=5184"#,
            "retry-after: 1",
        ]
    );
}

#[test]
fn only_what_was_asked_is_told() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("all", Quota::per_minute(9).by(everyone()))
        .policy("writes", Quota::per_minute(2).by(everyone()).when(method(POST)))
        .policy("trial", Quota::per_minute(2).by(everyone()).shadow())
        .policy("slots", Quota::at_once(4).by(everyone()))
        .headers_on_success()
        .build()
        .unwrap();
    let read = nth(&limits, 1, || Request::new(()));
    assert_eq!(read["ratelimit-policy"], r#""all";q=9;w=60, "slots";q=4;qu="concurrent-requests""#);
    let post = nth(&limits, 1, || Request::post("/").body(()).unwrap());
    let told = post["ratelimit"].to_str().unwrap();
    // Nobody knows when somebody gives a slot back: "in no time" would be a lie. Its own is back with the answer.
    assert_eq!(told, r#""all";r=7;t=14, "writes";r=1;t=30, "slots";r=4"#);
}

#[test]
fn by_itself_only_refusals_tell() {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("a", Quota::per_minute(1).by(everyone())).build().unwrap();
    assert!(lines(&nth(&limits, 1, || Request::new(()))).is_empty());
    let refused = lines(&nth(&limits, 1, || Request::new(())));
    assert_eq!(
        refused,
        [r#"ratelimit-policy: "a";q=1;w=60"#, r#"ratelimit: "a";r=0;t=60"#, "retry-after: 60"]
    );

    let silent = on(&clock).policy("a", Quota::per_minute(1).by(everyone())).headers([]);
    let silent = silent.build().unwrap();
    assert_eq!(lines(&nth(&silent, 2, || Request::new(()))), ["retry-after: 60"]);
}

#[test]
fn older_forms_tell_of_the_tightest() {
    let clock = ManualClock::new();
    clock.set_wall(Timestamp::from_millis(1_700_000_000_001));
    let as_in = |forms: &[HeaderForm]| {
        let limits = two(&clock).headers(forms.iter().copied()).build().unwrap();
        (lines(&nth(&limits, 1, ada)), lines(&nth(&limits, 60, ada)))
    };
    let (first, refused) = as_in(&[HeaderForm::Combined]);
    assert_eq!(first, ["ratelimit-policy: 60;w=3", "ratelimit: limit=60, remaining=59, reset=1"]);
    assert_eq!(
        refused,
        ["ratelimit-policy: 60;w=3", "ratelimit: limit=60, remaining=0, reset=1", "retry-after: 1"]
    );
    let (first, _) = as_in(&[HeaderForm::Separate]);
    assert_eq!(
        first,
        [
            "ratelimit-limit: 60",
            "ratelimit-policy: 60;w=3",
            "ratelimit-remaining: 59",
            "ratelimit-reset: 1"
        ]
    );
    let (first, _) = as_in(&[HeaderForm::XRateLimit]);
    assert_eq!(
        first,
        ["x-ratelimit-limit: 60", "x-ratelimit-remaining: 59", "x-ratelimit-reset: 1"]
    );
    let (first, _) = as_in(&[HeaderForm::XRateLimitAt, HeaderForm::Structured]);
    assert_eq!(first[4], "x-ratelimit-reset: 1700000002");
}

/// The draft asks for it: whoever divides what is left by the time until it is more must not come out too fast.
#[test]
fn a_window_is_as_long_as_its_quota_takes() {
    let told = |quota: Quota| {
        let limits = RateLimit::builder().policy("a", quota.by(everyone())).headers_on_success();
        let headers = nth(&limits.build().unwrap(), 1, || Request::new(()));
        headers["ratelimit-policy"].to_str().unwrap().to_owned()
    };
    assert_eq!(told(Quota::per_minute(100).burst(200)), r#""a";q=200;w=120"#);
    assert_eq!(told(Quota::per_second(3).burst(10)), r#""a";q=10;w=4"#, "rounded up");
    assert_eq!(told(Quota::per(Duration::from_millis(100), 5)), r#""a";q=5;w=1"#);
    assert_eq!(
        told(Quota::per(MINUTE * 7, 5).algorithm(buttress_ratelimit::Algorithm::FixedWindow)),
        r#""a";q=5;w=420"#
    );
}

#[test]
fn partition_keys_tell_keys_apart_and_nothing_else() {
    let clock = ManualClock::new();
    let seed: KeySeed = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
    let limits = on(&clock)
        .policy("per-key", Quota::per_minute(9).by(api_key()))
        .keyer(Keyer::from(seed))
        .partition_keys()
        .headers_on_success()
        .build()
        .unwrap();
    let told = |key: &'static str| {
        let request = move || Request::get("/").header("x-api-key", key).body(()).unwrap();
        let headers = nth(&limits, 1, request);
        headers["ratelimit"].to_str().unwrap().split_once(";pk=").unwrap().1.to_owned()
    };
    let (one, other) = (told("k-17"), told("k-18"));
    assert_ne!(one, other);
    assert_eq!(one, told("k-17"));
    assert!(one.starts_with(':') && one.ends_with(':') && one.len() == 18, "{one}");
    let stored = limits.writer("per-key").unwrap().api_key("k-17").key();
    let shown = base64(&one[1..17]);
    assert_ne!(shown, stored.to_bytes()[..12], "what clients see is in no store");
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sixes = text
        .bytes()
        .map(|c| u32::try_from(ALPHABET.iter().position(|a| *a == c).unwrap()).unwrap());
    let sixes: Vec<_> = sixes.collect();
    sixes
        .chunks(4)
        .flat_map(|four| {
            let bits = four.iter().fold(0, |bits, six| bits << 6 | six);
            bits.to_be_bytes()[1..].to_vec()
        })
        .collect()
}

#[test]
fn two_stages_tell_of_both() {
    let clock = ManualClock::new();
    let one = |name| {
        let limits = on(&clock).policy(name, Quota::per_minute(9).by(everyone()));
        limits.headers_on_success().build().unwrap().stage()
    };
    let both = one("outer").then(one("inner"));
    let mut request = Request::new(());
    let buttress_core::stage::Decision::Pass(memo) = both.enter(&mut request) else { panic!() };
    let mut response = response(200);
    both.leave(memo, &mut response);
    let told: Vec<_> = response.headers().get_all("ratelimit").iter().collect();
    assert_eq!(told, [r#""inner";r=8;t=7"#, r#""outer";r=8;t=7"#]);
}

#[test]
fn what_a_handler_says_stays() {
    let clock = ManualClock::new();
    let limits =
        two(&clock).headers([HeaderForm::Separate, HeaderForm::XRateLimit]).build().unwrap();
    let stage = limits.stage();
    let memo = enter(&stage, &mut ada()).passed();
    let mut response = response(200);
    response.headers_mut().insert("ratelimit-limit", HeaderValue::from_static("7"));
    stage.leave(memo, &mut response);
    assert_eq!(response.headers()["ratelimit-limit"], "7");
    assert!(!response.headers().contains_key("ratelimit-remaining"));
    assert_eq!(response.headers()["x-ratelimit-limit"], "60");
}

#[test]
fn headers_take_two_allocations_at_most() {
    let clock = ManualClock::new();
    let writes = Quota::per_minute(10).by(address()).when(method(POST));
    for limits in [two(&clock), two(&clock).policy("writes", writes)] {
        assert_two_allocations_at_most(&limits.build().unwrap());
    }
}

fn assert_two_allocations_at_most(limits: &RateLimit) {
    let stage = limits.stage();
    // What never changes is shared from its first use on.
    nth(limits, 1, ada);
    for _ in 0..3 {
        let mut request = of(Request::new(()), "203.0.113.7");
        let mut response = response(200);
        response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
        let run = || {
            let memo = enter(&stage, &mut request).passed();
            stage.leave(memo, &mut response);
        };
        allocations::assert_at_most(2, run);
    }
}

/// Permits come back when somebody is done, and nobody knows when that is: a time of zero would say to come at once.
#[test]
fn permits_have_no_time_in_older_forms() {
    let clock = ManualClock::new();
    for (form, expected) in [
        (HeaderForm::Combined, &["ratelimit-policy: 1"][..]),
        (
            HeaderForm::Separate,
            &["ratelimit-limit: 1", "ratelimit-policy: 1", "ratelimit-remaining: 0"][..],
        ),
        (HeaderForm::XRateLimit, &["x-ratelimit-limit: 1", "x-ratelimit-remaining: 0"][..]),
        (HeaderForm::XRateLimitAt, &["x-ratelimit-limit: 1", "x-ratelimit-remaining: 0"][..]),
    ] {
        let slots = Quota::at_once(1).by(everyone());
        let limits = on(&clock).policy("slots", slots).headers([form]).build().unwrap();
        let stage = limits.stage();
        let _held = enter(&stage, &mut ada()).passed();
        let refused = enter(&stage, &mut ada()).problem().render(None);
        assert_eq!(lines(refused.headers()), expected, "{form:?}");
    }
}
