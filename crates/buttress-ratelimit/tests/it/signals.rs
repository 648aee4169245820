//! What metrics and probes hear.

use buttress_core::audit::{Audit, channel};
use buttress_core::clock::ManualClock;
use buttress_core::key::MissingKey;
use buttress_core::metrics::{Description, Metrics};
use buttress_core::{
    Context,
    stage::{RequestHead, Stage},
};
use buttress_core::{HealthStatus, Probe};
use buttress_ratelimit::store::{Memory, WhenFull};
use buttress_ratelimit::when::{addresses, path};
use buttress_ratelimit::{
    CATALOGUE, Penalty, Quota, RateLimit, RateLimitBuilder, address, api_key, everyone, header,
    principal,
};
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use http::Request;

use crate::support::{answered, enter, from, of, on, passing};

fn counted(page: &Page) -> RateLimitBuilder {
    on(&ManualClock::new()).metrics(Metrics::new(page.clone()))
}

fn decisions(page: &Page) -> Vec<String> {
    let lines = page.lines();
    lines
        .iter()
        .filter_map(|line| line.strip_prefix("buttress_ratelimit_").map(str::to_owned))
        .collect()
}

#[test]
fn decisions_are_counted_by_policy_and_outcome() {
    let page = Page::default();
    let limits = counted(&page)
        .policy("a", Quota::per_hour(3).by(everyone()))
        .policy("trial", Quota::per_hour(1).by(everyone()).shadow())
        .policy(
            "shop",
            Quota::per_hour(9).by(header("x-shop")).missing(MissingKey::Refuse).when(path("/shop")),
        )
        .policy("large", Quota::per_hour(9).by(everyone()).cost_by(|_| 10).when(path("/large")))
        .exempt(path("/health"))
        .deny(addresses(["198.51.100.1"]))
        .build()
        .unwrap();
    let stage = limits.stage();
    let get = |path: &str| of(Request::get(path).body(()).unwrap(), "203.0.113.7");
    let probe = || {
        let mut request = get("/");
        drop(Context::default().enter(&mut request));
        request.context().unwrap().mark_probe();
        request
    };
    for request in
        [get("/"), get("/health"), probe(), from("198.51.100.1"), get("/shop"), get("/large")]
    {
        answered(&stage, request, 200);
    }
    assert_eq!(passing(&stage, || get("/"), 5), 2);
    assert_eq!(
        decisions(&page),
        [
            "decisions_total a allowed: 3",
            "decisions_total a refused: 3",
            "decisions_total large never: 1",
            "decisions_total shop key_missing: 1",
            "decisions_total trial allowed: 1",
            "decisions_total trial would_refuse: 2",
            "passed_by_total denied: 1",
            "passed_by_total exempt: 1",
            "passed_by_total probe: 1",
        ]
    );
}

/// One request that is passed by is one, on whichever side of authentication policies are.
#[test]
fn a_request_that_both_stages_pass_by_is_counted_once() {
    let (early, late) = (everyone, principal);
    for (before, after) in [(true, true), (true, false), (false, true)] {
        let page = Page::default();
        let mut limits = counted(&page).exempt(path("/health"));
        if before {
            limits = limits.policy("early", Quota::per_hour(9).by(early()));
        }
        if after {
            limits = limits.policy("late", Quota::per_hour(9).by(late()));
        }
        let limits = limits.build().unwrap();
        let health = || Request::get("/health").body(()).unwrap();
        for stage in [limits.before_auth(), limits.after_auth()] {
            assert!(answered(&stage, health(), 200));
        }
        let passed_by = page.of("buttress_ratelimit_passed_by_total exempt");
        assert_eq!(passed_by, Some(1.0), "before: {before}, after: {after}");
    }
}

#[test]
fn what_comes_back_and_who_is_banned_is_counted() {
    let page = Page::default();
    let strict = Quota::per_hour(1).by(address()).penalty(Penalty::after(2)).only_failures();
    let limits = counted(&page).policy("a", strict).build().unwrap();
    let stage = limits.stage();
    assert!(answered(&stage, from("203.0.113.7"), 200));
    for _ in 0..5 {
        answered(&stage, from("203.0.113.7"), 401);
    }
    assert_eq!(
        decisions(&page),
        [
            "banned: 1",
            "bans_total a: 1",
            "decisions_total a allowed: 2",
            "decisions_total a banned: 2",
            "decisions_total a refused: 2",
            "returned_total a: 1",
        ]
    );
    assert!(limits.lift("a", limits.bans()[0].key()).unwrap());
    assert_eq!(page.of("buttress_ratelimit_banned"), Some(0.0));
}

