//! Limits stand on both sides of the user's own stages, inside of probes, and keep the promises of the wall.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use buttress::Principal;
use buttress::prelude::*;
use buttress::ratelimit::{address, everyone, principal};
use buttress::stage::gate_fn;
use buttress_testkit::contract::Contract;
use buttress_testkit::mock;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};

fn limits(policy: buttress::ratelimit::Policy) -> RateLimit {
    RateLimit::builder().policy("some", policy).build().unwrap()
}

fn from(peer: &str, user: &str) -> Request<()> {
    let mut request = Request::builder().header("x-user", user).body(()).unwrap();
    request.extensions_mut().insert(SocketAddr::new(peer.parse().unwrap(), 4711));
    request
}

/// Believes what the client says; counts whom it was asked about.
fn authentication(asked: &Arc<AtomicU32>) -> impl Gate<Memo = ()> {
    let asked = asked.clone();
    gate_fn(move |request: &mut dyn RequestHead| {
        asked.fetch_add(1, Ordering::Relaxed);
        let user = request.headers()["x-user"].to_str().unwrap().to_owned();
        let context = request.context().unwrap();
        assert!(context.set_principal(Principal::new(user)));
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn keeps_the_contract() {
    let few = || limits(Quota::per_second(1_000_000).by(everyone()));
    Contract::new(|| Inbound::builder().rate_limit(&few()).build().unwrap())
        .catches_panics()
        .check()
        .await;
    let twice = || Inbound::builder().rate_limit(&few()).rate_limit(&few()).build().unwrap().leak();
    Contract::new(twice).catches_panics().check().await;
}

#[tokio::test]
async fn a_flood_does_not_reach_authentication() {
    let asked = Arc::new(AtomicU32::new(0));
    let limits = limits(Quota::per_hour(2).by(address()));
    let wall = Inbound::builder().then(authentication(&asked)).rate_limit(&limits).build().unwrap();
    let service = wall.layer(mock::service::<()>().0);
    let mut statuses = Vec::new();
    for user in ["a", "b", "c"] {
        let response = service.clone().oneshot(from("192.0.2.1", user)).await.unwrap();
        assert!(response.headers().contains_key("x-request-id"));
        statuses.push(response.status().as_u16());
    }
    assert_eq!((statuses, asked.load(Ordering::Relaxed)), (vec![200, 200, 429], 2));
}

#[tokio::test]
async fn limits_by_principal_know_whom_authentication_found() {
    let asked = Arc::new(AtomicU32::new(0));
    let limits = limits(Quota::per_hour(1).by(principal()));
    let (service, inner) = mock::service::<()>();
    let wall = Inbound::builder().rate_limit(&limits).then(authentication(&asked)).build().unwrap();
    let service = wall.layer(service);
    let mut statuses = Vec::new();
    for (peer, user) in [("192.0.2.1", "ada"), ("192.0.2.1", "bob"), ("192.0.2.2", "ada")] {
        let response = service.clone().oneshot(from(peer, user)).await.unwrap();
        statuses.push(response.status().as_u16());
    }
    assert_eq!((statuses, asked.load(Ordering::Relaxed)), (vec![200, 200, 429], 3));
    assert_eq!(inner.counts().calls, 2);
}

#[tokio::test]
async fn more_limits_stand_inside_one_another() {
    let outer = limits(Quota::per_hour(2).by(everyone()));
    let inner = limits(Quota::per_hour(1).by(address()));
    let wall = Inbound::builder().rate_limit(&outer).rate_limit(&inner).build().unwrap();
    let service = wall.layer(mock::service::<()>().0);
    let mut statuses = Vec::new();
    for peer in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        let response = service.clone().oneshot(from(peer, "ada")).await.unwrap();
        statuses.push(response.status().as_u16());
    }
    // The second has taken from the outer one before the inner one refused it: they decide apart.
    assert_eq!(statuses, [200, 429, 429]);
}

/// A closure of a policy is the user's code, as a stage of his own is.
#[tokio::test]
async fn a_panic_of_a_policy_is_a_refusal_with_an_id() {
    let limits = limits(
        Quota::per_hour(1).by(everyone()).cost_by(|_: &dyn RequestHead| panic!("the recipe")),
    );
    let wall = Inbound::builder().rate_limit(&limits).build().unwrap();
    let service = wall.layer(mock::service::<()>().0);
    let response = service.oneshot(from("192.0.2.1", "ada")).await.unwrap();
    assert_eq!(response.status(), 500);
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = str::from_utf8(&body).unwrap();
    assert!(text.contains(&id) && !text.contains("recipe"), "{text}");
}

#[cfg(feature = "health")]
#[tokio::test]
async fn probes_are_not_limited() {
    let health = buttress::health::HealthChecks::builder().build().unwrap();
    let limits = limits(Quota::per_hour(1).by(everyone()));
    let wall = Inbound::builder().rate_limit(&limits).health(&health).build().unwrap();
    let app = service_fn(|_: Request<()>| async {
        Ok::<_, std::convert::Infallible>(Response::new(http_body_util::Full::<Bytes>::default()))
    });
    let service = wall.layer(app);
    let get = |path: &str| service.clone().oneshot(Request::get(path).body(()).unwrap());
    for _ in 0..3 {
        assert_eq!(get("/health/live").await.unwrap().status(), 200);
    }
    assert_eq!(get("/").await.unwrap().status(), 200, "probes have taken nothing");
    assert_eq!(get("/").await.unwrap().status(), 429);
    assert_eq!(get("/health/live").await.unwrap().status(), 200);
}
