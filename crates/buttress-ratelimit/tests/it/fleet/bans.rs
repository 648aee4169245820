//! A ban of one process is one of all.

mod records;
mod waiting;

use std::time::Duration;

use buttress_core::audit::{Audit, channel};
use buttress_core::clock::{Clock, ManualClock, SystemClock};
use buttress_core::stage::{Decision, Stage};
use buttress_core::{Code, Key, Keyer, Probe};
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Ban, Penalty, Quota, RateLimit, RateLimitBuilder, codes, header};
use buttress_redis::Redis;
use buttress_testkit::redis::Server;
use buttress_testkit::until::{until, within};

use super::places::{Place, clusters, servers};
use super::{connected, patient};
use crate::support::SECOND;

/// How long it may take until a ban holds everywhere: twice a quarter of a second, and a machine that is busy.
const BOUND: Duration = Duration::from_secs(1);

/// One an hour; who asks once more is banned for a minute, then for two.
fn penalty() -> Penalty {
    Penalty::after(1).lasts(SECOND * 60).at_most(SECOND * 240).forgiven_after(SECOND * 1_000)
}

fn over(redis: Redis, keyer: Keyer, clock: impl Clock) -> RateLimit<RedisStore> {
    builder(keyer, clock).engine(patient(redis)).build().unwrap()
}

fn builder(keyer: Keyer, clock: impl Clock) -> RateLimitBuilder {
    let wide = Quota::per_hour(1_000_000).by(header("x-caller"));
    RateLimit::builder()
        .policy("others", wide)
        .policy("strict", Quota::per_hour(1).by(header("x-caller")).penalty(penalty()))
        .keyer(keyer)
        .clock(clock)
}

async fn process(place: &impl Place, keyer: Keyer) -> RateLimit<RedisStore> {
    over(place.join().await, keyer, SystemClock)
}

/// Whether this caller is let in, and if not, why.
async fn asks(limits: &RateLimit<RedisStore>, caller: &str) -> Result<(), Code> {
    let mut request = http::Request::get("/").header("x-caller", caller).body(()).unwrap();
    let stage = limits.before_auth();
    let decision = match stage.enter(&mut request) {
        Decision::Wait(asking) => stage.resume(asking.await, &mut request),
        decided => decided,
    };
    match decision {
        Decision::Refuse(problem, _) => Err(problem.code()),
        _ => Ok(()),
    }
}

const BANNED: Result<(), Code> = Err(codes::BANNED);

fn key_of(limits: &RateLimit<RedisStore>, caller: &str) -> Key {
    let mut writer = limits.writer("strict").unwrap();
    let name = http::HeaderName::from_static("x-caller");
    writer.header(&name, &http::HeaderValue::try_from(caller).unwrap()).key()
}

/// Makes it banned, whatever it has asked before.
async fn ban(limits: &RateLimit<RedisStore>, caller: &str) -> Duration {
    until("it is banned", async || (asks(limits, caller).await == BANNED).then_some(())).await;
    left(limits, caller).unwrap()
}

/// How long it is banned, as a process knows.
fn left(limits: &RateLimit<RedisStore>, caller: &str) -> Option<Duration> {
    let (bans, key) = (limits.bans(), key_of(limits, caller));
    bans.iter().find(|ban| ban.key() == key && ban.policy() == "strict").map(Ban::left)
}

/// Waits until a process knows of it.
async fn hears(limits: &RateLimit<RedisStore>, caller: &str) -> Duration {
    probed(limits).await;
    until("it hears of the ban", async || left(limits, caller)).await
}

/// It begins to hear of others.
async fn probed(limits: &RateLimit<RedisStore>) {
    drop(Probe::check(limits).await);
}

#[tokio::test]
async fn who_is_banned_by_one_is_refused_by_all_within_a_second() {
    one_bans_for_all(&Server::start().await).await;
}

async fn one_bans_for_all(place: &impl Place) {
    let keyer = Keyer::random();
    let (one, other) = (process(place, keyer).await, process(place, keyer).await);
    probed(&other).await;
    let length = ban(&one, "ada").await;
    assert!(length > SECOND * 59 && length <= SECOND * 60, "{length:?}");
    let heard = within(BOUND, async || left(&other, "ada")).await;
    let heard = heard.expect("it is known within a second");
    assert!(heard > SECOND * 58 && heard <= SECOND * 60, "{heard:?}");
    // It is refused for the ban, and not for its quota, which it has again.
    for policy in ["strict", "others"] {
        assert!(other.reset(policy, key_of(&other, "ada")).unwrap().await.is_taken());
    }
    assert_eq!(asks(&other, "ada").await, BANNED);
    assert_eq!(asks(&other, "grace").await, Ok(()));
}

#[tokio::test]
async fn who_is_banned_does_not_reach_redis() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let (one, other) = (process(&server, keyer).await, process(&server, keyer).await);
    ban(&one, "ada").await;
    hears(&other, "ada").await;
    server.kill();
    for _ in 0..10_000 {
        assert_eq!(asks(&other, "ada").await, BANNED);
    }
}

/// An operator whose bans hurt puts them on trial: they are known there, and refuse nobody.
#[tokio::test]
async fn what_is_on_trial_refuses_nobody_whom_others_banned() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let one = process(&server, keyer).await;
    let trial = builder(keyer, SystemClock).shadow();
    let trial = trial.engine(patient(connected(server.url()).await)).build().unwrap();
    ban(&one, "ada").await;
    hears(&trial, "ada").await;
    assert_eq!(asks(&trial, "ada").await, Ok(()));
    assert_eq!(asks(&one, "ada").await, BANNED);
}