#[tokio::test]
async fn a_probe_tells_how_full_tables_are() {
    let page = Page::default();
    let memory = Memory::with_bytes(8_192).when_full(WhenFull::Refuse);
    let limits = RateLimit::builder().engine(memory).metrics(Metrics::new(page.clone()));
    let limits = limits.policy("a", Quota::per_hour(1).by(address())).build().unwrap();
    for at in 0..4_000_u32 {
        let [_, _, high, low] = at.to_be_bytes();
        answered(&limits.stage(), from(&format!("198.18.{high}.{low}")), 200);
    }
    assert_eq!(limits.check_health().await, HealthStatus::Up);
    let usage = limits.usage("a").unwrap().unwrap();
    assert!(usage.refused() > 0, "{usage:?}");
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let refused = usage.refused() as f64;
    assert_eq!(page.of("buttress_ratelimit_crowded_total a refused"), Some(refused));
    assert!(page.of("buttress_ratelimit_keys a").unwrap() > 0.0);
    assert!(page.of("buttress_ratelimit_places a").unwrap() > 0.0);
}

/// It comes often, and the tables may be large.
#[tokio::test]
async fn a_probe_only_glances_at_a_large_table() {
    let page = Page::default();
    let limits = RateLimit::builder().metrics(Metrics::new(page.clone()));
    let limits = limits.policy("a", Quota::per_hour(1).by(address())).build().unwrap();
    for at in 0..20_000_u32 {
        let [_, _, high, low] = at.to_be_bytes();
        answered(&limits.stage(), from(&format!("198.18.{high}.{low}")), 200);
    }
    assert_eq!(limits.check_health().await, HealthStatus::Up);
    let glance = page.of("buttress_ratelimit_keys a").unwrap();
    assert!(limits.usage("a").unwrap().is_some());
    let usage = page.of("buttress_ratelimit_keys a").unwrap();
    let places = page.of("buttress_ratelimit_places a").unwrap();
    assert!((glance - usage).abs() < places * 0.04, "{glance} {usage} of {places}");
    assert_ne!(glance.to_bits(), usage.to_bits(), "it looks at as many");
}

/// A table that is full is no store that is away.
#[tokio::test]
async fn what_found_no_room_and_passed_is_not_called_degraded() {
    let page = Page::default();
    let memory = Memory::with_capacity(3).when_full(WhenFull::Admit);
    let limits = RateLimit::builder().engine(memory).metrics(Metrics::new(page.clone()));
    let limits = limits.policy("a", Quota::per_hour(1).by(address())).build().unwrap();
    for at in 0..100 {
        assert!(answered(&limits.stage(), from(&format!("198.18.0.{at}")), 200));
    }
    assert_eq!(limits.check_health().await, HealthStatus::Up);
    assert!(page.of("buttress_ratelimit_crowded_total a uncounted").unwrap() > 50.0);
    assert_eq!(page.of("buttress_ratelimit_decisions_total a allowed"), Some(100.0));
    let degraded = page.lines().into_iter().filter(|line| line.contains("degraded"));
    assert_eq!(degraded.collect::<Vec<_>>(), [""; 0]);
}

trait CheckHealth {
    async fn check_health(&self) -> HealthStatus;
}

impl CheckHealth for RateLimit {
    async fn check_health(&self) -> HealthStatus {
        Probe::check(self).await.status()
    }
}

/// Every metric that is bound stands in the catalogue, and every one of the catalogue is bound.
#[test]
fn the_catalogue_is_complete() {
    let page = Page::default();
    counted(&page).policy("a", Quota::per_hour(1).by(everyone())).build().unwrap();
    let mut bound: Vec<_> = page.bound().iter().map(Description::name).collect();
    bound.sort_unstable();
    bound.dedup();
    // That of a store which may be away is bound by such a store alone: `fleet::away` looks at it.
    let of_memory = |name: &&str| *name != "buttress_ratelimit_fallback";
    let mut listed: Vec<_> = CATALOGUE.iter().map(Description::name).filter(of_memory).collect();
    listed.sort_unstable();
    assert_eq!(bound, listed);
}

/// The caller stands in no metric and in no record as it is.
#[test]
fn nobody_is_named() {
    let (sink, mut records) = channel(1_000);
    let page = Page::default();
    let limits = counted(&page).audit(Audit::builder().sink(sink).build().unwrap());
    let limits = limits.policy("a", Quota::per_hour(1).by(address())).build().unwrap();
    let mut request =
        of(Request::get("/").header("x-api-key", "k-17").body(()).unwrap(), "203.0.113.7");
    drop(Context::default().enter(&mut request));
    drop(enter(&limits.stage(), &mut request));
    drop(enter(&limits.stage(), &mut request));
    let printed = format!("{:?} {:?} {limits:?}", page.lines(), records.try_recv().unwrap());
    for secret in ["203.0.113.7", "k-17"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

/// All share one quota then, and each of them would look like a client that asks too much.
#[test]
fn that_nobody_says_who_is_connected_is_told_once() {
    let log = Log::of("buttress");
    let _listening = log.listen();
    let limits = on(&ManualClock::new())
        .policy("a", Quota::per_hour(9).by((address(), api_key())))
        .build()
        .unwrap();
    let stage = limits.stage();
    assert!(answered(&stage, from("203.0.113.7"), 200));
    assert_eq!(log.take(), [""; 0], "it lacks another part");
    assert_eq!(passing(&stage, || Request::new(()), 3), 3);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("policy=a") && lines[0].contains("goes by address"), "{lines:?}");
}
