//! A process that begins while Redis is away does as one that has lost it, and counts there once it is back.

use std::convert::Infallible;
use std::future::ready;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::engine::Degrade;
use buttress_core::key::ByEveryone;
use buttress_core::stage::{Decision, Stage};
use buttress_core::{HealthStatus, Key, Probe};
use buttress_ratelimit::store::{Engine, RedisStore};
use buttress_ratelimit::throttle::{ByKey, ThrottleBuilder, ThrottleLayer};
use buttress_ratelimit::{Bill, Penalty, Quota, RateLimit, RateLimitBuilder, everyone, header};
use buttress_redis::{Redis, RedisBuilder};
use buttress_testkit::log::Log;
use buttress_testkit::redis::{Reply, Server};
use buttress_testkit::until::until;
use http::{HeaderName, HeaderValue, Request, Response};
use tower::{Layer, ServiceExt, service_fn};

use super::patient;
use crate::support::SECOND;

/// Logins are denied while nobody can count them, pages are counted here.
fn policies() -> RateLimitBuilder {
    let by = || header("x-caller");
    RateLimit::builder()
        .policy("logins", Quota::per_hour(3).by(by()).degrade(Degrade::Deny))
        .policy("pages", Quota::per_hour(2).by((by(), everyone())).degrade(Degrade::Local))
}

fn begun(redis: RedisBuilder) -> RateLimit<Engine> {
    let store = patient(redis.prefix("test").build().unwrap());
    policies().engine(Engine::from(store)).build().unwrap()
}

/// A server that is down, and comes later.
async fn later() -> Server {
    let server = Server::start().await;
    server.kill();
    server
}

fn key_of(limits: &RateLimit<Engine>, policy: &str, caller: &str) -> Key {
    let name = HeaderName::from_static("x-caller");
    let mut writer = limits.writer(policy).unwrap();
    writer.header(&name, &HeaderValue::try_from(caller).unwrap()).key()
}

/// Whether this caller may log in.
async fn logs_in(limits: &RateLimit<Engine>, caller: &str) -> bool {
    let key = key_of(limits, "logins", caller);
    limits.check("logins", key).unwrap().await.is_taken()
}

async fn health(limits: &RateLimit<Engine>) -> HealthStatus {
    Probe::check(limits).await.status()
}

#[tokio::test]
async fn logins_are_denied_until_they_are_counted_with_the_others() {
    let log = Log::of("buttress");
    let _listening = log.listen();
    let server = later().await;
    let one = begun(Redis::builder(server.url()));
    for _ in 0..5 {
        assert!(!logs_in(&one, "ada").await, "nobody could count it");
        assert_eq!(health(&one).await, HealthStatus::Down);
    }
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN message=answers without Redis"), "{lines:?}");

    server.restart().await;
    until("it counts there", async || logs_in(&one, "ada").await.then_some(())).await;
    let other = begun(Redis::builder(server.url()));
    until("so does another one", async || logs_in(&other, "ada").await.then_some(())).await;
    assert_eq!(key_of(&one, "logins", "ada"), key_of(&other, "logins", "ada"));
    assert!(logs_in(&one, "ada").await);
    assert!(!logs_in(&one, "ada").await && !logs_in(&other, "ada").await, "three of both");
    assert!(logs_in(&other, "grace").await);
    until("it is well", async || (health(&one).await == HealthStatus::Up).then_some(())).await;
}

