//! What contradicts itself is told, all at once, before the first call.

use buttress::circuit_breaker::CircuitBreakerBuilder;
use buttress::overload::adaptive::{Adaptive, Gradient};
use buttress::overload::shed::Shed;
use buttress::overload::throttle::Throttle;
use buttress::prelude::*;
use buttress::{Outbound, OutboundBuilder, OutboundSettings};

fn wrong(builder: OutboundBuilder) -> Vec<String> {
    let error = builder.build().unwrap_err();
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
    let mut seen = wrong(all);
    seen.retain(|path| expected.contains(&&**path));
    assert_eq!(seen, expected);
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

    let lease = to().attempt_timeout(secs(31)).circuit_breaker(breaker());
    assert_eq!(wrong(lease), ["circuit_breaker.lease"]);
    let longer = breaker().lease(secs(31));
    assert!(to().attempt_timeout(secs(31)).circuit_breaker(longer).build().is_ok());
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
