//! The sentinels themselves: who is asked, and what they know.

use std::collections::HashMap;

use buttress_core::{HealthStatus, Probe};
use buttress_testkit::redis::{Engine, Sentinels, Server};
use buttress_testkit::until::until;

use super::{add, connected, url};
use crate::support::{builder, joined, sum};

#[tokio::test]
async fn it_finds_the_master_on_every_engine() {
    for engine in Engine::all() {
        let trio = Server::builder().engine(engine).password("p@ss").sentinels().await;
        // One of them is enough to learn of the others.
        let url = url(&trio.addresses()[1..2]).replace("//", "//:p%40ss@");
        let redis = joined(url).await;
        assert_eq!(add(&redis).await, Some(1));
        assert_eq!(sum(trio.master().await, "t").await, 1);
        let master = trio.master().await.address().to_string();
        until("all are known", async || {
            let health = redis.check().await;
            let details: HashMap<_, _> = health.details().collect();
            assert_eq!(health.status(), HealthStatus::Up, "{health:?}");
            assert_eq!((details["topology"], details["master"]), ("sentinel", &*master));
            (details["sentinels"] == "3 of 3").then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn without_sentinels_it_goes_on_and_says_so() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    for sentinel in trio.sentinels() {
        sentinel.kill();
    }
    let degraded = async || {
        let health = redis.check().await;
        let known = health.message().is_some_and(|words| words.contains("no sentinel answers"));
        (known && health.status() == HealthStatus::Degraded).then_some(())
    };
    until("they are missed", degraded).await;
    assert!(add(&redis).await.is_some());
    // Only one comes back: it is enough to follow.
    trio.sentinels()[2].restart().await;
    let up = async || (redis.check().await.status() == HealthStatus::Up).then_some(());
    until("one is heard again", up).await;
}

/// Those that it learned of are enough.
#[tokio::test]
async fn the_one_in_the_url_may_be_gone() {
    let trio = Sentinels::start().await;
    let redis = joined(url(&trio.addresses()[..1])).await;
    until("all are known", async || {
        let health = redis.check().await;
        health.details().any(|detail| detail == ("sentinels", "3 of 3")).then_some(())
    })
    .await;
    trio.sentinels()[0].kill();
    let old = trio.master().await;
    old.kill();
    let new = trio.successor(old).await;
    until("the new one is asked", async || add(&redis).await).await;
    assert!(sum(new, "t").await > 0);
}

#[tokio::test]
async fn sentinels_have_users_of_their_own() {
    let trio = Sentinels::start().await;
    for sentinel in trio.sentinels() {
        let mut client = sentinel.client().await.unwrap();
        let user = ["ACL", "SETUSER", "watcher", "on", ">secret", "allchannels", "+@all"];
        let _ = client.command(user).await.unwrap().accepted();
        let _ = client.command(["ACL", "SETUSER", "default", "off"]).await.unwrap().accepted();
    }
    let url = url(&trio.addresses());
    let stranger = builder(url.clone()).build().unwrap();
    assert!(stranger.connected().await.is_err());
    let health = stranger.check().await;
    assert!(health.message().unwrap().contains("no sentinel answers"), "{health:?}");
    let known = builder(url).sentinel_login(Some("watcher".to_owned()), "secret").build().unwrap();
    assert!(!format!("{known:?}").contains("secret"));
    known.connected().await.unwrap();
    assert!(add(&known).await.is_some());
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told() {
    let trio = Sentinels::start().await;
    let redis = builder(url(&trio.addresses()).replace("/fleet", "/fleets")).build().unwrap();
    assert!(redis.connected().await.is_err());
    let health = redis.check().await;
    assert_eq!(health.status(), HealthStatus::Down);
    assert!(health.message().unwrap().contains("master"), "{health:?}");
}

/// Nobody is left who asks the sentinels.
#[tokio::test]
async fn the_last_handle_takes_all_tasks_with_it() {
    let trio = Sentinels::start().await;
    let redis = connected(&trio).await;
    let master = trio.master().await;
    let listening = async || {
        let mut count = 0;
        for sentinel in trio.sentinels() {
            let clients = sentinel.command(["CLIENT", "LIST"]).await.text();
            count += clients.matches(" sub=1 ").count();
        }
        count
    };
    until("all are listened to", async || (listening().await == 3).then_some(())).await;
    drop(redis.clone());
    assert_eq!(listening().await, 3);
    drop(redis);
    until("nobody listens", async || (listening().await == 0).then_some(())).await;
    let clients = async || {
        let clients = master.command(["CLIENT", "LIST"]).await.text();
        (!clients.contains("name=buttress")).then_some(())
    };
    until("nobody is connected", clients).await;
}
