//! A quota that the throttles of a fleet share: that of a partner.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock, TokioTimer};
use buttress_core::engine::Degrade;
use buttress_core::key::{ByEndpoint, KeySeed, Keyer, endpoint};
use buttress_ratelimit::Quota;
use buttress_ratelimit::store::{Queued, RedisStore};
use buttress_ratelimit::throttle::{ByKey, ThrottleBuilder, ThrottleLayer};

use buttress_testkit::redis::Server;
use http::{Request, Response, StatusCode};
use tower::{Layer, ServiceExt, service_fn};

use super::to;
use crate::fleet::{connected, patient};

type OfAFleet = ThrottleLayer<ByKey<ByEndpoint>, Queued<RedisStore, TokioTimer>>;

/// What one process has.
async fn process(server: &Server, quota: Quota) -> OfAFleet {
    let seed: KeySeed = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
    ThrottleBuilder::http(quota, endpoint())
        .named("partner")
        .keyer(Keyer::from(seed))
        .degrade(Degrade::Deny)
        .engine(patient(connected(server.url()).await))
        .timer(TokioTimer)
        .build()
        .unwrap()
}

fn partner(_: Request<()>) -> Ready<Result<Response<()>, Infallible>> {
    ready(Ok(Response::new(())))
}

#[tokio::test]
async fn processes_share_what_a_partner_allows() {
    let server = Server::start().await;
    let quota = Quota::per_hour(3);
    let processes = [process(&server, quota).await, process(&server, quota).await];
    let mut statuses = Vec::new();
    for process in processes.iter().cycle().take(5) {
        let client = process.layer(service_fn(partner));
        statuses.push(client.oneshot(to("a.internal")).await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 503, 503]);
}

/// Whose turn it is says Redis; that it is awaited is this process's.
#[tokio::test]
async fn turns_are_waited_for() {
    let server = Server::start().await;
    let quota = Quota::per_second(20).burst(1).queue(Duration::from_secs(60));
    let process = process(&server, quota).await;
    let begun = SystemClock.now();
    let calls = (0..5).map(|_| process.layer(service_fn(partner)).oneshot(to("a.internal")));
    let calls: Vec<_> = calls.map(tokio::spawn).collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    let took = SystemClock.now() - begun;
    assert!(took >= Duration::from_millis(199), "four turns of 50 ms: {took:?}");
}
