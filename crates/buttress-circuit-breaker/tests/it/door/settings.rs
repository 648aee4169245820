//! Settings: in code, in files, and while calls are made.

use buttress_circuit_breaker::{
    Breaker, CircuitBreaker, CircuitBreakerSettings, Force, Mode, Over, Rule, State,
};
use buttress_core::clock::{ManualClock, ms, secs};
use buttress_core::outcome::Outcome;
use buttress_core::{BuildError, Fault, HealthStatus, Probe};

use super::builder;

fn paths(error: &BuildError) -> Vec<&str> {
    error.faults().iter().map(Fault::path).collect()
}

fn read(text: &str) -> CircuitBreakerSettings {
    toml::from_str(text).unwrap()
}

fn fail(breaker: &Breaker) {
    breaker.try_enter().unwrap().settle(Outcome::Failure);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let builder = CircuitBreaker::when(Rule::failure_rate(0, Over::Calls(0), 0))
        .failures_in(secs(1))
        .count_hanging(ManualClock::new())
        .named("")
        .open_for(secs(0)..=secs(1))
        .jitter(101)
        .lease(secs(0))
        .slow(secs(0))
        .stable_after(secs(0))
        .ramp_up(secs(0))
        .follow_retry_after(secs(0))
        .close_after(0);
    let error = builder.check().unwrap_err();
    assert_eq!(paths(&error)[..3], ["name", "failures_in", "count_hanging"]);
    for path in ["open_for", "jitter", "lease", "slow", "stable_after", "ramp_up", "close_after"] {
        assert!(paths(&error).contains(&path), "{path}: {error}");
    }
    assert_eq!(paths(&builder.build().unwrap_err()), paths(&error));
    let many = (0..9).fold(CircuitBreaker::after(1), |builder, n| builder.or(Rule::InARow(n + 2)));
    assert_eq!(paths(&many.build().unwrap_err()), ["rules"]);
}

#[test]
fn an_empty_file_has_the_defaults() {
    let breaker = read("").builder().unwrap().build().unwrap().breaker().clone();
    for _ in 0..4 {
        fail(&breaker);
    }
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
    let left = breaker.snapshot().remaining().unwrap();
    assert!(left <= ms(1_100), "{left:?}");
    assert!(!breaker.critical());
}

#[test]
fn a_file_says_all_that_a_builder_does() {
    let settings = read(
        r#"
        failures = 3
        failures_in_ms = 60_000
        rules = [
            { in_a_row = 7 },
            { failures = { n = 10, within_ms = 1_000 } },
            { failure_rate = { percent = 50, over = { ms = 10_000 }, at_least = 20 } },
            { slow_rate = { percent = 80, over = { calls = 100 }, at_least = 50 } },
            { throttled = { n = 5, within_ms = 1_000 } },
        ]
        open_ms = 2_000
        open_at_most_ms = 8_000
        jitter_percent = 0
        stable_after_ms = 60_000
        follow_retry_after_ms = 30_000
        probes = 2
        close_after = 3
        lease_ms = 5_000
        ramp_up_ms = 10_000
        slow_ms = 750
        abandoned = "ignore"
        exact_counts = true
        mode = "metrics_only"
        critical = true
        "#,
    );
    let by_hand = CircuitBreaker::after(3)
        .failures_in(secs(60))
        .or(Rule::InARow(7))
        .or(Rule::failures(10, secs(1)))
        .or(Rule::failure_rate(50, Over::Time(secs(10)), 20))
        .or(Rule::slow_rate(80, Over::Calls(100), 50))
        .or(Rule::throttled(5, secs(1)))
        .open_for(secs(2)..=secs(8))
        .jitter(0)
        .stable_after(secs(60))
        .follow_retry_after(secs(30))
        .probes(2)
        .close_after(3)
        .lease(secs(5))
        .ramp_up(secs(10))
        .slow(ms(750))
        .abandoned(buttress_circuit_breaker::Abandoned::Ignore)
        .exact_counts(true)
        .mode(Mode::MetricsOnly)
        .health(HealthStatus::Down);
    assert_eq!(format!("{:?}", settings.builder().unwrap()), format!("{by_hand:?}"));
    let breaker = settings.builder().unwrap().build().unwrap().breaker().clone();
    assert_eq!((breaker.state(), breaker.critical()), (State::MetricsOnly, true));
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<CircuitBreakerSettings>(&text).unwrap(), settings);
}

#[test]
fn what_a_file_must_not_say_is_refused() {
    for text in ["failure = 5", "mode = 'on'", "rules = [{ streak = 3 }]", "probes = 300"] {
        assert!(toml::from_str::<CircuitBreakerSettings>(text).is_err(), "{text}");
    }
}