/// Whoever asks all the while, Redis sees no key that only one process makes.
#[tokio::test]
async fn no_key_of_before_reaches_redis() {
    let server = later().await;
    let redis = Redis::builder(server.url()).prefix("test").build().unwrap();
    let store = Engine::from(patient(redis.clone()));
    let limits = policies().shard_by(header("x-caller")).engine(store).build().unwrap();
    let asks = async |caller: String| {
        let mut request = Request::get("/").header("x-caller", caller).body(()).unwrap();
        match limits.stage().enter(&mut request) {
            Decision::Wait(wait) => drop(limits.stage().resume(wait.await, &mut request)),
            _ => TokioTimer.sleep(SECOND / 1_000).await,
        }
    };
    let callers = || (0..20).map(|caller: u32| caller.to_string());
    let everybody_asks = async || {
        for caller in callers() {
            asks(caller).await;
        }
    };
    everybody_asks().await;
    let before: Vec<_> = callers().map(|of| key_of(&limits, "logins", &of)).collect();
    server.restart().await;
    until("it has the keys of all", async || {
        everybody_asks().await;
        redis.known_seed()
    })
    .await;
    everybody_asks().await;

    let keys = |of: &str| callers().map(|caller| key_of(&limits, of, &caller)).collect::<Vec<_>>();
    assert!(keys("logins").iter().all(|key| !before.contains(key)), "all are other ones");
    let shards = callers().map(|caller| {
        let name = HeaderName::from_static("x-caller");
        let mut writer = limits.shard_writer().unwrap();
        writer.header(&name, &HeaderValue::try_from(caller).unwrap()).key()
    });
    let shards: Vec<_> = shards.map(|shard| format!("{{{shard}}}")).collect();
    let records = server.command(["KEYS", "test:limit:*"]).await;
    let records: Vec<_> = records.items().iter().map(Reply::text).collect();
    assert!(records.len() >= 20, "{records:?}");
    for record in records.iter().filter(|record| record.contains("logins")) {
        assert!(keys("logins").iter().any(|key| record.contains(&key.to_string())), "{record}");
    }
    for record in &records {
        assert!(shards.iter().any(|shard| record.contains(shard)), "{record}");
    }
}

