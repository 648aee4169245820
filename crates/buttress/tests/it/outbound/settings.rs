//! What contradicts itself is told, all at once, before the first call.

use buttress::circuit_breaker::CircuitBreakerBuilder;
use buttress::clock::TokioTimer;
use buttress::overload::adaptive::{Adaptive, Gradient};
use buttress::overload::bulkhead::BulkheadBuilder;
use buttress::overload::shed::Shed;
use buttress::overload::throttle::Throttle;
use buttress::prelude::*;
use buttress::{BuildError, Outbound, OutboundBuilder, OutboundSettings};

fn wrong(builder: OutboundBuilder) -> Vec<String> {
    paths(&builder.build())
}

fn paths(built: &Result<Outbound, BuildError>) -> Vec<String> {
    let error = built.as_ref().unwrap_err();
    error.faults().iter().map(|fault| fault.path().to_owned()).collect()
}

fn to() -> OutboundBuilder {
    Outbound::to("payments")
}

fn breaker() -> CircuitBreakerBuilder {
    CircuitBreaker::after(5)
}

#[test]
fn every_wrong_setting_is_told_at_once_with_its_path() {
    let all = Outbound::to("")
        .deadline(secs(0))
        .throttle(Throttle::builder().times(0.5))
        .adaptive(Adaptive::by(Gradient::new().between(9, 8)))
        .shed(Shed::of(0))
        .retry(Retry::up_to(0))
        .hedge(Hedge::after(ms(0)))
        .circuit_breaker(CircuitBreaker::after(0))
        .bulkhead(0)
        .attempt_timeout(secs(0));
    let expected = [
        "name",
        "deadline",
        "attempt_timeout",
        "throttle.times",
        "adaptive.between",
        "adaptive.starting_at",
        "shed.limit",
        "retry.tries",
        "retry.hedge.after",
        "circuit_breaker.rules[0]",
        "bulkhead.permits",
    ];
    assert_eq!(wrong(all), expected);
}

#[test]
fn what_never_happens_is_a_fault() {
    let late = to().deadline(secs(5)).attempt_timeout(secs(5));
    assert_eq!(wrong(late), ["attempt_timeout"]);
    assert!(to().deadline(secs(5)).attempt_timeout(ms(4_999)).build().is_ok());

    let slow = Retry::up_to(3).backoff(Backoff::exponential(secs(5)).max(secs(9)));
    assert_eq!(wrong(to().deadline(secs(5)).retry(slow)), ["retry.backoff"]);

    let hedge = to().attempt_timeout(secs(1)).hedge(Hedge::after(secs(1)));
    assert_eq!(wrong(hedge), ["hedge"]);
    let hedged = Retry::up_to(3).hedge(Hedge::after(secs(1)));
    assert_eq!(wrong(to().attempt_timeout(secs(1)).retry(hedged)), ["retry.hedge"]);

    // Nobody has said how long a call may take: it ends all the same.
    assert_eq!(wrong(to().attempt_timeout(secs(30))), ["attempt_timeout"]);
    assert!(to().without_deadline().attempt_timeout(secs(30)).build().is_ok());
}

#[test]
fn a_probe_has_its_place_for_as_long_as_it_may_take() {
    let lasting = |time| to().deadline(secs(60)).attempt_timeout(time);
    assert_eq!(wrong(lasting(secs(31)).circuit_breaker(breaker())), ["circuit_breaker.lease"]);
    assert!(lasting(secs(31)).circuit_breaker(breaker().lease(secs(31))).build().is_ok());

    // It is let pass before it waits for its permit.
    let queued = |breaker| {
        let queued = |bulkhead: BulkheadBuilder<_>| bulkhead.queue(8, secs(2), TokioTimer);
        lasting(secs(29)).bulkhead_with(queued).circuit_breaker(breaker)
    };
    assert_eq!(wrong(queued(breaker())), ["circuit_breaker.lease"]);
    assert!(queued(breaker().lease(secs(31))).build().is_ok());
    assert!(queued(breaker()).deadline(secs(30)).build().is_ok(), "there it is over before");
}

/// Else a probe of a dependency that takes 40 s loses its place after 30, and the breaker never hears that it is well.
#[test]
fn without_an_attempt_timeout_it_is_the_deadline_that_a_lease_has_to_last_for() {
    let lasting = |time| to().deadline(time).circuit_breaker(breaker());
    assert_eq!(wrong(lasting(secs(120))), ["circuit_breaker.lease"]);
    assert!(lasting(secs(30)).build().is_ok());
    assert!(to().circuit_breaker(breaker()).build().is_ok(), "30 s by default, both of them");
    assert_eq!(wrong(to().circuit_breaker(breaker().lease(secs(29)))), ["circuit_breaker.lease"]);
    let long = to().deadline(secs(120)).circuit_breaker(breaker().lease(secs(120)));
    assert!(long.build().is_ok());
    assert!(to().deadline(secs(120)).build().is_ok(), "a breaker that opens by hand alone");
    assert!(to().without_deadline().circuit_breaker(breaker()).build().is_ok(), "nobody knows");
}

