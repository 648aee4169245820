//! What answers say of quotas that are counted in Redis, or here while it is away.

use std::num::NonZeroU32;

use buttress_core::Keyer;
use buttress_core::engine::Degrade;
use buttress_core::stage::{Decision, Stage};
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Algorithm, HeaderForm, Policy, Quota, RateLimit, everyone};
use buttress_redis::Redis;
use buttress_testkit::redis::Server;
use http::{HeaderMap, Request};

use super::{connected, patient};
use crate::support::response;

/// Nobody listens there; one of four processes.
fn nowhere() -> RedisStore {
    let redis = Redis::builder("redis://127.0.0.1:1").build().unwrap();
    RedisStore::new(redis).processes(NonZeroU32::new(4).unwrap())
}

fn limits(store: RedisStore, policy: Policy, form: HeaderForm) -> RateLimit<RedisStore> {
    let builder = RateLimit::builder().policy("a", policy).keyer(Keyer::random()).engine(store);
    builder.headers([form]).headers_on_success().build().unwrap()
}

/// What a request is answered, if it is answered so by its handler: whether it passed, and the headers.
async fn asked(limits: &RateLimit<RedisStore>, status: u16) -> (bool, HeaderMap) {
    let (stage, mut request) = (limits.stage(), Request::new(()));
    let decision = match stage.enter(&mut request) {
        Decision::Wait(wait) => stage.resume(wait.await, &mut request),
        decision => decision,
    };
    match decision {
        Decision::Pass(memo) => {
            let mut response = response(status);
            stage.leave(memo, &mut response);
            (true, response.headers().clone())
        }
        Decision::Refuse(problem, _) => (false, problem.render(None).headers().clone()),
        _ => panic!("it passes, or is refused"),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

fn r(headers: &HeaderMap) -> u32 {
    let told = text(headers, "ratelimit");
    told.split(";r=").nth(1).and_then(|rest| rest.split(';').next()).unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_came_back_is_told_as_left() {
    let server = Server::start().await;
    for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow] {
        server.command(["FLUSHALL"]).await;
        let policy = Quota::per_hour(4).algorithm(algorithm).by(everyone()).only_failures();
        let store = patient(connected(server.url()).await);
        let limits = limits(store, policy, HeaderForm::Structured);
        assert_eq!(text(&asked(&limits, 200).await.1, "ratelimit"), r#""a";r=4;t=0"#);
        assert_eq!(r(&asked(&limits, 401).await.1), 3);
        assert_eq!(r(&asked(&limits, 200).await.1), 3, "{algorithm}");
    }
}

/// The policy is that of all processes, and stays what it is; what is left is what this one still lets through.
#[tokio::test]
async fn a_share_is_told_as_what_is_left_of_the_whole() {
    for (quota, policy, share) in [
        (Quota::per_hour(12).burst(8), r#""a";q=8;w=2400"#, 2),
        (Quota::per_hour(13).algorithm(Algorithm::FixedWindow), r#""a";q=13;w=3600"#, 3),
        (Quota::per_hour(13).algorithm(Algorithm::SlidingCounter), r#""a";q=13;w=3600"#, 3),
        (Quota::per_hour(9).algorithm(Algorithm::SlidingLog), r#""a";q=9;w=3600"#, 2),
        (Quota::per_hour(2), r#""a";q=2;w=3600"#, 1),
    ] {
        let by = quota.by(everyone()).only_failures();
        let limits = limits(nowhere(), by, HeaderForm::Structured);
        assert_eq!(r(&asked(&limits, 200).await.1), share, "{quota}: it came back");
        for left in (0..share).rev() {
            let (passed, headers) = asked(&limits, 401).await;
            assert!(passed && r(&headers) == left, "{quota}: {headers:?}");
            assert_eq!(text(&headers, "ratelimit-policy"), policy);
        }
        let (passed, headers) = asked(&limits, 401).await;
        assert!(!passed && r(&headers) == 0, "{quota}: {headers:?}");
        assert_eq!(text(&headers, "ratelimit-policy"), policy);
        let until = format!(";t={}", text(&headers, "retry-after"));
        assert!(text(&headers, "ratelimit").ends_with(&until), "{quota}: {headers:?}");
    }
    for form in [HeaderForm::XRateLimit, HeaderForm::XRateLimitAt] {
        let limits = limits(nowhere(), Quota::per_hour(8).by(everyone()), form);
        let headers = asked(&limits, 200).await.1;
        assert_eq!(text(&headers, "x-ratelimit-limit"), "8");
        assert_eq!(text(&headers, "x-ratelimit-remaining"), "1");
    }
}

#[tokio::test]
async fn who_lets_all_through_tells_the_whole() {
    let policy = Quota::per_hour(8).by(everyone()).degrade(Degrade::Allow).only_failures();
    let limits = limits(nowhere(), policy, HeaderForm::Structured);
    for _ in 0..20 {
        let (passed, headers) = asked(&limits, 401).await;
        assert!(passed);
        assert_eq!(text(&headers, "ratelimit"), r#""a";r=8;t=0"#);
    }
}

/// Nobody has decided by the quota, so nothing is said of it.
#[tokio::test]
async fn who_denies_tells_nothing_of_quotas() {
    let all = [
        HeaderForm::Structured,
        HeaderForm::Combined,
        HeaderForm::Separate,
        HeaderForm::XRateLimit,
        HeaderForm::XRateLimitAt,
    ];
    for form in all {
        let policy = Quota::per_hour(8).by(everyone()).degrade(Degrade::Deny);
        let (passed, headers) = asked(&limits(nowhere(), policy, form), 200).await;
        assert!(!passed && headers["retry-after"] == "1");
        let tells = |name: &http::HeaderName| name.as_str().contains("ratelimit");
        assert!(!headers.keys().any(tells), "{form:?}: {headers:?}");
    }
}