/// Where it stands in the file, that is: `failures` are no part of the list there.
#[test]
fn a_file_is_told_where_it_is_wrong() {
    for (text, expected) in [
        ("failures = 0", ["failures"].as_slice()),
        ("failures_in_ms = 0", &["failures_in_ms"]),
        ("failures = 0\nfailures_in_ms = 0", &["failures", "failures_in_ms"]),
        ("failures = 5\nrules = [{ in_a_row = 5 }, { in_a_row = 0 }]", &["rules[1].in_a_row"]),
        ("rules = [{ in_a_row = 5 }, { in_a_row = 0 }]", &["rules[1].in_a_row"]),
        (
            "failures = 5\nrules = [{ throttled = { n = 0, within_ms = 0 } }]",
            &["rules[0].throttled.n", "rules[0].throttled.within_ms"],
        ),
        (
            "rules = [{ slow_rate = { percent = 0, over = { ms = 0 }, at_least = 0 } }]",
            &[
                "rules[0].slow_rate.percent",
                "rules[0].slow_rate.at_least",
                "rules[0].slow_rate.over",
            ],
        ),
        ("rules = [{ in_a_row = 5 }]\nfailures_in_ms = 9", &["failures_in_ms"]),
        ("open_ms = 0", &["open_ms"]),
        ("open_ms = 99_000_000", &["open_ms"]),
        ("open_ms = 0\nopen_at_most_ms = 9", &["open_ms"]),
        ("open_ms = 9\nopen_at_most_ms = 8", &["open_at_most_ms"]),
        ("open_at_most_ms = 99_000_000", &["open_at_most_ms"]),
        (
            "jitter_percent = 101\nstable_after_ms = 0\nfollow_retry_after_ms = 0",
            &["jitter_percent", "stable_after_ms", "follow_retry_after_ms"],
        ),
        ("lease_ms = 0\nramp_up_ms = 0\nslow_ms = 0", &["lease_ms", "ramp_up_ms", "slow_ms"]),
    ] {
        assert_eq!(paths(&read(text).builder().unwrap_err()), expected, "{text}");
    }
}

#[test]
fn a_bad_change_is_refused_whole() {
    let breaker = builder(2, &ManualClock::new()).build().unwrap().breaker().clone();
    fail(&breaker);
    let error =
        breaker.reconfigure(&read("failures = 0\nprobes = 0\ncritical = true")).unwrap_err();
    assert_eq!(paths(&error), ["failures", "probes"]);
    assert!(!breaker.critical());
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open, "by the old rules, and with what they counted");
}

#[test]
fn a_good_change_holds_for_the_next_call() {
    let breaker = builder(5, &ManualClock::new()).build().unwrap().breaker().clone();
    let before = breaker.try_enter().unwrap();
    breaker.reconfigure(&read("failures = 1\ncritical = true")).unwrap();
    assert!(breaker.critical());
    before.settle(Outcome::Failure);
    assert_eq!(breaker.state(), State::Closed, "it began by the old ones");
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
    breaker.reconfigure(&read("failures = 2")).unwrap();
    assert_eq!(breaker.state(), State::Open, "the state stays");
}

/// What an operator said stays, unless the settings say something else than they did before.
#[test]
fn a_mode_is_taken_on_where_it_changes() {
    let breaker = builder(5, &ManualClock::new()).build().unwrap().breaker().clone();
    breaker.force(Force::Open);
    breaker.reconfigure(&read("failures = 3")).unwrap();
    assert_eq!(breaker.state(), State::ForcedOpen);
    breaker.reconfigure(&read("mode = 'metrics_only'")).unwrap();
    assert_eq!(breaker.state(), State::MetricsOnly);
    breaker.force(Force::Open);
    breaker.force(Force::Release);
    assert_eq!(breaker.state(), State::MetricsOnly, "as the settings say, and not closed");
    breaker.reconfigure(&read("mode = 'off'")).unwrap();
    assert_eq!(breaker.state(), State::Disabled);
    breaker.reconfigure(&read("")).unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

#[cfg(feature = "schemars")]
#[test]
fn there_is_a_schema() {
    let schema = schemars::schema_for!(CircuitBreakerSettings);
    let schema = serde_json::to_string(&schema).unwrap();
    for name in ["failures_in_ms", "slow_rate", "metrics_only", "failure_if_slow", "at_least"] {
        assert!(schema.contains(name), "{name}");
    }
}

/// What a wall made fit stays so, whatever a file says later.
#[test]
fn a_wall_holds_each_change_to_its_times() {
    let clock = ManualClock::new();
    let wall = builder(1, &clock).in_a_wall(Some(secs(4)), secs(5)).build().unwrap();
    let breaker = wall.breaker();
    breaker.reconfigure(&read("failures = 1")).unwrap();
    let mut hangs = breaker.try_enter().unwrap();
    hangs.waits();
    clock.advance(secs(3));
    drop(hangs);
    assert_eq!(breaker.state(), State::Open, "half of four seconds is slow, and not ten seconds");

    let error = breaker.reconfigure(&read("lease_ms = 4_999")).unwrap_err();
    assert_eq!(paths(&error), ["lease_ms"]);
}