#[test]
fn what_is_held_until_bodies_end_has_to_be_there() {
    assert_eq!(wrong(to().permits_until_body_ends()), ["permits_until_body_ends"]);
    assert!(to().bulkhead(8).permits_until_body_ends().build().is_ok());
}

/// Who reads the file looks for the names that stand there.
#[test]
fn faults_of_a_file_have_its_names() {
    let settings: OutboundSettings = serde_json::from_str(
        r#"{
            "name": "payments",
            "deadline_ms": 0,
            "throttle": { "window_ms": 0 },
            "adaptive": { "least": 0, "measured_every_ms": 0, "slow_ms": 0 },
            "shed": {
                "limit": { "starting_at": 2000, "tolerance": 9 }, "target_ms": 0, "queue": 9999999, "at_most_ms": 0
            },
            "bulkhead": { "queue": 9999999, "at_most_ms": 0 },
            "attempt_timeout_ms": 0
        }"#,
    )
    .unwrap();
    assert_eq!(
        paths(&settings.build()),
        [
            "deadline_ms",
            "attempt_timeout_ms",
            "throttle.window_ms",
            "adaptive.least",
            "adaptive.measured_every_ms",
            "adaptive.slow_ms",
            "shed.limit.starting_at",
            "shed.limit.tolerance",
            "shed.queue",
            "shed.at_most_ms",
            "shed.target_ms",
            "bulkhead.queue",
            "bulkhead.at_most_ms",
        ]
    );
    assert_eq!(paths(&settings.builder().unwrap().build()), paths(&settings.build()));
}

/// The same of what does not fit together.
#[test]
fn contradictions_of_a_file_have_its_names() {
    let of = |settings: &str| {
        let settings: OutboundSettings = serde_json::from_str(settings).unwrap();
        paths(&settings.build())
    };
    let late =
        r#"{ "name": "payments", "deadline_ms": 100, "attempt_timeout_ms": 100, "retry": {} }"#;
    assert_eq!(of(late), ["attempt_timeout_ms", "retry.backoff.first_ms"]);
    let hedged =
        r#"{ "name": "payments", "deadline_ms": 500, "retry": { "hedge": { "after_ms": 500 } } }"#;
    assert_eq!(of(hedged), ["retry.hedge.after_ms"]);
    let lease = r#"{ "name": "payments", "attempt_timeout_ms": 5000, "circuit_breaker": { "lease_ms": 4000 } }"#;
    assert_eq!(of(lease), ["circuit_breaker.lease_ms"]);
    let either = r#"{ "name": "payments", "deadline_ms": 500, "without_deadline": true }"#;
    assert_eq!(of(either), ["without_deadline"]);
}

#[test]
fn what_nothing_bounds_is_a_fault() {
    let unbounded = |tries| Retry::up_to(tries).budget(Budget::dangerous_unlimited());
    assert_eq!(wrong(to().retry(unbounded(4))), ["retry.budget"]);
    assert!(to().retry(unbounded(3)).build().is_ok());
    assert!(to().retry(Retry::up_to(4)).build().is_ok());
    assert!(to().deadline(secs(5)).retry(unbounded(4)).build().is_ok());
}

#[test]
fn settings_of_a_file_make_the_same_wall() {
    let settings: OutboundSettings = serde_json::from_str(
        r#"{
            "name": "payments",
            "deadline_ms": 30000,
            "throttle": {},
            "adaptive": {},
            "shed": { "limit": 64 },
            "retry": { "hedge": { "percentile": 95 } },
            "circuit_breaker": { "failures": 5, "critical": true },
            "bulkhead": { "permits": 8 },
            "permits_until_body_ends": true,
            "attempt_timeout_ms": 5000,
            "render_refusals": true
        }"#,
    )
    .unwrap();
    let wall = settings.build().unwrap();
    assert_eq!((wall.name(), wall.bulkhead().unwrap().limit()), ("payments", 8));
    assert!(wall.probe().critical());
    assert_eq!(wall.probe().name(), "payments");
    assert!(serde_json::from_str::<OutboundSettings>(r#"{"bulkheads": 8}"#).is_err());

    let written = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<OutboundSettings>(&written).unwrap(), settings);
    let nameless = OutboundSettings::default().build().unwrap_err();
    assert_eq!(nameless.faults()[0].path(), "name");
}

#[cfg(feature = "schemars")]
#[test]
fn the_settings_have_a_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(OutboundSettings)).unwrap();
    let written = serde_json::to_value(OutboundSettings::default()).unwrap();
    for name in written.as_object().unwrap().keys() {
        assert!(schema["properties"][name]["description"].is_string(), "{name}: {schema}");
    }
    assert_eq!(schema["additionalProperties"], false);
}
