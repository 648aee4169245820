//! Quotas are replaced while requests come; counters stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use buttress_core::Fault;
use buttress_core::clock::ManualClock;
use buttress_core::stage::Stage;
use buttress_ratelimit::{Algorithm, Quota, RateLimit, RateLimitSettings, address, everyone};
use buttress_testkit::log::Log;
use http::Request;

use crate::support::{SECOND, answered, enter, left, on, passing, response};

fn limits(clock: &ManualClock) -> RateLimit {
    on(clock)
        .policy("all", Quota::per_hour(10).by(everyone()).cost(2))
        .policy("address", Quota::per_minute(60).by(address()))
        .build()
        .unwrap()
}

#[test]
fn counters_stay() {
    let clock = ManualClock::new();
    let limits = limits(&clock);
    assert_eq!(passing(&limits.stage(), || Request::new(()), 2), 2);
    let key = limits.writer("all").unwrap().key();
    assert_eq!(left(&limits, "all", key), 6);
    limits.replace([("all", Quota::per_hour(20))]).unwrap();
    assert_eq!(limits.quota("all"), Some(Quota::per_hour(20)));
    let now = left(&limits, "all", key);
    assert!((12..20).contains(&now), "what was taken is remembered: {now}");
    assert!(answered(&limits.stage(), Request::new(()), 200));
}

#[test]
fn what_stays_is_what_the_algorithm_remembers() {
    for (algorithm, is_left) in [(Algorithm::Gcra, 0), (Algorithm::FixedWindow, 10)] {
        let clock = ManualClock::new();
        let quota = |count| Quota::per_minute(count).algorithm(algorithm);
        let limits = on(&clock).policy("all", quota(10).by(everyone())).build().unwrap();
        let key = limits.writer("all").unwrap().key();
        assert_eq!(passing(&limits.stage(), || Request::new(()), 11), 10);
        limits.replace([("all", quota(20))]).unwrap();
        assert_eq!(left(&limits, "all", key), is_left, "{algorithm}");
        clock.advance(SECOND * 60);
        assert_eq!(left(&limits, "all", key), 20, "{algorithm}");
    }
}

#[test]
fn the_new_numbers_hold_at_once_for_all_clones() {
    let clock = ManualClock::new();
    let limits = limits(&clock);
    let stage = limits.stage();
    limits
        .clone()
        .replace([("all", Quota::per_hour(2)), ("address", Quota::per_minute(9))])
        .unwrap();
    assert_eq!(passing(&stage, || Request::new(()), 5), 1);
    clock.advance(SECOND * 3_600);
    assert_eq!(passing(&stage, || Request::new(()), 5), 1);
    // And those that come after them.
    limits.replace([("all", Quota::per_hour(4))]).unwrap();
    clock.advance(SECOND * 3_600);
    assert_eq!(passing(&stage, || Request::new(()), 5), 2);
}

/// What is told is never more than there can be by the quota beside it.
#[test]
fn a_response_tells_the_quotas_that_count_when_it_leaves() {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("all", Quota::per_minute(60).by(everyone()));
    let limits = limits.headers_on_success().build().unwrap();
    let stage = limits.stage();
    let memo = enter(&stage, &mut Request::new(())).passed();
    limits.replace([("all", Quota::per_minute(6))]).unwrap();
    let mut response = response(200);
    stage.leave(memo, &mut response);
    assert_eq!(response.headers()["ratelimit-policy"], r#""all";q=6;w=60"#);
    assert_eq!(response.headers()["ratelimit"], r#""all";r=6;t=1"#);
}

#[test]
fn a_bad_set_is_refused_whole_with_all_reasons() {
    let clock = ManualClock::new();
    let limits = limits(&clock);
    let error = limits
        .replace([
            ("all", Quota::per_hour(1)),
            ("address", Quota::per_hour(5).algorithm(Algorithm::FixedWindow)),
            ("address", Quota::per_hour(5)),
            ("adress", Quota::per_hour(5)),
        ])
        .unwrap_err();
    let told: Vec<_> = error.faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "policies.all.cost: is 2, and there is never more than 1 at once",
            "policies.address.quota.algorithm: cannot become `fixed_window`: its counters are those of `gcra`",
            "policies.address: is there twice",
            "policies.adress: there is no policy of this name",
        ]
    );
    assert_eq!(limits.quota("address"), Some(Quota::per_minute(60)), "nothing of it was taken");
    let error = limits.replace([("address", Quota::per_minute(60).queue(SECOND))]).unwrap_err();
    assert_eq!(error.faults()[0].path(), "policies.address.quota.queue");
}

#[test]
fn from_settings_too() {
    let clock = ManualClock::new();
    let limits = limits(&clock);
    let settings = |quota: &str| -> RateLimitSettings {
        let json = format!(
            r#"{{ "policies": [{{ "name": "all", "quota": "{quota}", "by": "everyone" }}] }}"#
        );
        serde_json::from_str(&json).unwrap()
    };
    limits.replace_from(&settings("7/minute")).unwrap();
    assert_eq!(limits.quota("all"), Some(Quota::per_minute(7)));
    let error = limits.replace_from(&settings("seven")).unwrap_err();
    assert_eq!(error.faults()[0].path(), "policies[0].quota");
    assert!(limits.replace_from(&settings("0/minute")).is_err());
    assert_eq!(limits.quota("all"), Some(Quota::per_minute(7)));
}

