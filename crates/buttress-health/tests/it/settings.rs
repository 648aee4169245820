//! Wrong settings are told all at once.

use std::time::Duration;

use buttress_health::{Check, HealthChecks, HealthChecksBuilder, HealthSettings};

use crate::support::{ask, get, hanging};

fn paths(error: &buttress_core::BuildError) -> Vec<&str> {
    error.faults().iter().map(buttress_core::Fault::path).collect()
}

#[test]
fn a_file_may_say_everything() {
    let settings: HealthSettings = serde_json::from_str(
        r#"{
            "paths": { "live": ["/livez"], "ready": ["/readyz"], "startup": [] },
            "version": "1.2.3",
            "service": "shop",
            "details": { "networks": ["10.0.0.0/8"], "tokens": ["0123456789abcdef"] },
            "checks": {
                "deadline_ms": 500, "interval_ms": 1000, "jitter_percent": 0, "fall": 3, "rise": 2,
                "stale_after_ms": 9000
            },
            "summary": true,
            "max_watchers": 5
        }"#,
    )
    .unwrap();
    let written = serde_json::to_string(&settings).unwrap();
    assert!(!written.contains("0123456789abcdef"), "a secret is not written: {written}");
    let health = settings.build().unwrap();
    assert_eq!(ask(&health, get("/livez")).json()["version"], "1.2.3");
    assert_eq!(ask(&health, get("/readyz")).status(), 200);
}

#[test]
fn what_is_unknown_is_refused() {
    assert!(serde_json::from_str::<HealthSettings>(r#"{ "path": {} }"#).is_err());
    assert!(serde_json::from_str::<HealthSettings>(r#"{ "details": { "token": "a" } }"#).is_err());
}

#[test]
fn all_that_is_wrong_is_told() {
    let error = HealthChecks::builder()
        .version("v".repeat(129))
        .service("the shop")
        .ready_paths(["ready", "/health"])
        .details_for_networks(["10.0.0/8"])
        .details_for_token("short".to_owned())
        .check(hanging("a").deadline(Duration::ZERO).every(Duration::ZERO).fall(0).rise(0))
        .check(hanging("a"))
        .check(hanging("").group("a b").tag(""))
        .check(hanging("old").stale_after(Duration::from_secs(13)))
        .build()
        .unwrap_err();
    assert_eq!(
        paths(&error),
        [
            "paths.ready[0]",
            "paths.ready[1]",
            "version",
            "service",
            "details.networks[0]",
            "details.tokens[0]",
            "checks.a.deadline",
            "checks.a.every",
            "checks.a.fall",
            "checks.a.rise",
            "checks.a",
            "checks.",
            "checks..group",
            "checks..tag",
            "checks.old.stale_after",
        ]
    );
    assert!(!error.to_string().contains("short"), "{error}");
}

#[test]
fn the_defaults_of_checks_are_looked_at_too() {
    let settings =
        r#"{ "checks": { "deadline_ms": 0, "interval_ms": 1, "jitter_percent": 101, "rise": 0 } }"#;
    let settings: HealthSettings = serde_json::from_str(settings).unwrap();
    let error = settings.build().unwrap_err();
    assert_eq!(
        paths(&error),
        ["checks.rise", "checks.jitter_percent", "checks.deadline_ms", "checks.interval_ms"]
    );
}

#[test]
fn a_default_age_is_looked_at_once_and_without_any_check() {
    let old = r#"{ "checks": { "interval_ms": 10000, "stale_after_ms": 5000 } }"#;
    let old: HealthSettings = serde_json::from_str(old).unwrap();
    let error = old.clone().build().unwrap_err();
    assert_eq!(paths(&error), ["checks.stale_after_ms"]);
    let builder = HealthChecksBuilder::from(old).check(hanging("a")).check(hanging("b"));
    assert_eq!(paths(&builder.build().unwrap_err()), ["checks.stale_after_ms"]);

    let right = r#"{ "checks": { "interval_ms": 1000, "stale_after_ms": 5000 } }"#;
    let right: HealthSettings = serde_json::from_str(right).unwrap();
    let slow = hanging("slow").every(Duration::from_secs(10));
    let builder = HealthChecksBuilder::from(right).check(slow).check(hanging("b"));
    assert_eq!(paths(&builder.build().unwrap_err()), ["checks.slow.stale_after"]);
}

#[test]
fn settings_can_be_compared() {
    let tokens = |token| -> HealthSettings {
        serde_json::from_value(serde_json::json!({ "details": { "tokens": [token] } })).unwrap()
    };
    assert_eq!(tokens("0123456789abcdef"), tokens("0123456789abcdef"));
    assert_ne!(tokens("0123456789abcdef"), tokens("0123456789abcdeg"));
}

#[test]
fn a_time_that_is_very_long_breaks_nothing() {
    let check = Check::of("a", std::future::pending).every(Duration::MAX).deadline(Duration::MAX);
    assert!(HealthChecks::builder().check(check).build().is_ok());
}

#[cfg(feature = "schemars")]
#[test]
fn the_settings_have_a_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(HealthSettings)).unwrap();
    for name in ["paths", "version", "service", "details", "checks", "summary", "max_watchers"] {
        assert!(schema["properties"][name].is_object(), "{name}");
    }
}
