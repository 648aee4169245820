//! Requests, through the layer, to a store that has to be waited for.

use std::convert::Infallible;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Degrade;
use buttress_core::stage::Stage;
use buttress_core::{BuildError, Context, Keyer};
use buttress_ratelimit::store::{Engine, Memory, RedisStore};
use buttress_ratelimit::throttle::ThrottleBuilder;
use buttress_ratelimit::{Quota, RateLimit, everyone, header};
use buttress_redis::Redis;
use buttress_testkit::redis::Server;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use super::{connected, patient};

/// What requests of these callers are answered, one after the other.
async fn answers(limits: &RateLimit<Engine>, callers: &[&str]) -> Vec<(u16, Option<String>)> {
    let app = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let app = Context::default().then(limits.stage()).layer().layer(app);
    let mut answers = Vec::new();
    for caller in callers {
        let request = Request::get("/").header("x-caller", *caller).body(()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let retry = response.headers().get("retry-after");
        let retry = retry.map(|retry| retry.to_str().unwrap().to_owned());
        answers.push((response.status().as_u16(), retry));
    }
    answers
}

fn limits(keyer: Keyer, engine: impl Into<Engine>, degrade: Degrade) -> RateLimit<Engine> {
    RateLimit::builder()
        .policy("all", Quota::per_hour(100).by(everyone()).degrade(degrade))
        .policy("per-caller", Quota::per_minute(2).by(header("x-caller")).degrade(degrade))
        .keyer(keyer)
        .engine(engine.into())
        .build()
        .unwrap()
}

#[tokio::test]
async fn two_processes_answer_as_one() {
    let server = Server::start().await;
    let keyer = Keyer::random();
    let one = limits(keyer, patient(connected(server.url()).await), Degrade::Deny);
    let other = limits(keyer, patient(connected(server.url()).await), Degrade::Deny);
    let told = |status, retry: Option<&str>| (status, retry.map(ToOwned::to_owned));
    assert_eq!(answers(&one, &["ada", "grace"]).await, [told(200, None), told(200, None)]);
    let expected = [told(200, None), told(429, Some("30")), told(200, None)];
    assert_eq!(answers(&other, &["ada", "ada", "grace"]).await, expected);
    // What the other process was refused, this one has to ask for.
    assert_eq!(answers(&one, &["ada"]).await[0].0, 429);
    // A refusal of one policy has taken nothing of the other.
    let left = one.peek("all", one.writer("all").unwrap().key()).unwrap().await;
    assert_eq!(left.standings()[0].remaining(), 96);
}

/// What is remembered of a refusal says nothing of the other policies, so neither do the headers.
#[tokio::test]
async fn headers_tell_what_is_known() {
    let server = Server::start().await;
    let limits = limits(Keyer::random(), patient(connected(server.url()).await), Degrade::Deny);
    let app = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let app = Context::default().then(limits.stage()).layer().layer(app);
    let mut told = Vec::new();
    for _ in 0..4 {
        let request = Request::get("/").header("x-caller", "ada").body(()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let told_now = response.headers().get("ratelimit").map(|told| told.to_str().unwrap());
        told.push(told_now.unwrap_or_default().to_owned());
    }
    let [_, _, asked, remembered] = &told[..] else { panic!("{told:?}") };
    assert!(asked.contains("\"all\";r=98") && asked.contains("\"per-caller\";r=0"), "{asked}");
    assert!(
        !remembered.contains("\"all\"") && remembered.contains("\"per-caller\";r=0"),
        "{remembered}"
    );
}

#[tokio::test]
async fn memory_behind_the_same_type_answers_alike() {
    let limits = limits(Keyer::random(), Memory::new(), Degrade::Deny);
    let statuses: Vec<_> = answers(&limits, &["ada", "ada", "ada", "grace"]).await;
    let statuses: Vec<_> = statuses.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [200, 200, 429, 200]);
}

#[tokio::test]
async fn without_redis_it_answers_as_told() {
    let nowhere = || RedisStore::new(Redis::builder("redis://127.0.0.1:1").build().unwrap());
    for (degrade, expected) in [
        (Degrade::Allow, [200, 200, 200]),
        (Degrade::Deny, [503, 503, 503]),
        (Degrade::Local, [200, 200, 429]),
    ] {
        let limits = limits(Keyer::random(), nowhere(), degrade);
        let statuses = answers(&limits, &["ada", "ada", "ada"]).await;
        let statuses: Vec<_> = statuses.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, expected, "{degrade}");
    }
}

