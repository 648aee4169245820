//! What an answer to somebody banned says of quotas.

use buttress_core::clock::{ManualClock, Timestamp};
use buttress_ratelimit::{HeaderForm, Penalty, Quota, RateLimit, everyone};
use http::{HeaderMap, Request};

use super::{one, text};
use crate::support::{SECOND, answered, enter, on};

/// What an answer is told that refuses.
fn refusal(limits: &RateLimit) -> HeaderMap {
    enter(&limits.stage(), &mut Request::new(())).problem().render(None).headers().clone()
}

/// Whoever is banned is told so like anybody else who is refused, and the two times agree.
#[test]
fn a_ban_is_told_with_its_own_time() {
    let clock = ManualClock::new();
    let strict = Quota::per_second(1).by(everyone()).penalty(Penalty::after(2).lasts(SECOND * 60));
    let limits = one(&clock, strict).policy("b", Quota::per_hour(9).by(everyone()));
    let limits = limits.build().unwrap();
    assert!(answered(&limits.stage(), Request::new(()), 200));
    let all = [&told_of(&refusal(&limits))[..], &told_of(&refusal(&limits))];
    let both = r#""a";q=1;w=1, "b";q=9;w=3600"#;
    assert_eq!(all[0], ["1", r#""a";r=0;t=1, "b";r=8;t=400"#, both]);
    assert_eq!(all[1], ["60", r#""a";r=0;t=60, "b";r=8;t=400"#, both], "this one imposes it");
    clock.advance(SECOND * 20);
    let banned = told_of(&refusal(&limits));
    assert_eq!(banned, ["40", r#""a";r=0;t=40"#, r#""a";q=1;w=1"#], "the other is not asked");
}

fn told_of(headers: &HeaderMap) -> [String; 3] {
    ["retry-after", "ratelimit", "ratelimit-policy"].map(|name| text(headers, name).to_owned())
}

#[test]
fn a_ban_is_told_in_older_forms_too() {
    let clock = ManualClock::new();
    clock.set_wall(Timestamp::from_millis(1_700_000_000_000));
    let strict = || Quota::per_hour(1).by(everyone()).penalty(Penalty::after(1).lasts(SECOND * 60));
    for (form, name, expected) in [
        (HeaderForm::Combined, "ratelimit", "limit=1, remaining=0, reset=3600"),
        (HeaderForm::Combined, "ratelimit-policy", "1;w=3600"),
        (HeaderForm::Separate, "ratelimit-remaining", "0"),
        (HeaderForm::Separate, "ratelimit-reset", "3600"),
        (HeaderForm::XRateLimit, "x-ratelimit-remaining", "0"),
        (HeaderForm::XRateLimit, "x-ratelimit-reset", "3600"),
        (HeaderForm::XRateLimitAt, "x-ratelimit-reset", "1700003600"),
    ] {
        let limits = one(&clock, strict()).headers([form]).build().unwrap();
        assert!(answered(&limits.stage(), Request::new(()), 200));
        for _ in 0..2 {
            let banned = refusal(&limits);
            assert_eq!(text(&banned, name), expected, "{form:?}: the quota is full for longer");
            assert_eq!(text(&banned, "retry-after"), "3600");
        }
    }
    let silent = on(&clock).policy("a", strict()).headers([]).build().unwrap();
    assert!(answered(&silent.stage(), Request::new(()), 200));
    assert!((0..2).all(|_| !refusal(&silent).contains_key("ratelimit")));
}

/// Of permits nobody knows when one comes back, but a ban has an end.
#[test]
fn a_ban_of_permits_has_a_time() {
    let slots = Quota::at_once(1).by(everyone()).penalty(Penalty::after(2).lasts(SECOND * 60));
    let limits = one(&ManualClock::new(), slots).build().unwrap();
    let _held = enter(&limits.stage(), &mut Request::new(())).passed();
    assert_eq!(text(&refusal(&limits), "ratelimit"), r#""a";r=0"#);
    for _ in 0..2 {
        assert_eq!(text(&refusal(&limits), "ratelimit"), r#""a";r=0;t=60"#);
    }
}

/// Before a ban ends nothing has room, and before a quota has none, either: both are told, and the later one where only
/// one can be.
#[test]
fn a_ban_beside_a_quota_that_waits_longer() {
    let told = |form| {
        let strict =
            Quota::per_minute(1).by(everyone()).penalty(Penalty::after(1).lasts(SECOND * 90));
        let limits = one(&ManualClock::new(), strict).headers([form]);
        let limits = limits.policy("daily", Quota::per_day(1).by(everyone())).build().unwrap();
        assert!(answered(&limits.stage(), Request::new(()), 200));
        refusal(&limits)
    };
    let banned = told(HeaderForm::Structured);
    assert_eq!(text(&banned, "ratelimit"), r#""a";r=0;t=90, "daily";r=0;t=86400"#);
    assert_eq!(text(&banned, "retry-after"), "86400");
    let banned = told(HeaderForm::Combined);
    assert_eq!(text(&banned, "ratelimit"), "limit=1, remaining=0, reset=86400");
}
