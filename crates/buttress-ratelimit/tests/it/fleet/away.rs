//! Redis is away: each policy does as it says, and all is well again by itself.

use std::num::NonZeroU32;
use std::time::Duration;

use buttress_core::HealthStatus;
use buttress_core::clock::{Clock, SystemClock};
use buttress_core::engine::{Degrade, Step};
use buttress_core::metrics::Metrics;
use buttress_ratelimit::store::{LimitStore, RedisStore, Terms};
use buttress_ratelimit::{Algorithm, Charge, Quota, Retry, Source, Standing, Verdict};
use buttress_redis::Redis;
use buttress_testkit::allocations;
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::{Rig, all, connected, first, key, patient};

const BUDGET: Duration = Duration::from_millis(80);

/// Nobody listens there.
fn nowhere() -> RedisStore {
    RedisStore::new(Redis::builder("redis://127.0.0.1:1").build().unwrap())
}

fn sources(verdict: &Verdict) -> Vec<Source> {
    verdict.standings().iter().map(Standing::source).collect()
}

/// One charge of each policy: allows, denies, counts here.
fn rig(store: RedisStore) -> (Rig, [Charge; 3]) {
    let quota = Quota::per_hour(8);
    let all = [Degrade::Allow, Degrade::Deny, Degrade::Local].map(|degrade| (quota, degrade));
    (Rig::new(store, &all), [0, 1, 2].map(|policy| Charge::new(policy, key(1), 1)))
}

#[tokio::test]
async fn each_policy_does_as_it_says() {
    let (rig, [allow, deny, local]) = rig(nowhere());
    for _ in 0..100 {
        let verdict = rig.take(&[allow]).await;
        assert!(verdict.is_taken() && sources(&verdict) == [Source::Allowed]);
    }
    let verdict = rig.take(&[deny]).await;
    assert_eq!(verdict.refusal(), Some((0, Retry::After(Duration::from_secs(1)))));
    assert_eq!(first(&verdict), (0, Source::Denied));
    for left in (0..8).rev() {
        assert_eq!(first(&rig.take(&[local]).await), (left, Source::Local));
    }
    let verdict = rig.take(&[local]).await;
    let Some((0, Retry::After(wait))) = verdict.refusal() else { panic!("{verdict:?}") };
    assert!(wait > Duration::from_secs(440) && wait <= Duration::from_secs(450), "{wait:?}");
}

/// What Redis has counted stays there, so nobody may take it for reset.
#[tokio::test]
async fn what_could_not_be_reset_is_not_said_to_be() {
    let (rig, charges) = rig(nowhere());
    for charge in charges {
        let verdict = rig.store.forget(&rig.limits, &all(&[charge])).await;
        assert_eq!(verdict.refusal(), Some((0, Retry::After(Duration::from_secs(1)))));
    }
}

#[tokio::test]
async fn all_or_none_goes_for_them_as_well() {
    let (rig, [allow, deny, local]) = rig(nowhere());
    let verdict = rig.take(&[local, allow, deny]).await;
    assert_eq!(verdict.refusal().map(|(at, _)| at), Some(2), "one denies");
    assert_eq!(sources(&verdict), [Source::Unasked, Source::Allowed, Source::Denied]);
    let verdict = rig.take(&[allow, local, deny.optional()]).await;
    assert!(verdict.is_taken(), "who refuses nobody does not do it now, either");
    assert!(verdict.is_missed(2) && !verdict.is_missed(1));
    assert_eq!(verdict.standings()[1].remaining(), 7, "the first had taken nothing");
    let verdict = rig.take(&[allow, Charge::new(2, key(1), 9)]).await;
    assert_eq!(verdict.refusal(), Some((1, Retry::Never)), "it says which one");
    let verdict = rig.look(&[local]).await;
    assert_eq!(first(&verdict), (7, Source::Local));
}

#[tokio::test]
async fn what_was_taken_here_is_given_back_here() {
    let (rig, [allow, _, local]) = rig(nowhere());
    let mut charges = all(&[allow, local]);
    let verdict = rig.store.take(&rig.limits, &charges).await;
    charges.stamp(&verdict);
    assert_eq!(rig.look(&[local]).await.standings()[0].remaining(), 7);
    rig.store.give_back(&rig.limits, &charges);
    assert_eq!(rig.look(&[local]).await.standings()[0].remaining(), 8);
    let _ = rig.take(&[local]).await;
    let _ = rig.store.forget(&rig.limits, &all(&[local])).await;
    assert_eq!(rig.look(&[local]).await.standings()[0].remaining(), 8);
}

