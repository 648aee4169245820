//! When somebody who is banned may come again, as each process of a fleet says.

use std::time::Duration;

use buttress_core::Keyer;
use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::stage::{Decision, Stage};
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Penalty, Quota, RateLimit, header};
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::{asks, ban, hears, key_of, members, process};
use crate::fleet::{connected, patient};
use crate::support::SECOND;

/// What its `Retry-After` says, if it is refused.
async fn told(limits: &RateLimit<RedisStore>, caller: &str) -> Option<Duration> {
    let mut request = http::Request::get("/").header("x-caller", caller).body(()).unwrap();
    let stage = limits.before_auth();
    let decision = match stage.enter(&mut request) {
        Decision::Wait(asking) => stage.resume(asking.await, &mut request),
        decided => decided,
    };
    match decision {
        Decision::Refuse(problem, _) => problem.retry_after(),
        _ => None,
    }
}

/// The ban lasts a minute, and the quota has room in an hour: every process says so, one that starts later, too.
#[tokio::test]
async fn every_process_tells_when_the_quota_has_room() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let (one, other) = (process(&server, keyer).await, process(&server, keyer).await);
    ban(&one, "ada").await;
    hears(&other, "ada").await;
    drop(one);
    until("it is told", async || (!members(&server).await.is_empty()).then_some(())).await;
    let late = process(&server, keyer).await;
    hears(&late, "ada").await;
    for limits in [&other, &late] {
        let again = told(limits, "ada").await.unwrap();
        assert!(again > SECOND * 3_540 && again <= SECOND * 3_601, "{again:?}");
    }
    // A ban that was lifted takes nothing of it along.
    assert!(other.lift("strict", key_of(&other, "ada")).unwrap());
    assert!(other.reset("strict", key_of(&other, "ada")).unwrap().await.is_taken());
    assert_eq!(asks(&other, "ada").await, Ok(()));
}

/// Who waits as long as another process says, and has the key to itself, is let in by both.
#[tokio::test]
async fn who_waits_so_long_is_let_in() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let process = async || {
        let short = Penalty::after(1).lasts(SECOND * 2);
        let quota = Quota::per(SECOND * 4, 1).by(header("x-caller")).penalty(short);
        let limits = RateLimit::builder().policy("strict", quota).keyer(keyer);
        limits.engine(patient(connected(server.url()).await)).build().unwrap()
    };
    let (one, other) = (process().await, process().await);
    super::probed(&other).await;
    for caller in ["ada", "grace"] {
        ban(&one, caller).await;
    }
    until("it hears", async || super::left(&other, "grace")).await;
    let mut again = Duration::ZERO;
    for caller in ["ada", "grace"] {
        let wait = told(&other, caller).await.expect("it is banned there");
        assert!(wait > SECOND * 2, "the ban alone is over before: {wait:?}");
        again = again.max(wait);
    }
    TokioTimer.sleep(Duration::from_secs(again.as_secs() + 1)).await;
    assert_eq!(asks(&one, "ada").await, Ok(()));
    assert_eq!(asks(&other, "grace").await, Ok(()));
}
