//! The layer keeps the contract of tower, and is what servers need.

use buttress_core::Context;
use buttress_core::stage::{Never, Stage};
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::when::method;
use buttress_ratelimit::{
    Ban, Bill, LimitMemo, LimitStage, POST, Policy, Quota, RateLimit, RateLimitBuilder, everyone,
};
use buttress_testkit::contract::Contract;
use http::Request;

fn limits(policy: Policy) -> RateLimit {
    RateLimit::builder().policy("all", policy).headers_on_success().build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_tower() {
    let wide = || Quota::per_second(1_000_000).by(everyone());
    Contract::new(|| limits(wide()).layer()).check().await;
    Contract::new(|| limits(wide().only_failures().cost_reported(3)).layer()).check().await;
    Contract::new(|| limits(Quota::at_once(64).by(everyone())).layer()).check().await;
    Contract::new(|| Context::default().then(limits(wide()).before_auth()).layer()).check().await;
}

#[tokio::test(start_paused = true)]
async fn of_who_refuses() {
    let post = || Request::post("/").body(()).unwrap();
    let denying = || {
        RateLimit::builder().policy("all", Quota::per_second(9).by(everyone()).when(method(POST)))
    };
    Contract::new(|| denying().deny(method(POST)).build().unwrap().layer())
        .refuses(post)
        .check()
        .await;
    let costly = || Quota::per_hour(1).by(everyone()).cost_by(|_| 2).when(method(POST));
    Contract::new(|| limits(costly()).layer()).refuses(post).check().await;
}

#[test]
fn types_are_what_servers_need() {
    fn shared<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    fn sendable<T: Send + std::fmt::Debug + 'static>() {}
    fn never<T: Stage<Wait = Never>>() {}
    shared::<RateLimit>();
    shared::<LimitStage>();
    shared::<Bill>();
    shared::<Ban>();
    sendable::<LimitMemo<Memory>>();
    sendable::<RateLimitBuilder>();
    sendable::<Policy>();
    never::<LimitStage>();
    assert!(size_of::<RateLimit>() == size_of::<usize>());
    assert!(size_of::<LimitMemo<Memory>>() <= 128, "{}", size_of::<LimitMemo<Memory>>());
}