/// One process of four has a quarter.
#[tokio::test]
async fn each_process_has_its_share() {
    let quotas = [
        (Quota::per_hour(40).burst(8), 2),
        (Quota::per_hour(9).algorithm(Algorithm::FixedWindow), 2),
        (Quota::per_hour(9).algorithm(Algorithm::SlidingCounter), 2),
        (Quota::per_hour(13).algorithm(Algorithm::SlidingLog), 3),
        (Quota::at_once(7), 1),
        (Quota::per_hour(2), 1),
    ];
    for (quota, share) in quotas {
        let rig =
            Rig::new(nowhere().processes(NonZeroU32::new(4).unwrap()), &[(quota, Degrade::Local)]);
        let mut taken = 0;
        for _ in 0..20 {
            taken += u32::from(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
        }
        assert_eq!(taken, share, "{quota}");
    }
}

/// It is no mistake of the client, as it would be without a share.
#[tokio::test]
async fn what_fits_into_no_share_may_come_again() {
    let store = nowhere().processes(NonZeroU32::new(4).unwrap());
    let rig = Rig::new(store, &[(Quota::per_hour(8), Degrade::Local)]);
    for (cost, retry) in [(3, Retry::After(Duration::from_secs(1))), (9, Retry::Never)] {
        let verdict = rig.take(&[Charge::new(0, key(1), cost)]).await;
        assert_eq!(verdict.refusal(), Some((0, retry)), "{cost} of eight, of which two are here");
    }
}

/// How many there are is heard from Redis, while it is there.
#[tokio::test]
async fn processes_are_counted() {
    let server = Server::start().await;
    let mut rigs = Vec::new();
    for _ in 0..4 {
        let store = patient(connected(server.url()).await);
        let rig = Rig::new(store, &[(Quota::per_hour(8), Degrade::Local)]);
        assert!(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
        rigs.push(rig);
    }
    let count = async || server.command(["ZCARD", "test:limit-fleet:v1:{limits}"]).await.integer();
    until("all are there", async || (count().await == 4).then_some(())).await;
    let knows = async || rigs.iter().all(|rig| rig.store.knows_processes() == 4).then_some(());
    until("each has heard of the others", knows).await;
    rigs.pop();
    until("one has gone", async || (count().await == 3).then_some(())).await;
    server.kill();
    let rig = &rigs[0];
    let mut taken = 0;
    for _ in 0..20 {
        let verdict = rig.take(&[Charge::new(0, key(2), 1)]).await;
        assert_eq!(first(&verdict).1, Source::Local);
        taken += u32::from(verdict.is_taken());
    }
    assert!((2..=8 / 3).contains(&taken), "a third or a quarter of eight: {taken}");
}

/// One line when it begins, and one when it is over.
#[tokio::test]
async fn killed_and_back() {
    let (log, page) = (Log::of("buttress"), Page::default());
    let _listening = log.listen();
    let told = || log.take().into_iter().filter(|line| line.contains("store=\"limits\""));
    let server = Server::start().await;
    let limit = Quota::per_hour(10).check().unwrap();
    let terms = [Terms::new("per-key", limit).degrade(Degrade::Deny)];
    let store = patient(connected(server.url()).await);
    let store = store.bind(&terms, None, &Metrics::new(page.clone())).unwrap();
    let rig = Rig { store, limits: [limit].into_iter().collect() };
    let charge = Charge::new(0, key(1), 1);
    assert_eq!(first(&rig.take(&[charge]).await), (9, Source::Store));
    assert_eq!(rig.store.health().status(), HealthStatus::Up);
    let fallback = || page.of("buttress_ratelimit_fallback limits");
    assert_eq!(fallback(), Some(0.0));

    server.kill();
    for _ in 0..50 {
        let verdict = rig.take(&[charge]).await;
        assert_eq!(first(&verdict), (0, Source::Denied));
    }
    let lines: Vec<_> = told().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN message=answers without Redis"), "{lines:?}");
    assert_eq!(rig.store.health().status(), HealthStatus::Down, "as it denies");
    assert!(page.of("buttress_degraded_answers_total limits deny").unwrap() > 49.0);
    assert_eq!(fallback(), Some(1.0));

    server.restart().await;
    let back = async || (first(&rig.take(&[charge]).await).1 == Source::Store).then_some(());
    until("it is asked again", back).await;
    let over = async || {
        let _ = rig.look(&[charge]).await;
        told().next()
    };
    let line = until("that is told", over).await;
    assert_eq!(line, "INFO message=Redis answers again store=\"limits\"");
    assert_eq!(fallback(), Some(0.0));
    let up = async || (rig.store.health().status() == HealthStatus::Up).then_some(());
    until("it is well", up).await;
}

/// Frozen, it costs the budget until that is known, and then nothing.
#[tokio::test]
async fn frozen_it_costs_the_budget_and_then_nothing() {
    let server = Server::start().await;
    let redis = Redis::builder(server.url()).prefix("test");
    let redis = redis.response_timeout(Duration::from_millis(300)).build().unwrap();
    redis.connected().await.unwrap();
    let (rig, [_, _, local]) = rig(RedisStore::new(redis).within(BUDGET));
    assert!(rig.take(&[local]).await.is_taken());
    server.freeze();
    let began = SystemClock.now();
    let verdict = rig.take(&[local]).await;
    let took = SystemClock.now() - began;
    assert_eq!(first(&verdict), (7, Source::Local), "it may have been counted there as well");
    assert!(took >= BUDGET && took < BUDGET * 5, "{took:?}");
    until("it is known", async || {
        let step = rig.store.take(&rig.limits, &all(&[local]));
        let known = matches!(step, Step::Now(_));
        let _ = step.await;
        known.then_some(())
    })
    .await;
    server.thaw();
    let back = async || (first(&rig.look(&[local]).await).1 == Source::Store).then_some(());
    until("it is asked again", back).await;
}

#[tokio::test]
async fn known_to_be_gone_it_costs_no_allocation() {
    let (rig, [allow, deny, local]) = rig(nowhere());
    for charges in [[allow, local].as_slice(), &[deny], &[local]] {
        let charges = all(charges);
        let _ = rig.store.take(&rig.limits, &charges).await;
        let step = allocations::assert_exactly(0, || rig.store.take(&rig.limits, &charges));
        assert!(matches!(step, Step::Now(_)));
    }
}

/// Without a runtime nothing can be asked, and nothing panics.
#[test]
fn without_a_runtime_it_is_away() {
    let (rig, [_, _, local]) = rig(nowhere());
    let Step::Now(verdict) = rig.store.take(&rig.limits, &all(&[local])) else { panic!() };
    assert_eq!(first(&verdict), (7, Source::Local));
    rig.store.give_back(&rig.limits, &all(&[local]));
    rig.store.count(&rig.limits, &all(&[local]));
}
