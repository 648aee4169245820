//! What `application/health+json` tells those who may see it: as much as our own shape.

use std::time::Duration;

use buttress_core::Health;
use buttress_core::clock::{ManualClock, Timestamp};
use buttress_health::{Check, HealthChecks};
use buttress_testkit::poll::Wakes;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, ask, hanging};

const TOKEN: &str = "a-token-of-some-length";

fn ask_for(health: &HealthChecks, path: &str, token: Option<&str>) -> Answer {
    let mut request = Request::get(path).header("accept", "application/health+json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    ask(health, request.body(()).unwrap())
}

fn sorted(answer: &Answer) -> Vec<String> {
    let mut keys: Vec<_> = answer.json()["checks"].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    keys
}

/// A check that was run once, one that hangs, and one thing inside.
fn health(clock: &ManualClock) -> HealthChecks {
    clock.set_wall(Timestamp::from_millis(1_795_247_160_123));
    let database = Check::of("db", || async {
        Health::degraded("replica is behind")
            .with_detail("lag", "3 s")
            .with_detail("password", "x1")
    });
    let health = HealthChecks::builder()
        .clock(clock.clone())
        .summary(true)
        .check(database.critical().group("orders").tag("team-a"))
        .check(hanging("mail").degrading())
        .live("worker", || Health::degraded("token=abcdef0123456789").with_detail("queue", "7"))
        .details_for_token(TOKEN.to_owned())
        .build()
        .unwrap();
    let wakes = Wakes::new();
    for mut task in health.tasks(clock) {
        assert!(wakes.poll(&mut task).is_pending());
    }
    health
}

#[test]
fn readiness_leaves_nothing_out() {
    let clock = ManualClock::new();
    let health = health(&clock);
    clock.advance(Duration::from_secs(12));
    let answer = ask_for(&health, "/ready", Some(TOKEN));
    let report = answer.json();
    let time = "2026-11-21T07:46:00.123Z";
    assert_eq!(
        report["checks"]["db:responseTime"],
        json!([{
            "componentType": "component",
            "status": "warn",
            "state": "degraded",
            "critical": true,
            "importance": "critical",
            "groups": ["orders"],
            "tags": ["team-a"],
            "observedValue": 0.0,
            "observedUnit": "ms",
            "time": time,
            "lastSuccess": time,
            "since": time,
            "output": "replica is behind",
            "details": { "lag": "3 s", "password": "***" },
        }])
    );
    let mail = &report["checks"]["mail:responseTime"][0];
    assert_eq!((&mail["state"], &mail["importance"]), (&"pending".into(), &"degrading".into()));
    let uptime = &report["checks"]["uptime"][0];
    assert_eq!((&uptime["observedValue"], &uptime["observedUnit"]), (&12.into(), &"s".into()));
    assert!(uptime["time"].is_string());
    for name in ["perSecond", "p50", "p95", "p99"] {
        let measured = &report["checks"][format!("requests:{name}")][0];
        assert!(measured["observedValue"].is_number(), "{name}: {measured}");
    }

    // A group is told of alone, and as it is now.
    let of_group = ask_for(&health, "/ready/orders", Some(TOKEN));
    assert!(!sorted(&of_group).contains(&"mail:responseTime".to_owned()));
    assert_eq!(of_group.json()["checks"]["db:responseTime"], report["checks"]["db:responseTime"]);
}

#[test]
fn liveness_tells_of_what_is_inside() {
    let health = health(&ManualClock::new());
    let answer = ask_for(&health, "/health", Some(TOKEN));
    assert_eq!((answer.status(), answer.word()), (200, "pass".into()));
    assert_eq!(sorted(&answer), ["uptime", "worker:liveness"]);
    let worker = &answer.json()["checks"]["worker:liveness"][0];
    let of = |name: &str| worker[name].clone();
    assert_eq!((of("status"), of("state")), ("warn".into(), "degraded".into()));
    assert_eq!((of("output"), of("details")), ("token=***".into(), json!({ "queue": "7" })));
    assert!(of("time").is_string());
}

#[test]
fn others_see_none_of_it() {
    let health = health(&ManualClock::new());
    for token in [None, Some("another-token-of-some-length")] {
        assert_eq!(ask_for(&health, "/ready", token).body, r#"{"status":"warn"}"#);
        assert_eq!(sorted(&ask_for(&health, "/health", token)), ["uptime"]);
    }
}

/// What the shown status has no output for is not lost.
#[test]
fn a_pass_has_no_output() {
    let clock = ManualClock::new();
    let builder = HealthChecks::builder().clock(clock.clone()).insecure_details_for_everyone();
    let first = std::sync::atomic::AtomicBool::new(true);
    let odd = Check::of("odd", move || {
        let is_first = first.swap(false, std::sync::atomic::Ordering::Relaxed);
        async move { if is_first { Health::up() } else { Health::down("gone") } }
    });
    let odd = odd.fall(2).every(Duration::from_secs(1));
    let health = builder.version("1.2.3").check(odd).build().unwrap();
    let wakes = Wakes::new();
    let mut tasks: Vec<_> = health.tasks(&clock).collect();
    for _ in 0..2 {
        for task in &mut tasks {
            assert!(wakes.poll(task).is_pending());
        }
        let report = ask_for(&health, "/ready", None).json();
        assert_eq!((&report["status"], report.get("output")), (&"pass".into(), None));
        assert_eq!((&report["version"], &report["releaseId"]), (&"1.2.3".into(), &"1.2.3".into()));
        let odd = &report["checks"]["odd:responseTime"][0];
        assert_eq!((&odd["status"], odd.get("output")), (&"pass".into(), None));
        clock.advance(Duration::from_millis(1_200));
    }
    let report = ask_for(&health, "/ready", None).json();
    assert_eq!(report["checks"]["odd:responseTime"][0]["message"], "gone");
    let live = ask_for(&health, "/health", None).json();
    assert_eq!((&live["version"], &live["releaseId"]), (&"1.2.3".into(), &"1.2.3".into()));
    let plain = ask(&health, Request::get("/health").body(()).unwrap()).json();
    assert_eq!(plain.get("releaseId"), None);
}

/// A member that stands twice is read by each parser in its own way.
#[test]
fn of_equal_names_the_last_one_counts() {
    let twice = || {
        let health = Health::up().with_detail("a", "1").with_detail("b", "2");
        let health = (0..10).fold(health, |health, at| health.with_detail("a", at.to_string()));
        health.with_detail("c", "3")
    };
    let clock = ManualClock::new();
    let builder = HealthChecks::builder().clock(clock.clone()).insecure_details_for_everyone();
    let check = Check::of("db", move || async move { twice() });
    let health = builder.live("worker", twice).check(check).build().unwrap();
    for mut task in health.tasks(&clock) {
        assert!(Wakes::new().poll(&mut task).is_pending());
    }
    for (path, accept) in [
        ("/ready", "application/health+json"),
        ("/ready", "application/json"),
        ("/health", "application/health+json"),
        ("/health", "application/json"),
    ] {
        let request = Request::get(path).header("accept", accept).body(()).unwrap();
        let answer = ask(&health, request);
        let text = str::from_utf8(&answer.body).unwrap();
        assert!(text.contains(r#""details":{"a":"9","b":"2","c":"3"}"#), "{path} {accept}: {text}");
    }
}

#[test]
fn without_any_check_it_is_whole() {
    let health = HealthChecks::builder().insecure_details_for_everyone().build().unwrap();
    for path in ["/ready", "/health"] {
        assert_eq!(sorted(&ask_for(&health, path, None)), ["uptime"], "{path}");
    }
    let checks: Value = ask_for(&health, "/ready", None).json()["checks"].clone();
    assert_eq!(checks["uptime"][0]["status"], "pass");
}
