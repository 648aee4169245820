//! What the audit hears: of requests that are refused, and of what operators change.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use buttress_core::address::Network;
use buttress_core::audit::{Actor, Audit, Receiver, Record, Sink, channel};
use buttress_core::clock::ManualClock;
use buttress_core::key::MissingKey;
use buttress_core::stage::RequestHead;
use buttress_ratelimit::when::{addresses, path};
use buttress_ratelimit::{Penalty, Quota, RateLimitSettings, address, everyone, header};
use http::{HeaderName, Request};

use crate::support::{answered, enter, from, known, now, of, on, passing};

fn told(records: &mut Receiver) -> Vec<String> {
    std::iter::from_fn(|| records.try_recv())
        .map(|record| {
            let [target, reason] =
                [record.target(), record.reason()].map(Option::unwrap_or_default);
            format!("{} {} {target} {reason}", record.action(), record.outcome())
        })
        .collect()
}

#[test]
fn violations_and_changes_are_audited() {
    let (sink, mut records) = channel(1_000);
    let clock = ManualClock::new();
    let audit = Audit::builder().sink(sink).clock(clock.clone()).build().unwrap();
    let limits = on(&clock)
        .audit(audit)
        .policy("a", Quota::per_hour(1).by(address()).penalty(Penalty::after(2)))
        .policy("trial", Quota::per_hour(1).by(address()).shadow())
        .deny(path("/admin"))
        .build()
        .unwrap();
    let stage = limits.stage();
    let ada = || from("203.0.113.7");
    assert_eq!(passing(&stage, ada, 3), 1);
    answered(&stage, of(Request::get("/admin").body(()).unwrap(), "203.0.113.9"), 200);
    // The key by which a ban is listed, looked at and lifted.
    let key = limits.bans()[0].key();
    assert_eq!(
        told(&mut records),
        [
            format!("ratelimit.refused refused a {key}, by address: used up, again in 3600s"),
            format!("ratelimit.refused refused a {key}, by address: used up, again in 3600s"),
            format!("ratelimit.banned refused a {key}, by address: banned for 300s"),
            "ratelimit.denied refused deny[0] path /admin".to_owned(),
        ]
    );
    assert!(limits.lift("a", key).unwrap());
    let _ = now(limits.reset("a", key).unwrap());
    limits.replace([("a", Quota::per_hour(2))]).unwrap();
    assert!(answered(&stage, ada(), 200));
    let told = told(&mut records);
    let tried = limits.writer("trial").unwrap().address(network()).key();
    assert_eq!(
        told,
        [
            format!("ratelimit.ban_lifted succeeded a {key}"),
            format!("ratelimit.reset succeeded a {key}"),
            "ratelimit.quotas_replaced succeeded a 2 an hour, up to 2 at once".to_owned(),
            format!("ratelimit.would_refuse succeeded trial {tried}, by address: a trial"),
        ]
    );
}

fn network() -> Network {
    "203.0.113.7".parse().unwrap()
}

/// Which policy or entry of the list, whose key by what it is made, why, and until when.
#[test]
fn a_refusal_says_what_an_operator_asks() {
    let (sink, mut records) = channel(1_000);
    let clock = ManualClock::new();
    let by_shop = || Quota::per_minute(3).by((address(), header("x-shop")));
    let limits = on(&clock)
        .audit(Audit::builder().sink(sink).build().unwrap())
        .policy("shop", by_shop().missing(MissingKey::Refuse).when(path("/shop")))
        .policy("large", by_shop().cost_by(|_| 4).when(path("/large")))
        .policy("jobs", Quota::at_once(1).by(address()).when(path("/jobs")))
        .policy(
            "tries",
            Quota::per_hour(1).by(address()).penalty(Penalty::after(1)).when(path("/try")),
        )
        .deny(path("/admin"))
        .deny(addresses((0..100).map(|at| format!("10.0.{at}.0/24"))))
        .build()
        .unwrap();
    let stage = limits.stage();
    let get = |path: &str| of(Request::get(path).body(()).unwrap(), "203.0.113.7");
    let _held = enter(&stage, &mut get("/jobs"));
    for path in ["/shop", "/large", "/jobs", "/try", "/try"] {
        answered(&stage, get(path), 200);
    }
    clock.advance(Duration::from_millis(59_500));
    answered(&stage, get("/try"), 200);
    answered(&stage, Request::get("/admin/../admin").body(()).unwrap(), 200);
    answered(&stage, from("10.0.7.1"), 200);

    let key = |policy: &str| limits.writer(policy).unwrap().address(network()).key();
    let (jobs, tries) = (key("jobs"), key("tries"));
    let mut large = limits.writer("large").unwrap();
    let large = large.address(network()).header(&HeaderName::from_static("x-shop"), None).key();
    let told = told(&mut records);
    let (last, others) = told.split_last().unwrap();
    assert_eq!(
        others,
        [
            "ratelimit.key_missing refused shop a part of the key is missing: by address, header `x-shop`".to_owned(),
            format!("ratelimit.refused refused large {large}, by address, header `x-shop`: costs more than there ever is at once"),
            format!("ratelimit.refused refused jobs {jobs}, by address: all permits are taken"),
            format!("ratelimit.refused refused tries {tries}, by address: used up, again in 3600s"),
            format!("ratelimit.banned refused tries {tries}, by address: banned for 300s"),
            format!("ratelimit.still_banned refused tries {tries}, by address: banned for 241s more"),
            "ratelimit.denied refused deny[0] path /admin: it cannot be known".to_owned(),
        ]
    );
    assert!(
        last.starts_with("ratelimit.denied refused deny[1] address in [") && last.len() < 300,
        "{last}"
    );
}

