//! What comes back in one process is soon seen by the others.

use std::time::Duration;

use buttress_core::Keyer;
use buttress_core::clock::ManualClock;
use buttress_core::engine::Degrade;
use buttress_core::stage::{Decision, Stage};
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Algorithm, Bill, LimitMemo, Policy, Quota, RateLimit, everyone};
use buttress_testkit::poll;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;
use http::Request;

use super::{commands, connected, patient};
use crate::support::response;

fn limits(keyer: Keyer, store: RedisStore, policy: Policy) -> RateLimit<RedisStore> {
    let policy = policy.degrade(Degrade::Deny);
    RateLimit::builder().policy("a", policy).keyer(keyer).engine(store).build().unwrap()
}

async fn entered(limits: &RateLimit<RedisStore>) -> Option<(LimitMemo<RedisStore>, Request<()>)> {
    let (stage, mut request) = (limits.stage(), Request::new(()));
    let decision = match stage.enter(&mut request) {
        Decision::Wait(wait) => stage.resume(wait.await, &mut request),
        decision => decision,
    };
    match decision {
        Decision::Pass(memo) => Some((memo, request)),
        _ => None,
    }
}

async fn is_left(limits: &RateLimit<RedisStore>) -> u32 {
    let key = limits.writer("a").unwrap().key();
    limits.peek("a", key).unwrap().await.standings()[0].remaining()
}

/// Whoever has just come while somebody else logs in must not be locked out for an hour, nor banned for it.
#[tokio::test]
async fn who_was_refused_for_what_another_process_gives_back_is_let_in_again() {
    let server = Server::start().await;
    let (keyer, clock) = (Keyer::random(), ManualClock::new());
    let window = || Quota::per_hour(1).algorithm(Algorithm::FixedWindow).by(everyone());
    for policy in
        [|policy: Policy| policy.only_failures(), |policy: Policy| policy.cost_reported(1)]
    {
        server.command(["FLUSHALL"]).await;
        let one = limits(keyer, patient(connected(server.url()).await), policy(window()));
        let store = patient(connected(server.url()).await).clock(clock.clone());
        let other = limits(keyer, store, policy(window()));
        let (memo, request) = entered(&one).await.expect("it is the first");
        assert!(entered(&other).await.is_none());
        let before = commands(&server).await;
        for _ in 0..200 {
            assert!(entered(&other).await.is_none());
        }
        let asked = commands(&server).await - before;
        assert!(asked < 50, "a flood does not reach Redis: {asked}");

        if let Some(bill) = request.extensions().get::<Bill>() {
            bill.settle(0);
        }
        one.stage().leave(memo, &mut response(200));
        let back = async || (is_left(&one).await == 1).then_some(());
        until("it is given back", back).await;
        clock.advance(Duration::from_secs(1));
        assert!(entered(&other).await.is_some(), "it has asked again");
    }
}

/// A client that logs in again as soon as it has its answer.
#[tokio::test]
async fn who_comes_right_after_the_answer_finds_it_given_back() {
    let server = Server::start().await;
    for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow] {
        server.command(["FLUSHALL"]).await;
        server.command(["SCRIPT", "FLUSH"]).await;
        let logins = Quota::per_hour(1).algorithm(algorithm).by(everyone()).only_failures();
        let limits = limits(Keyer::random(), patient(connected(server.url()).await), logins);
        for login in 0..50 {
            let Some((memo, _)) = entered(&limits).await else { panic!("{algorithm:?}: {login}") };
            limits.stage().leave(memo, &mut response(200));
        }
    }
}

/// Where nothing comes back, a refusal is certain until its time.
#[tokio::test]
async fn where_nothing_comes_back_nobody_asks_before_the_time() {
    let server = Server::start().await;
    let clock = ManualClock::new();
    let store = patient(connected(server.url()).await).clock(clock.clone());
    let limits = limits(Keyer::random(), store, Quota::per_hour(1).by(everyone()));
    assert!(entered(&limits).await.is_some());
    assert!(entered(&limits).await.is_none());
    clock.advance(Duration::from_secs(3_000));
    let before = commands(&server).await;
    for _ in 0..200 {
        assert!(entered(&limits).await.is_none());
    }
    assert!(commands(&server).await - before < 50);
}

/// Less than a frozen server takes, and much less than after what it is given up.
const BUDGET: Duration = Duration::from_millis(50);

/// Three failures an hour in a store that is known to be there, and has little time.
async fn hurried(server: &Server, algorithm: Algorithm) -> RateLimit<RedisStore> {
    let logins = Quota::per_hour(3).algorithm(algorithm).by(everyone()).only_failures();
    let store = RedisStore::new(connected(server.url()).await).within(BUDGET);
    let limits = limits(Keyer::random(), store, logins);
    let there = async || (is_left(&limits).await == 3).then_some(());
    until("its scripts are there", there).await;
    limits
}

/// Nobody was let in, so nobody ever says that it was no failure.
#[tokio::test]
async fn what_was_taken_for_an_answer_too_late_comes_back() {
    let server = Server::start().await;
    for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow] {
        let limits = hurried(&server, algorithm).await;
        let Some((memo, _)) = entered(&limits).await else { panic!("there is room") };
        limits.stage().leave(memo, &mut response(401));
        server.freeze();
        for _ in 0..2 {
            assert!(entered(&limits).await.is_none(), "nobody logs in without Redis");
        }
        server.thaw();
        let back = async || (is_left(&limits).await == 2).then_some(());
        until("two come back, and the failure stays", back).await;
        let Some((memo, _)) = entered(&limits).await else { panic!("there is room") };
        limits.stage().leave(memo, &mut response(401));
        assert_eq!(is_left(&limits).await, 1, "none came back twice");
    }
}

/// Also if the verdict has come, and was not looked at.
#[tokio::test]
async fn what_was_taken_for_a_client_that_has_gone_comes_back() {
    let server = Server::start().await;
    let limits = hurried(&server, Algorithm::Gcra).await;
    let asked = || {
        let Decision::Wait(mut wait) = limits.stage().enter(&mut Request::new(())) else {
            panic!("Redis is asked")
        };
        poll::assert_pending(&mut wait);
        wait
    };
    server.freeze();
    for _ in 0..3 {
        drop(asked());
    }
    server.thaw();
    let back = async || (is_left(&limits).await == 3).then_some(());
    until("it is given back", back).await;

    let before = commands(&server).await;
    let wait = asked();
    let there = async || (commands(&server).await > before + 3).then_some(());
    until("it was decided", there).await;
    tokio::task::yield_now().await;
    drop(wait);
    until("it is given back", back).await;
}