#[tokio::test]
async fn a_ban_outlives_the_process_and_ends_when_it_would_have() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let one = process(&server, keyer).await;
    ban(&one, "ada").await;
    let told = async || (!members(&server).await.is_empty()).then_some(());
    until("it is told", told).await;
    let left_there = left(&one, "ada").unwrap();
    drop(one);
    let restarted = process(&server, keyer).await;
    let heard = hears(&restarted, "ada").await;
    assert!(heard <= left_there && heard + SECOND * 15 > left_there, "{heard:?} {left_there:?}");
    assert_eq!(asks(&restarted, "ada").await, BANNED);
}

/// What is imposed just before a process ends is told all the same.
#[tokio::test]
async fn the_last_ban_of_a_process_is_told() {
    the_last_ban_is_told(&Server::start().await).await;
}

async fn the_last_ban_is_told(place: &impl Place) {
    let keyer = Keyer::random();
    let one = process(place, keyer).await;
    ban(&one, "ada").await;
    ban(&one, "grace").await;
    drop(one);
    let other = process(place, keyer).await;
    hears(&other, "ada").await;
    hears(&other, "grace").await;
}

#[tokio::test]
async fn a_ban_is_lifted_everywhere_and_may_come_again() {
    one_lifts_for_all(&Server::start().await).await;
}

async fn one_lifts_for_all(place: &impl Place) {
    let keyer = Keyer::random();
    let (one, other) = (process(place, keyer).await, process(place, keyer).await);
    ban(&one, "ada").await;
    hears(&other, "ada").await;
    assert!(other.lift("strict", key_of(&other, "ada")).unwrap());
    assert_eq!(left(&other, "ada"), None);
    let lifted = within(BOUND, async || left(&one, "ada").is_none().then_some(())).await;
    lifted.expect("it is lifted within a second");
    // A process that starts now does not hear of it, either.
    let third = process(place, keyer).await;
    ban(&third, "grace").await;
    hears(&one, "grace").await;
    assert_eq!(left(&third, "ada"), None);
    // Again it is the first one.
    let again = ban(&one, "ada").await;
    assert!(again <= SECOND * 60, "{again:?}");
    let heard = hears(&other, "ada").await;
    assert!(heard > SECOND * 40, "{heard:?}");
}

/// Whoever lifts a ban of which this process has not heard lifts it for all, and the audit says so.
#[tokio::test]
async fn what_is_lifted_unknown_is_audited() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let (sink, mut records) = channel(8);
    let audit = Audit::builder().sink(sink).build().unwrap();
    let limits = builder(keyer, SystemClock).audit(audit);
    let limits = limits.engine(patient(connected(server.url()).await)).build().unwrap();
    let key = key_of(&limits, "ada");
    assert!(!limits.lift("strict", key).unwrap(), "nobody has told of it");
    let record = records.try_recv().unwrap();
    assert_eq!(record.action().name(), "ratelimit.ban_lifted");
    assert_eq!((record.target(), record.reason()), (Some("strict"), Some(&*key.to_string())));
}

#[tokio::test]
async fn the_next_ban_is_longer_whoever_imposes_it() {
    bans_grow_for_all(&Server::start().await).await;
}

async fn bans_grow_for_all(place: &impl Place) {
    let keyer = Keyer::random();
    let (clock, late) = (ManualClock::new(), ManualClock::new());
    let one = over(place.join().await, keyer, clock.clone());
    let other = over(place.join().await, keyer, late.clone());
    probed(&other).await;
    ban(&one, "ada").await;
    for (by, to, clock, seconds) in [(&other, &one, &late, 120), (&one, &other, &clock, 240)] {
        let before = until("it hears", async || left(by, "ada")).await;
        clock.advance(before);
        assert_eq!(left(by, "ada"), None);
        assert_eq!(ban(by, "ada").await, SECOND * seconds);
        until("the longer one", async || left(to, "ada").filter(|left| *left > before + SECOND))
            .await;
    }
}

#[tokio::test]
async fn without_redis_bans_are_local_and_are_told_later() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let redis = connected(server.url()).await;
    let (one, other) = (over(redis.clone(), keyer, SystemClock), process(&server, keyer).await);
    probed(&other).await;
    assert_eq!(asks(&one, "ada").await, Ok(()));
    server.kill();
    until("it is gone", async || (!redis.is_connected()).then_some(())).await;
    ban(&one, "ada").await;
    assert_eq!(left(&other, "ada"), None);
    server.restart().await;
    hears(&other, "ada").await;
}

#[tokio::test]
async fn on_every_engine_and_in_a_cluster_a_ban_is_one_of_all() {
    for server in servers().await {
        holds(&server).await;
    }
    for cluster in clusters().await {
        holds(&cluster).await;
    }
}

async fn holds(place: &impl Place) {
    one_bans_for_all(place).await;
    the_last_ban_is_told(place).await;
    one_lifts_for_all(place).await;
    bans_grow_for_all(place).await;
}

async fn members(server: &Server) -> Vec<String> {
    let names = server.command(["ZRANGE", &record("kept"), "0", "-1"]).await;
    names.items().iter().map(buttress_testkit::redis::Reply::text).collect()
}

fn record(ending: &str) -> String {
    format!("test:limit-bans:v1:{{limits}}:{ending}")
}