/// Where no context stands outside, the audit is told at least who is connected.
#[test]
fn without_a_context_it_is_said_who_is_connected() {
    let (sink, mut records) = channel(10);
    let limits = on(&ManualClock::new())
        .audit(Audit::builder().sink(sink).build().unwrap())
        .policy("a", Quota::per_hour(1).by(address()))
        .build()
        .unwrap();
    assert_eq!(passing(&limits.stage(), || from("203.0.113.7"), 2), 1);
    let record = records.try_recv().unwrap();
    assert_eq!(record.actor().kind(), "client");
    assert_eq!(record.actor().name().unwrap(), "203.0.113.0/24");
}

#[test]
fn who_changes_something_is_told() {
    let (sink, mut records) = channel(10);
    let clock = ManualClock::new();
    let limits = on(&clock)
        .audit(Audit::builder().sink(sink).build().unwrap())
        .policy("a", Quota::per_hour(1).by(address()).penalty(Penalty::after(1)))
        .build()
        .unwrap();
    let key = limits.writer("a").unwrap().address(network()).key();
    let settings: RateLimitSettings = serde_json::from_str(
        r#"{ "policies": [{ "name": "a", "quota": "7/hour", "by": "address" }] }"#,
    )
    .unwrap();
    let ban = |records: &mut Receiver| {
        assert_eq!(passing(&limits.stage(), || from("203.0.113.7"), 3), 0);
        while records.try_recv().is_some() {}
    };
    passing(&limits.stage(), || from("203.0.113.7"), 1);

    let ada = known(Request::new(()), "ada");
    let context = ada.context().unwrap();
    let desk = Actor::System("support desk");
    for (operator, actor, request) in [
        (limits.operator(desk), "system", None),
        (limits.operator(desk).request(context), "system", Some(context.id().as_str())),
        (
            limits.operator(Actor::Unknown).request(context),
            "principal",
            Some(context.id().as_str()),
        ),
    ] {
        ban(&mut records);
        assert!(operator.lift("a", key).unwrap());
        operator.replace_from(&settings).unwrap();
        operator.replace([("a", Quota::per_hour(1))]).unwrap();
        let _ = now(operator.reset("a", key).unwrap());
        assert!(operator.replace([("b", Quota::per_hour(1))]).is_err());
        let told: Vec<_> = std::iter::from_fn(|| records.try_recv()).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        for record in told {
            assert_eq!(
                (record.actor().kind(), record.request_id()),
                (actor, request),
                "{record:?}"
            );
        }
        assert!(answered(&limits.stage(), from("203.0.113.7"), 200));
    }
    // Who says nothing is the system.
    ban(&mut records);
    assert!(limits.lift("a", key).unwrap());
    assert_eq!(records.try_recv().unwrap().actor().to_string(), "system rate limit");
}

#[test]
fn a_flood_is_sampled() {
    let (sink, mut records) = channel(1_000);
    let clock = ManualClock::new();
    let audit =
        Audit::builder().sink(sink).clock(clock.clone()).sampled_per_second(5).build().unwrap();
    let limits =
        on(&clock).audit(audit).policy("a", Quota::per_hour(1).by(everyone())).build().unwrap();
    assert_eq!(passing(&limits.stage(), || Request::new(()), 500), 1);
    assert_eq!(told(&mut records).len(), 5);
}

/// What a user wrote is called while nothing is held.
#[test]
fn a_sink_may_replace_quotas_itself() {
    type Limits = buttress_ratelimit::RateLimit<buttress_ratelimit::store::Memory>;

    #[derive(Clone, Default)]
    struct Tightens(Arc<OnceLock<Limits>>);

    impl Sink for Tightens {
        fn record(&self, _: &Record<'_>) -> bool {
            let limits =
                self.0.get().filter(|limits| limits.quota("a") == Some(Quota::per_hour(2)));
            limits.is_none_or(|limits| limits.replace([("a", Quota::per_hour(1))]).is_ok())
        }
    }

    let (clock, sink) = (ManualClock::new(), Tightens::default());
    let audit = Audit::builder().sink(sink.clone()).clock(clock.clone()).build().unwrap();
    let policy = Quota::per_hour(9).by(everyone());
    let limits = on(&clock).audit(audit).policy("a", policy).build().unwrap();
    assert!(sink.0.set(limits.clone()).is_ok());
    limits.replace([("a", Quota::per_hour(2))]).unwrap();
    assert_eq!(limits.quota("a"), Some(Quota::per_hour(1)));
}
