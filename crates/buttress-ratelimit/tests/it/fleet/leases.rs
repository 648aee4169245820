//! Tokens that processes take in advance.

use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::engine::{Degrade, Step};
use buttress_ratelimit::store::{LimitStore, RedisStore};
use buttress_ratelimit::{Charge, Quota, Source, Standing};
use buttress_testkit::allocations;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;
use tokio::task::JoinSet;

use super::places::{Place, clusters, servers};
use super::{Rig, all, commands, connected, key, patient};

const MOST: u32 = 50;

async fn leasing(place: &impl Place, quota: Quota) -> Rig {
    Rig::new(lease(patient(place.join().await)), &[(quota, Degrade::Deny)])
}

fn lease(store: RedisStore) -> RedisStore {
    store.leases("policy-0", MOST)
}

/// Asks so many times, as fast as it can. How often it was admitted, and how often without asking.
async fn hammer(rig: Rig, times: u32) -> (u32, u32) {
    let (mut taken, mut leased) = (0, 0);
    for _ in 0..times {
        let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
        taken += u32::from(verdict.is_taken());
        leased +=
            u32::from(verdict.is_taken() && verdict.standings()[0].source() == Source::Leased);
        tokio::task::yield_now().await;
    }
    (taken, leased)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_keys_are_decided_here() {
    let server = Server::start().await;
    let rig = leasing(&server, Quota::per_day(1_000_000)).await;
    let before = commands(&server).await;
    let (taken, leased) = hammer(rig.clone(), 20_000).await;
    assert_eq!(taken, 20_000);
    assert!(leased > 15_000, "{leased}");
    // The commands within a script are counted, too: four of them.
    let asked = (commands(&server).await - before) / 4;
    assert!(asked < 10_000, "{asked}");
}

/// In any time the quota, and as much as all processes may hold: counted by the clock of who asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_admitted_beyond_the_quota_is_what_processes_may_hold() {
    no_more_than_processes_hold(&Server::start().await).await;
}

async fn no_more_than_processes_hold(place: &impl Place) {
    const PROCESSES: u32 = 2;
    const RATE: u32 = 2_000;
    let quota = Quota::per_second(u64::from(RATE)).burst(500);
    let (mut callers, mut rigs) = (JoinSet::new(), Vec::new());
    for _ in 0..PROCESSES {
        rigs.push(leasing(place, quota).await);
    }
    let began = SystemClock.now();
    for rig in rigs.iter().flat_map(|rig| [rig; 4]) {
        callers.spawn(hammer(rig.clone(), 4_000));
    }
    let counted = callers.join_all().await;
    let took = SystemClock.now() - began;
    let taken: u32 = counted.iter().map(|(taken, _)| taken).sum();
    let leased: u32 = counted.iter().map(|(_, leased)| leased).sum();
    let most = 500.0 + f64::from(RATE) * took.as_secs_f64() + f64::from(PROCESSES * MOST);
    assert!(f64::from(taken) <= most, "{taken} in {took:?}");
    assert!(leased > 0);
}

/// A burst that is not refilled is shared to the last token: none is handed out twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_is_handed_out_twice() {
    each_token_once(&Server::start().await).await;
}

async fn each_token_once(place: &impl Place) {
    let mut callers = JoinSet::new();
    for _ in 0..3 {
        let rig = leasing(place, Quota::per_day(2_000)).await;
        for _ in 0..4 {
            callers.spawn(hammer(rig.clone(), 500));
        }
    }
    let taken: u32 = callers.join_all().await.iter().map(|(taken, _)| taken).sum();
    // A day's tokens come at one in 43 seconds.
    assert!((1_500..=2_002).contains(&taken), "{taken}");
}

/// What came too late for whoever asked has no place here, and is not lost for the fleet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_too_late_goes_back() {
    let server = Server::start().await;
    let store = RedisStore::new(connected(server.url()).await).within(Duration::from_millis(50));
    let rig = Rig::new(lease(store), &[(Quota::per_day(10_000), Degrade::Deny)]);
    let (mut taken, leased) = hammer(rig.clone(), 1_000).await;
    assert!(leased > 0);
    server.freeze();
    let mut charged = 0;
    while charged < 3 {
        let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
        taken += u32::from(verdict.is_taken());
        charged += u32::from(!verdict.is_taken());
    }
    server.thaw();
    let all_but_those = async || {
        let left = rig.look(&[Charge::new(0, key(1), 1)]).await.standings()[0].remaining();
        (left + taken + charged >= 10_000).then_some(())
    };
    until("what nobody used is back", all_but_those).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_used_goes_back() {
    unused_ones_go_back(&Server::start().await).await;
}

