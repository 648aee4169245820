//! What handlers report is counted in Redis, and comes back as it was counted there.

use buttress_core::Keyer;
use buttress_core::engine::Degrade;
use buttress_core::stage::{Decision, Stage};
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Algorithm, Bill, LimitMemo, Policy, Quota, RateLimit, everyone};
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;
use http::Request;

use super::{connected, patient};
use crate::support::response;

async fn limits(server: &Server, policy: Policy) -> RateLimit<RedisStore> {
    server.command(["FLUSHALL"]).await;
    let store = patient(connected(server.url()).await);
    let limits = RateLimit::builder().policy("rows", policy.degrade(Degrade::Deny));
    limits.keyer(Keyer::random()).engine(store).build().unwrap()
}

async fn entered(limits: &RateLimit<RedisStore>) -> (LimitMemo<RedisStore>, Bill) {
    let (stage, mut request) = (limits.stage(), Request::new(()));
    let decision = match stage.enter(&mut request) {
        Decision::Wait(wait) => stage.resume(wait.await, &mut request),
        decision => decision,
    };
    let Decision::Pass(memo) = decision else { panic!("{decision:?}") };
    (memo, request.extensions().get::<Bill>().unwrap().clone())
}

async fn is_left(limits: &RateLimit<RedisStore>, expected: u32) {
    let key = limits.writer("rows").unwrap().key();
    let left = async || limits.peek("rows", key).unwrap().await.standings()[0].remaining();
    let what = format!("{expected} are left");
    until(&what, async || (left().await == expected).then_some(())).await;
}

#[tokio::test]
async fn what_was_not_counted_is_not_given_back() {
    let server = Server::start().await;
    for algorithm in
        [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingCounter, Algorithm::SlidingLog]
    {
        let quota = Quota::per_hour(10).algorithm(algorithm);
        let policy = quota.by(everyone()).cost_reported(1);
        let policy = policy.refund_status(|status| status.is_server_error());
        let limits = limits(&server, policy).await;
        for _ in 0..5 {
            let _ = entered(&limits).await;
        }
        let (memo, bill) = entered(&limits).await;
        is_left(&limits, 4).await;
        bill.settle(u32::MAX);
        is_left(&limits, 0).await;
        // Said before anybody knows what was counted.
        bill.settle(1_000);
        bill.settle(2);
        is_left(&limits, 3).await;
        bill.settle(1_000);
        is_left(&limits, 0).await;
        limits.stage().leave(memo, &mut response(500));
        // A log has pushed out what came before, twice, and keeps as many in its place until they are over.
        is_left(&limits, if algorithm == Algorithm::SlidingLog { 3 } else { 5 }).await;
    }
}

#[tokio::test]
async fn what_came_on_top_comes_back_out_of_its_own_window() {
    let server = Server::start().await;
    let quota = Quota::per(std::time::Duration::from_millis(300), 10);
    let quota = quota.algorithm(Algorithm::FixedWindow);
    let limits = limits(&server, quota.by(everyone()).cost_reported(1)).await;
    let (_memo, bill) = entered(&limits).await;
    bill.settle(10);
    is_left(&limits, 0).await;
    is_left(&limits, 10).await;
    let key = limits.writer("rows").unwrap().key();
    let taken = limits.take("rows", key, 10).unwrap().await;
    assert!(taken.is_taken(), "{taken:?}");
    bill.settle(1);
    // Behind what came back, if anything did, in the same window.
    let seen = limits.peek("rows", key).unwrap().await;
    let is_same = seen.standings()[0].resets_in() < taken.standings()[0].resets_in();
    assert!(!is_same || seen.standings()[0].remaining() == 0, "{seen:?}");
}
