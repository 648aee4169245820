//! Sentinels and servers that speak TLS, or only one of the two.

use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::{HealthStatus, Probe};
use buttress_redis::{Event, Redis};
use buttress_testkit::redis::{Engine, Reply, Sentinels, Server};
use buttress_testkit::until::{DEADLINE, until};
use tokio::time::timeout;

use super::{add, usurp};
use crate::support::{Crowd, builder, sum};
use crate::tls::front::Front;
use crate::tls::{KIT, OTHER, refusal, trusted, trusting};

fn url(addresses: &[SocketAddr]) -> String {
    super::url(addresses).replacen("redis", "rediss", 1)
}

async fn connected(redis: Redis) -> Redis {
    until("it is connected", async || redis.connected().await.ok()).await;
    redis
}

async fn with_tls(engine: Engine) -> (Sentinels, Redis) {
    let trio = Server::builder().engine(engine).tls().sentinels().await;
    let redis = connected(trusted(url(&trio.addresses()))).await;
    (trio, redis)
}

/// Has all sentinels watch one more master.
async fn monitor(trio: &Sentinels, name: &str, host: &str, port: u16) {
    for sentinel in trio.sentinels() {
        let order = ["SENTINEL", "MONITOR", name, host, &port.to_string(), "2"];
        let _ = sentinel.command(order).await.accepted();
    }
}

/// One sentinel in the URL is enough to learn of the others; and each is listened to.
#[tokio::test]
async fn it_finds_the_master_on_every_engine() {
    for engine in Engine::all() {
        let trio = Server::builder().engine(engine).password("p@ss").tls().sentinels().await;
        let url = url(&trio.addresses()[1..2]).replace("//", "//:p%40ss@");
        let redis = connected(trusted(url)).await;
        assert_eq!(add(&redis).await, Some(1));
        assert_eq!(sum(trio.master().await, "t").await, 1);
        for sentinel in trio.sentinels() {
            until("it is listened to", async || {
                let clients = sentinel.command(["CLIENT", "LIST"]).await.text();
                clients.contains(" sub=1 ").then_some(())
            })
            .await;
        }
        let health = redis.check().await;
        assert_eq!(health.status(), HealthStatus::Up, "{health:?}");
        assert!(health.details().any(|detail| detail == ("sentinels", "3 of 3")), "{health:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_it_follows_the_master_and_nothing_runs_twice() {
    for engine in Engine::all() {
        let (trio, redis) = with_tls(engine).await;
        let crowd = Crowd::of(8, &redis, "t");
        crowd.is_served().await;
        let new = trio.fail_over().await;
        crowd.is_served_within(Duration::from_secs(2)).await;
        crowd.settle().await.agree_with(new, "t").await;
    }
}

#[tokio::test]
async fn a_master_that_died_is_replaced() {
    let (trio, redis) = with_tls(Engine::first()).await;
    let old = trio.master().await;
    old.kill();
    let new = trio.successor(old).await;
    until("the new one is asked", async || add(&redis).await).await;
    assert!(sum(new, "t").await > 0);
}

#[tokio::test]
async fn what_is_told_is_heard_at_the_new_master() {
    let (trio, redis) = with_tls(Engine::first()).await;
    let mut subscription = redis.subscribe(["news"]).unwrap();
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    let (_, new) = usurp(&trio).await;
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    assert_eq!(new.command(["PUBLISH", "test:news", "after"]).await, Reply::Integer(1));
    let heard = timeout(DEADLINE, subscription.next()).await.unwrap();
    assert!(matches!(heard, Event::Message { payload, .. } if payload == b"after"));
}

/// Sentinels tell where a server is, be they able to speak to it or not.
#[tokio::test]
async fn only_servers_may_speak_it_or_only_sentinels() {
    let (plain, secured) = tokio::join!(Sentinels::start(), Server::builder().tls().sentinels());
    let server = Server::builder().tls().start().await;
    monitor(&plain, "secured", "127.0.0.1", server.tls_address().unwrap().port()).await;
    monitor(&secured, "plain", "127.0.0.1", server.address().port()).await;
    let place = url(&plain.addresses()).replace("/fleet", "/secured");
    let by_plain = builder(&place).sentinel_tls(false).tls(trusting([KIT])).build().unwrap();
    assert_eq!(add(&connected(by_plain).await).await, Some(1));
    let place = super::url(&secured.addresses()).replace("/fleet", "/plain");
    let by_secured = builder(&place).sentinel_tls(true).tls(trusting([KIT])).build().unwrap();
    assert_eq!(add(&connected(by_secured).await).await, Some(2));
}

#[tokio::test]
async fn a_sentinel_without_a_certificate_is_told_nothing() {
    let trio = Sentinels::start().await;
    let front = Front::before(trio.addresses()[0], false).await;
    let place = url(&[front.address]).replace("127.0.0.1", "localhost");
    let login = |certificate| {
        let builder = builder(&place).sentinel_login(None, "hunter2");
        builder.tls(trusting([certificate])).build().unwrap()
    };
    let refusal = refusal(&login(KIT)).await;
    assert!(refusal.contains("UnknownIssuer") && !refusal.contains("hunter2"), "{refusal}");
    assert_eq!(front.heard(), "");
    // The other way round it goes through, so the front hears indeed.
    let redis = login(OTHER);
    until("it tries", async || front.heard().contains("hunter2").then_some(())).await;
    drop(redis);
}

/// The sentinels are right, and what they name is not.
#[tokio::test]
async fn whom_sentinels_name_is_told_nothing_without_a_certificate() {
    let (trio, _) = with_tls(Engine::first()).await;
    let server = Server::builder().password("hunter2").start().await;
    let front = Front::before(server.address(), false).await;
    monitor(&trio, "other", "127.0.0.1", front.address.port()).await;
    let place = url(&trio.addresses()).replace("//", "//:hunter2@").replace("/fleet", "/other");
    let stranger = trusted(&place);
    let words = refusal(&stranger).await;
    assert!(words.contains("UnknownIssuer") && !words.contains("hunter2"), "{words}");

    // It is signed by whom we trust, and for somebody else.
    let other = builder(&place).tls(trusting([KIT, OTHER])).build().unwrap();
    let words = refusal(&other).await;
    assert!(words.contains("certificate not valid for name"), "{words}");
    assert_eq!(front.heard(), "");

    // Unless that is who is meant.
    let named = builder(&place).tls(trusting([KIT, OTHER])).server_name("localhost");
    assert_eq!(add(&connected(named.build().unwrap()).await).await, Some(1));
    assert!(front.heard().contains("hunter2"));
}

#[tokio::test]
async fn a_certificate_is_asked_for_the_name_that_is_announced() {
    let (trio, _) = with_tls(Engine::first()).await;
    for sentinel in trio.sentinels() {
        for setting in ["resolve-hostnames", "announce-hostnames"] {
            let order = ["SENTINEL", "CONFIG", "SET", setting, "yes"];
            let _ = sentinel.command(order).await.accepted();
        }
    }
    let server = Server::start().await;
    let front = Front::before(server.address(), false).await;
    monitor(&trio, "named", "localhost", front.address.port()).await;
    let place = url(&trio.addresses()).replace("/fleet", "/named");
    let redis = builder(&place).tls(trusting([KIT, OTHER])).build().unwrap();
    assert_eq!(add(&connected(redis).await).await, Some(1));
}