async fn unused_ones_go_back(place: &impl Place) {
    let (rig, witness) = (leasing(place, Quota::per_day(10_000)).await, {
        Rig::strict(patient(place.join().await), Quota::per_day(10_000))
    });
    let left = async || witness.look(&[Charge::new(0, key(1), 1)]).await.standings()[0].remaining();
    let mut taken = 0;
    for _ in 0..2 {
        let (more, leased) = hammer(rig.clone(), 1_000).await;
        assert!(leased > 0);
        taken += more;
        let back = async || (left().await + taken >= 10_000).then_some(());
        until("it goes back when nobody asks", back).await;
    }
    taken += hammer(rig.clone(), 1_000).await.0;
    drop(rig);
    let back = async || (left().await + taken >= 10_000).then_some(());
    until("it goes back when its process goes", back).await;
    assert!(left().await + taken <= 10_001, "and not twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_of_a_lease_is_given_back_to_it() {
    let server = Server::start().await;
    let rig = leasing(&server, Quota::per_day(10_000)).await;
    let charge = Charge::new(0, key(1), 1);
    let leased = until("it is leased", async || {
        let mut charges = all(&[charge]);
        let verdict = rig.store.take(&rig.limits, &charges).await;
        charges.stamp(&verdict);
        (verdict.standings()[0].source() == Source::Leased).then_some(charges)
    });
    let leased = leased.await;
    let before = commands(&server).await;
    rig.store.give_back(&rig.limits, &leased);
    let verdict = rig.store.take(&rig.limits, &all(&[charge])).await;
    assert_eq!(verdict.standings()[0].source(), Source::Leased);
    assert!(commands(&server).await - before < 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_every_engine_and_in_a_cluster_no_more_is_admitted() {
    for server in servers().await {
        holds(&server).await;
    }
    for cluster in clusters().await {
        holds(&cluster).await;
    }
}

/// One after another, as they ask about the same key, which is forgotten in between.
async fn holds(place: &impl Place) {
    no_more_than_processes_hold(place).await;
    forget(place).await;
    each_token_once(place).await;
    forget(place).await;
    unused_ones_go_back(place).await;
}

async fn forget(place: &impl Place) {
    let rig = Rig::strict(patient(place.join().await), Quota::per_day(1));
    let verdict = rig.store.forget(&rig.limits, &all(&[Charge::new(0, key(1), 1)])).await;
    assert!(verdict.is_taken(), "{verdict:?}");
}

/// Beside one without leases no token lies idle, where it would be missing for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_policy_without_leases_there_are_none() {
    let server = Server::start().await;
    let store = lease(patient(connected(server.url()).await));
    let few = (Quota::per_day(60), Degrade::Deny);
    let rig = Rig::new(store, &[few, (Quota::per_day(1_000), Degrade::Deny)]);
    for other in [Charge::new(1, key(1), 1), Charge::new(1, key(1), 1).optional()] {
        for asked in 0..30 {
            let verdict = rig.take(&[Charge::new(0, key(1), 1), other]).await;
            assert!(verdict.is_taken(), "{asked}: {verdict:?}");
            assert_ne!(verdict.standings()[0].source(), Source::Leased);
        }
    }
    assert!(!rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken(), "all sixty were used");
}

/// With several policies that all have leases, all are decided here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_policies_are_decided_here_together() {
    let server = Server::start().await;
    let store = lease(patient(connected(server.url()).await)).leases("policy-1", MOST);
    let (first, second) = (Quota::per_day(100_000), Quota::per_day(1_000));
    let rig = Rig::new(store, &[(first, Degrade::Deny), (second, Degrade::Deny)]);
    let (mut taken, mut leased) = (0, 0);
    for _ in 0..1_200 {
        let verdict = rig.take(&[Charge::new(0, key(1), 1), Charge::new(1, key(2), 1)]).await;
        let is_leased = |standing: &Standing| standing.source() == Source::Leased;
        taken += u32::from(verdict.is_taken());
        leased += u32::from(verdict.is_taken() && verdict.standings().iter().all(is_leased));
    }
    assert!(taken <= 1_001, "{taken}");
    assert!(taken > 1_000 - MOST && leased > 0, "{taken} taken, {leased} of them here");
}

/// What is to cost nothing, as its cost is reported later, is refused like anything else once there is no room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_costs_nothing_yet_is_not_let_in_by_a_lease() {
    let server = Server::start().await;
    let rig = leasing(&server, Quota::per_day(500)).await;
    let (mut taken, _) = hammer(rig.clone(), 450).await;
    let free = Charge::new(0, key(1), 0);
    assert!(rig.take(&[free]).await.is_taken());
    until("all is used", async || {
        let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
        taken += u32::from(verdict.is_taken());
        (!verdict.is_taken() && taken >= 500).then_some(())
    })
    .await;
    let verdict = rig.take(&[free]).await;
    assert_ne!(verdict.standings()[0].source(), Source::Leased);
}

/// Whoever finds it time to fill the lease anew has a task for that; nobody else allocates.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_leased_costs_no_allocation() {
    let server = Server::start().await;
    let rig = leasing(&server, Quota::per_day(1_000_000)).await;
    let charges = all(&[Charge::new(0, key(1), 1)]);
    until("one is decided here, for nothing", async || {
        let (step, count) = allocations::of(|| rig.store.take(&rig.limits, &charges));
        let is_here = matches!(step, Step::Now(_));
        let _ = step.await;
        let _ = hammer(rig.clone(), 100).await;
        (is_here && count.allocations() == 0).then_some(())
    })
    .await;
}