/// While a process is connected, and has no keys of the fleet, Redis hears of none that it makes: whatever is done.
#[tokio::test]
async fn nothing_is_asked_by_keys_of_its_own() {
    let server = Server::start().await;
    server.command(["ACL", "SETUSER", "narrow", "on", ">secret", "+@all", "~test:limit-*"]).await;
    let redis = Redis::builder(server.url()).prefix("test");
    let redis = redis.login(Some("narrow".to_owned()), "secret").build().unwrap();
    redis.connected().await.unwrap();
    let limits = RateLimit::builder()
        .policy("failures", Quota::per_hour(9).by(everyone()).only_failures())
        .policy("permits", Quota::at_once(9).by(everyone()))
        .policy("bills", Quota::per_hour(9).by(everyone()).cost_reported(1))
        .engine(patient(redis.clone()))
        .build()
        .unwrap();
    let app = limits.layer().layer(service_fn(|request: Request<()>| {
        request.extensions().get::<Bill>().unwrap().settle(3);
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let left = async |policy: &str, key| {
        limits.peek(policy, key).unwrap().await.standings()[0].remaining()
    };
    assert_eq!(app.oneshot(Request::new(())).await.unwrap().status(), 200);
    for (policy, nothing) in [("failures", 9), ("permits", 9), ("bills", 6)] {
        let key = limits.writer(policy).unwrap().key();
        assert_eq!(left(policy, key).await, nothing, "{policy}");
        assert!(limits.take(policy, key, 2).unwrap().await.is_taken());
        assert_eq!(left(policy, key).await, nothing - 2);
        limits.give_back(policy, key, 2).unwrap();
        assert_eq!(left(policy, key).await, nothing);
        let reset = limits.reset(policy, key).unwrap().await;
        assert!(!reset.is_taken(), "nobody is to take it for done");
    }
    // What the user may not do is noted there.
    let refused = server.command(["ACL", "LOG"]).await;
    assert!(!refused.items().is_empty());
    for entry in refused.items() {
        let about = entry.items()[7].text();
        assert!(about.contains("test:seed:"), "{about}");
    }
}

/// It bans whom it refuses here, and tells nobody whose keys are others.
#[tokio::test]
async fn what_it_bans_before_stays_here() {
    let server = later().await;
    let strict = Quota::per_hour(1).by(header("x-caller")).penalty(Penalty::after(1));
    let redis = Redis::builder(server.url()).prefix("test").build().unwrap();
    let limits = RateLimit::builder().policy("strict", strict).engine(patient(redis.clone()));
    let limits = limits.build().unwrap();
    let is_banned = async |caller: &str| {
        let mut request = Request::get("/").header("x-caller", caller).body(()).unwrap();
        let stage = limits.stage();
        if let Decision::Wait(wait) = stage.enter(&mut request) {
            drop(stage.resume(wait.await, &mut request));
        }
        limits.bans().len()
    };
    until("ada is banned", async || (is_banned("ada").await == 1).then_some(())).await;
    let ada = limits.bans()[0].key();
    server.restart().await;
    until("it has the keys of all", async || redis.known_seed()).await;
    until("grace is banned", async || (is_banned("grace").await == 2).then_some(())).await;
    let told = async || {
        let names = server.command(["ZRANGE", "test:limit-bans:v1:{limits}:kept", "0", "-1"]).await;
        let names: Vec<_> = names.items().iter().map(Reply::text).collect();
        (!names.is_empty()).then_some(names)
    };
    let told = until("that is told", told).await;
    assert!(told.iter().all(|name| !name.contains(&ada.to_string())), "{told:?}");
}

/// What a partner allows is shared, too.
#[tokio::test]
async fn a_throttle_has_the_keys_of_the_others_later() {
    let server = later().await;
    let process = || {
        let redis = Redis::builder(server.url()).prefix("test").build().unwrap();
        let builder = ThrottleBuilder::http(Quota::per_hour(3), everyone()).degrade(Degrade::Deny);
        builder.engine(patient(redis)).build().unwrap()
    };
    let (one, other) = (process(), process());
    let passes = async |process: &ThrottleLayer<ByKey<ByEveryone>, RedisStore>| {
        let service = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(()))));
        process.layer(service).oneshot(Request::new(())).await.unwrap().status() == 200
    };
    assert!(!passes(&one).await && !passes(&other).await);
    server.restart().await;
    for process in [&one, &other] {
        until("it goes on", async || passes(process).await.then_some(())).await;
    }
    assert!(passes(&one).await);
    assert!(!passes(&one).await && !passes(&other).await, "three of both");
}

/// Whom the server refuses it waits, and there is a line in the log: an operator may mend that.
#[tokio::test]
async fn who_may_not_have_the_keys_waits_for_them() {
    let log = Log::of("buttress");
    let _listening = log.listen();
    let server = Server::start().await;
    let narrow = ["ACL", "SETUSER", "narrow", "on", ">secret", "+@all", "~test:limit*"];
    server.command(narrow).await;
    let narrow = || Redis::builder(server.url()).login(Some("narrow".to_owned()), "secret");
    let limits = begun(narrow());
    assert!(!logs_in(&limits, "ada").await);
    let mut seen = Vec::new();
    until("it is told", async || {
        seen.extend(log.take());
        seen.iter().any(|line| line.contains("wait for the keys of the fleet")).then_some(())
    })
    .await;
    let redis = narrow().prefix("test").build().unwrap();
    redis.connected().await.unwrap();
    let quiet = policies().engine(Engine::from(patient(redis))).build().unwrap();
    assert_eq!(health(&quiet).await, HealthStatus::Down, "it is connected, and would not be asked");
    assert!(!logs_in(&limits, "ada").await);
    server.command(["ACL", "SETUSER", "narrow", "~test:seed:*"]).await;
    until("it counts there", async || logs_in(&limits, "ada").await.then_some(())).await;
    until("so would one that was only probed", async || {
        (health(&quiet).await == HealthStatus::Up).then_some(())
    })
    .await;
    seen.extend(log.take());
    let waits = seen.iter().filter(|line| line.contains("wait for the keys")).count();
    assert_eq!(waits, 2, "one of each: {seen:?}");
}
