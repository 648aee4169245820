//! What was refused is not asked again before its time.

use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Step;
use buttress_ratelimit::store::LimitStore;
use buttress_ratelimit::{Algorithm, Charge, Quota, Retry, Source, Standing};
use buttress_testkit::allocations;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::{Rig, all, commands, connected, first, key, patient};

#[tokio::test]
async fn a_flood_does_not_reach_redis() {
    let server = Server::start().await;
    let clock = ManualClock::new();
    let store = patient(connected(server.url()).await).clock(clock.clone());
    let rig = Rig::strict(store, Quota::per_hour(2));
    assert!(rig.take(&[Charge::new(0, key(1), 2)]).await.is_taken());
    assert_eq!(first(&rig.take(&[Charge::new(0, key(1), 1)]).await), (0, Source::Store));
    let before = commands(&server).await;
    for _ in 0..1_000 {
        let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
        assert_eq!(first(&verdict), (0, Source::Remembered));
        let Some((0, Retry::After(wait))) = verdict.refusal() else { panic!("{verdict:?}") };
        assert!(wait > Duration::from_secs(1_790) && wait <= Duration::from_secs(1_800));
    }
    let charges = all(&[Charge::new(0, key(1), 1)]);
    let step = allocations::assert_exactly(0, || rig.store.take(&rig.limits, &charges));
    assert!(matches!(step, Step::Now(_)), "there is nothing to wait for");
    let asked = commands(&server).await - before;
    assert!(asked < 50, "now and then it is asked whether it is there: {asked}");

    // Another key, or less, may have room.
    assert_eq!(first(&rig.take(&[Charge::new(0, key(2), 1)]).await), (1, Source::Store));
    clock.advance(Duration::from_secs(1_800));
    assert_eq!(
        first(&rig.take(&[Charge::new(0, key(1), 1)]).await).1,
        Source::Store,
        "its time is over"
    );
}

/// What costs more comes later, and what costs more than there ever is never does, also where the store is not asked.
#[tokio::test]
async fn what_costs_more_is_not_told_to_come_as_soon() {
    let server = Server::start().await;
    let store = patient(connected(server.url()).await);
    let quotas = [Quota::per_hour(10), Quota::per_hour(10).algorithm(Algorithm::SlidingCounter)];
    let rig = Rig::new(store, &quotas.map(|quota| (quota, buttress_core::engine::Degrade::Deny)));
    let minutes = |verdict: &buttress_ratelimit::Verdict| match verdict.refusal() {
        Some((_, Retry::After(wait))) => wait.as_secs().div_ceil(60),
        other => panic!("{other:?}"),
    };
    let asked = async |policy, cost| {
        let verdict = rig.take(&[Charge::new(policy, key(1), cost)]).await;
        (minutes(&verdict), first(&verdict).1)
    };
    for policy in [0, 1] {
        assert!(rig.take(&[Charge::new(policy, key(1), 10)]).await.is_taken());
    }
    assert_eq!(asked(0, 1).await, (6, Source::Store));
    assert_eq!(asked(0, 5).await, (30, Source::Remembered));
    assert_eq!(asked(0, 1).await, (6, Source::Remembered));
    let never = rig.take(&[Charge::new(0, key(1), 11)]).await;
    assert_eq!(never.refusal(), Some((0, Retry::Never)));
    let both = [Charge::new(0, key(1), 1), Charge::new(1, key(2), 11)];
    let never = rig.take(&both).await;
    assert_eq!(never.refusal(), Some((1, Retry::Never)), "whatever is remembered of others");
    assert!(never.is_refused(0) && never.is_refused(1));

    // Where nobody knows by how much later, it is asked, and both are remembered then.
    assert_eq!(asked(1, 1).await, (66, Source::Store));
    assert_eq!(asked(1, 5).await, (90, Source::Store));
    assert_eq!(asked(1, 1).await, (66, Source::Remembered));
    assert_eq!(asked(1, 5).await, (90, Source::Remembered));
}

/// A refusal says how the others stand only where that is known.
#[tokio::test]
async fn charges_beside_a_remembered_one_are_not_asked_about() {
    let server = Server::start().await;
    let store = patient(connected(server.url()).await);
    let quota = (Quota::per_hour(1), buttress_core::engine::Degrade::Deny);
    let rig = Rig::new(store, &[quota, quota]);
    let (full, free) = (Charge::new(1, key(1), 1), Charge::new(0, key(1), 1));
    assert!(rig.take(&[full]).await.is_taken());
    assert!(!rig.take(&[full]).await.is_taken());
    let verdict = rig.take(&[free, full]).await;
    assert_eq!(verdict.refusal().map(|(at, _)| at), Some(1));
    let sources: Vec<_> = verdict.standings().iter().map(Standing::source).collect();
    assert_eq!(sources, [Source::Unasked, Source::Remembered]);
    assert!(
        rig.take(&[free, full.optional()]).await.is_taken(),
        "who refuses nobody is asked about"
    );
}

#[tokio::test]
async fn what_comes_back_is_not_refused() {
    let server = Server::start().await;
    let window = |count| Quota::per_hour(count).algorithm(Algorithm::FixedWindow);
    let rig = Rig::strict(patient(connected(server.url()).await), window(1));
    let charge = Charge::new(0, key(1), 1);
    let taken = rig.taken(charge).await;
    assert!(!rig.take(&[charge]).await.is_taken());
    rig.store.give_back(&rig.limits, &taken);
    until("it is there again", async || rig.take(&[charge]).await.is_taken().then_some(())).await;
    assert!(!rig.take(&[charge]).await.is_taken());
    let _ = rig.store.forget(&rig.limits, &all(&[charge])).await;
    assert!(rig.take(&[charge]).await.is_taken());
    assert!(!rig.take(&[charge]).await.is_taken());
    let more = Rig { limits: [window(2).check().unwrap()].into_iter().collect(), ..rig.clone() };
    assert!(more.take(&[charge]).await.is_taken(), "with another quota nothing of it is true");
}