/// Each process would count for itself, and nothing tells of it.
/// A URL is enough: who connects has asked for what the fleet makes its keys with.
#[tokio::test]
async fn two_processes_that_know_the_url_alone_count_together() {
    let server = Server::start().await;
    let mut processes = Vec::new();
    for _ in 0..2 {
        let redis = Redis::connect(server.url()).await.unwrap();
        let policy = Quota::per_minute(2).by(header("x-caller")).degrade(Degrade::Deny);
        let limits = RateLimit::builder().policy("per-caller", policy);
        processes.push(limits.engine(Engine::from(patient(redis))).build().unwrap());
    }
    let statuses =
        |answers: Vec<(u16, _)>| answers.into_iter().map(|(status, _)| status).collect::<Vec<_>>();
    assert_eq!(statuses(answers(&processes[0], &["ada", "grace"]).await), [200, 200]);
    assert_eq!(statuses(answers(&processes[1], &["ada", "ada", "grace"]).await), [200, 429, 200]);
}

/// Its server has said that this user may not have the seed, so to wait for it is in vain.
async fn without_a_seed() -> Redis {
    let server = Server::start().await;
    server.command(["ACL", "SETUSER", "narrow", "on", ">secret", "+@all", "~test:limit*"]).await;
    let redis = Redis::builder(server.url()).prefix("test");
    redis.login(Some("narrow".to_owned()), "secret").connect().await.unwrap()
}

#[tokio::test]
async fn limits_whose_keys_no_other_process_makes_are_not_built() {
    let refused = without_a_seed().await;
    assert!(refused.is_seed_refused());
    let redis = || refused.clone();
    let limits = || RateLimit::builder().policy("all", Quota::per_hour(3).by(everyone()));
    let throttle = || ThrottleBuilder::http(Quota::per_hour(3), everyone());
    let path = |error: &BuildError| error.faults().last().map(|fault| fault.path().to_owned());
    let is_refused = |error: BuildError| {
        assert_eq!(path(&error).as_deref(), Some("key_seed"), "{error}");
        assert!(error.to_string().contains(".keyer("), "it says what to write: {error}");
        error.faults().len()
    };

    assert_eq!(is_refused(limits().engine(redis()).build().unwrap_err()), 1);
    let chosen = Engine::from(RedisStore::new(redis()));
    assert_eq!(is_refused(limits().engine(chosen).build().unwrap_err()), 1);
    let queued = limits().engine(redis()).timer(ManualClock::new());
    assert_eq!(is_refused(queued.build().unwrap_err()), 1);
    assert_eq!(is_refused(throttle().engine(redis()).build().unwrap_err()), 1);
    let narrow = throttle().engine(redis()).most_waiting(0);
    assert_eq!(is_refused(narrow.build().unwrap_err()), 2, "all at once");

    let keyer = Keyer::random();
    assert!(limits().engine(redis()).keyer(keyer).build().is_ok());
    assert!(throttle().engine(redis()).keyer(keyer).build().is_ok());
    assert!(limits().engine(Engine::from(Memory::new())).build().is_ok());
}

/// Redis is not asked for all it has.
#[tokio::test]
async fn what_a_fleet_does_not_share() {
    let server = Server::start().await;
    let keyer = Keyer::random();
    let process = async || {
        let quota = Quota::per_hour(1).by(header("x-caller"));
        let store = Engine::from(patient(connected(server.url()).await));
        RateLimit::builder().policy("per-caller", quota).keyer(keyer).engine(store).build().unwrap()
    };
    let (one, other) = (process().await, process().await);
    let statuses = async |limits, callers: &[&str]| {
        let answers = answers(limits, callers).await;
        answers.into_iter().map(|(status, _)| status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&one, &["ada", "ada"]).await, [200, 429]);
    assert_eq!(statuses(&other, &["ada"]).await, [429], "the quota is shared");
    assert_eq!(one.heaviest("per-caller", 9).unwrap(), None);
    assert_eq!(one.usage("per-caller").unwrap(), None);
}
