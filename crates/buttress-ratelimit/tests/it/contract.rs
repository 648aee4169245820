//! The layer keeps the contract of tower, and is what servers need.

use std::convert::Infallible;

use buttress_core::stage::{Never, RequestHead, Stage, gate_fn};
use buttress_core::{Context, Principal};
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::when::method;
use buttress_ratelimit::{
    Ban, Bill, LimitMemo, LimitStage, POST, Policy, Quota, RateLimit, RateLimitBuilder, address,
    everyone, principal,
};
use buttress_testkit::contract::Contract;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::support::now;

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
    Contract::new(|| limits(wide()).before_auth()).check().await;
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

/// Around authentication, each side as the layer that it is.
#[tokio::test]
async fn either_side_of_authentication_is_a_layer() {
    let limits = RateLimit::builder()
        .policy("per-address", Quota::per_hour(3).by(address()))
        .policy("per-user", Quota::per_hour(1).by(principal()))
        .build()
        .unwrap();
    let authentication = gate_fn(|request: &mut dyn RequestHead| {
        let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
        let context = request.context().unwrap();
        assert!(user.is_some_and(|user| context.set_principal(Principal::new(user))));
        Ok(())
    });
    let service = ServiceBuilder::new()
        .layer(Context::default().layer())
        .layer(limits.before_auth())
        .layer(authentication.layer())
        .layer(limits.after_auth())
        .service(service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }));
    let mut statuses = Vec::new();
    for user in ["ada", "ada", "bob", "bob"] {
        let request = Request::get("/").header("x-user", user).body(()).unwrap();
        statuses.push(service.clone().oneshot(request).await.unwrap().status().as_u16());
    }
    // Of ada the second is refused inside, and has taken of her address by then; for bob's second that is used up.
    assert_eq!(statuses, [200, 429, 200, 429]);
    let used = limits.writer("per-address").unwrap().address(None).key();
    assert!(limits.peek("per-address", used).is_ok_and(|verdict| now(verdict).refusal().is_some()));
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