/// What is wrong with a file is told at once, and each at its place there, as when it was read first.
#[test]
fn a_file_that_is_wrong_is_told_whole_and_by_its_own_names() {
    let settings = |text: &str| toml::from_str::<RateLimitSettings>(text).unwrap();
    let before = r#"
        policies = [
            { name = "a", quota = "9/h", by = "everyone" },
            { name = "b", quota = { count = 9, period_ms = 1000 }, by = "everyone", cost = 5 },
            { name = "b.quota", quota = "9/h", by = "everyone" },
        ]
        classes = [{ class = "reads", quota = "9/h" }]
    "#;
    let limits = settings(before).build().unwrap();
    let wrong = |text: &str| {
        let error = limits.replace_from(&settings(text)).unwrap_err();
        let paths = error.faults().iter().map(|fault| fault.path().to_owned());
        (paths.collect::<Vec<_>>(), error.to_string())
    };
    let (paths, told) = wrong(
        r#"
            policies = [
                { name = "a", quota = "9/fortnight", by = "everyone" },
                { name = "b", quota = { count = 4, period_ms = 1000, queue_ms = 5 }, by = "everyone" },
                { name = "b.quota", quota = "9/h fixed_window", by = "everyone" },
                { name = "new", quota = { count = 0, burst = 0 }, by = "everyone" },
            ]
            classes = [{ class = "reads", quota = "0/s queue 999d" }]
        "#,
    );
    let expected = [
        "policies[0].quota",
        "policies[3].quota.count",
        "policies[3].quota.burst",
        "policies[3].quota.period_ms",
        "classes[0].quota",
        "policies[1].cost",
        "policies[1].quota.queue_ms",
        "policies[2].quota",
    ];
    assert_eq!(paths, expected, "{told}");
    let reason = "`0/s queue 999d` makes no limit: its count must be at least 1: to refuse \
                  everything, refuse it; its queue must be at most 366 days";
    assert!(told.contains(reason), "{told}");
    assert_eq!(limits.quota("a"), Some(Quota::per_hour(9)), "nothing of it was taken");
    let twice = before.replace("b.quota", "a");
    assert_eq!(wrong(&twice).0, ["policies[2]"]);
}

/// A file names what stands in it, and not what a builder calls it.
#[test]
fn penalties_of_a_file_are_told_by_its_names() {
    let text = r#"policies = [{ name = "a", quota = "9/s", by = "everyone", penalty = {
        refusals = 0, within_s = 0, lasts_s = 9, at_most_s = 8, forgiven_after_s = 0 } }]"#;
    let settings: RateLimitSettings = toml::from_str(&text.replace('\n', "")).unwrap();
    let error = settings.build().unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    let names = ["refusals", "within_s", "forgiven_after_s", "at_most_s"];
    assert_eq!(paths, names.map(|name| format!("policies[0].penalty.{name}")));
}

/// A policy that the file has got since is no reason to keep the old numbers of all others.
#[test]
fn a_policy_that_is_new_in_the_file_blocks_no_change() {
    let settings = |text: &str| serde_json::from_str::<RateLimitSettings>(text).unwrap();
    let before = settings(r#"{ "policies": [{ "name": "a", "quota": "9/h", "by": "everyone" }] }"#);
    let after = settings(
        r#"{ "policies": [
            { "name": "new", "quota": "1/s", "by": "address" },
            { "name": "a", "quota": "20/h", "by": "everyone" }
        ], "classes": [{ "class": "reads" }] }"#,
    );
    let limits = before.build().unwrap();
    let log = Log::of("buttress");
    let listening = log.listen();
    limits.replace_from(&after).unwrap();
    drop(listening);
    assert_eq!(limits.quota("a"), Some(Quota::per_hour(20)));
    assert_eq!(limits.quota("new"), None);
    let told = log.take();
    assert!(told[0].contains("after a restart") && told[0].ends_with("policies=\"new, reads\""));
    // One that makes no limit is refused all the same, and all with it.
    let wrong = settings(
        r#"{ "policies": [
            { "name": "a", "quota": "30/h", "by": "everyone" },
            { "name": "new", "quota": "many", "by": "address" }
        ] }"#,
    );
    assert!(limits.replace_from(&wrong).is_err());
    assert_eq!(limits.quota("a"), Some(Quota::per_hour(20)));
}

#[test]
fn requests_and_changes_at_once() {
    let clock = ManualClock::new();
    let limits = limits(&clock);
    let done = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let changes = (limits.clone(), done.clone());
        scope.spawn(move || {
            for at in 0..2_000 {
                let quota = if at % 2 == 0 { Quota::per_hour(4) } else { Quota::per_hour(8) };
                changes.0.replace([("all", quota)]).unwrap();
            }
            changes.1.store(true, Ordering::Relaxed);
        });
        let mut passed = 0;
        while !done.load(Ordering::Relaxed) {
            passed += passing(&limits.stage(), || Request::new(()), 10);
        }
        // Two each, of ten at the start, then of four or eight: what was once taken stays taken.
        assert!(passed <= 5, "{passed}");
    });
}
