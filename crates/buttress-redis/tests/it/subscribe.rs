//! What is told: heard once it listens, and not missed without a word.

use std::time::Duration;

use buttress_redis::{ErrorKind, Event, Redis, Subscription};
use buttress_testkit::log::Log;
use buttress_testkit::proxy::{Direction, Proxy};
use buttress_testkit::redis::{Engine, Reply, Server};
use buttress_testkit::until::{DEADLINE, until, within};
use tokio::time::timeout;

use crate::support::{builder, connected};

async fn next(subscription: &mut Subscription) -> Event {
    timeout(DEADLINE, subscription.next()).await.expect("nothing comes")
}

async fn gap(subscription: &mut Subscription) {
    assert_eq!(next(subscription).await, Event::Gap);
}

/// The channel and the words of a message.
async fn message(subscription: &mut Subscription) -> (String, String) {
    match next(subscription).await {
        Event::Message { channel, payload, .. } => {
            (channel.to_string(), String::from_utf8(payload).unwrap())
        }
        other => panic!("{other:?}"),
    }
}

/// One that listens to `news` through a proxy, and heard something already.
async fn listening(server: &Server) -> (Proxy, Subscription) {
    let proxy = Proxy::to(server.address()).await;
    let redis = builder(server.url_at(proxy.address())).build().unwrap();
    let mut subscription = redis.subscribe(["news"]).unwrap();
    gap(&mut subscription).await;
    told(server, "before").await;
    assert_eq!(message(&mut subscription).await.1, "before");
    (proxy, subscription)
}

async fn told(server: &Server, words: &str) {
    assert_eq!(server.command(["PUBLISH", "test:news", words]).await, Reply::Integer(1));
}

/// The gap, and then what comes after it.
async fn goes_on(server: &Server, subscription: &mut Subscription) {
    gap(subscription).await;
    told(server, "after").await;
    assert_eq!(message(subscription).await.1, "after");
}

#[tokio::test]
async fn what_is_told_is_heard_on_every_engine() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).password("p@ss").start().await;
        let redis = connected(server.url()).await;
        let mut subscription = redis.subscribe(["news", "prices", "news"]).unwrap();
        gap(&mut subscription).await;
        redis.publish("other", "not for us").await.unwrap();
        redis.publish("prices", "1").await.unwrap();
        redis.publish("news", [0x62, 0x63]).await.unwrap();
        assert_eq!(message(&mut subscription).await, ("prices".into(), "1".into()));
        assert_eq!(message(&mut subscription).await, ("news".into(), "bc".into()));
        assert!(!format!("{subscription:?}").contains("p@ss"));
    }
}

#[tokio::test]
async fn other_prefixes_are_other_channels() {
    let server = Server::start().await;
    let (ours, theirs) = (
        connected(server.url()).await,
        Redis::builder(server.url()).prefix("theirs").build().unwrap(),
    );
    theirs.connected().await.unwrap();
    let mut subscription = ours.subscribe(["news"]).unwrap();
    gap(&mut subscription).await;
    theirs.publish("news", "theirs").await.unwrap();
    ours.publish("news", "ours").await.unwrap();
    assert_eq!(message(&mut subscription).await.1, "ours");
}

#[tokio::test]
async fn cut_off_it_listens_again_and_says_so() {
    let server = Server::start().await;
    let (proxy, mut subscription) = listening(&server).await;
    proxy.cut_all();
    goes_on(&server, &mut subscription).await;
}

#[tokio::test]
async fn a_server_that_is_started_again_is_listened_to_again() {
    let server = Server::start().await;
    let (_proxy, mut subscription) = listening(&server).await;
    server.kill();
    server.restart().await;
    goes_on(&server, &mut subscription).await;
}

#[tokio::test]
async fn a_frozen_server_is_noticed_though_nobody_says_anything() {
    let server = Server::start().await;
    let (proxy, mut subscription) = listening(&server).await;
    let accepted = proxy.accepted();
    server.freeze();
    let again = async || (proxy.accepted() > accepted + 1).then_some(());
    until("it connects anew", again).await;
    server.thaw();
    goes_on(&server, &mut subscription).await;
}

#[tokio::test]
async fn a_half_open_connection_is_noticed() {
    let server = Server::start().await;
    let (proxy, mut subscription) = listening(&server).await;
    let accepted = proxy.accepted();
    proxy.swallow(Direction::Replies);
    until("it connects anew", async || (proxy.accepted() > accepted).then_some(())).await;
    // Said while nobody could hear it.
    let _ = server.command(["PUBLISH", "test:news", "meanwhile"]).await;
    proxy.heal().await;
    gap(&mut subscription).await;
    let heard = async || {
        let _ = server.command(["PUBLISH", "test:news", "after"]).await;
        let heard = timeout(Duration::from_millis(50), subscription.next()).await.ok()?;
        matches!(heard, Event::Message { payload, .. } if payload == b"after").then_some(())
    };
    until("it hears", heard).await;
}

/// Down from the start, it is silent; and tells it once.
#[tokio::test]
async fn one_line_for_each_time_of_silence() {
    let server = Server::start().await;
    server.kill();
    let log = Log::of("buttress");
    let guard = log.listen();
    let proxy = Proxy::to(server.address()).await;
    let redis = builder(server.url_at(proxy.address())).build().unwrap();
    let mut subscription = redis.subscribe(["news"]).unwrap();
    until("several attempts", async || (proxy.accepted() > 12).then_some(())).await;
    server.restart().await;
    gap(&mut subscription).await;
    proxy.cut_all();
    gap(&mut subscription).await;
    drop(guard);
    let lines = log.take();
    let count = |words| lines.iter().filter(|line| line.contains(words)).count();
    assert_eq!(count("nothing is heard from Redis"), 2, "{lines:#?}");
    assert_eq!(count("subscribed at Redis"), 2, "{lines:#?}");
}

#[tokio::test]
async fn who_is_slow_is_told_that_something_is_missing() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let mut subscription = redis.subscribe(["news"]).unwrap();
    gap(&mut subscription).await;
    for number in 0..1_500 {
        redis.publish("news", number.to_string()).await.unwrap();
    }
    for number in 0..1_024 {
        assert_eq!(message(&mut subscription).await.1, number.to_string());
    }
    gap(&mut subscription).await;
    redis.publish("news", "after").await.unwrap();
    // The last of the many may have come only after the first were read.
    while message(&mut subscription).await.1 != "after" {}
}

#[tokio::test]
async fn what_is_not_asked_for_any_more_is_over() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let before = server.info("clients", "connected_clients").await;
    let mut subscription = redis.subscribe(["news"]).unwrap();
    gap(&mut subscription).await;
    drop(redis);
    told(&server, "without the handle").await;
    assert_eq!(message(&mut subscription).await.1, "without the handle");
    drop(subscription);
    until("its connection is gone", async || {
        let now = server.info("clients", "connected_clients").await;
        (now < before).then_some(())
    })
    .await;

    // Nor does it go on trying.
    let proxy = Proxy::to(server.address()).await;
    proxy.blackhole();
    let redis = builder(server.url_at(proxy.address())).build().unwrap();
    let subscription = redis.subscribe(["news"]).unwrap();
    until("it tries", async || (proxy.accepted() > 5).then_some(())).await;
    drop((subscription, redis));
    proxy.heal().await;
    until("nothing is open", async || (proxy.open() == 0).then_some(())).await;
    let accepted = proxy.accepted();
    let more = async || (proxy.accepted() > accepted).then_some(());
    assert!(within(Duration::from_millis(1_200), more).await.is_none());
}

/// A wait that is given up takes nothing with it.
#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let mut subscription = redis.subscribe(["news"]).unwrap();
    gap(&mut subscription).await;
    for number in 0..50 {
        assert!(timeout(Duration::ZERO, subscription.next()).await.is_err());
        redis.publish("news", number.to_string()).await.unwrap();
        assert_eq!(message(&mut subscription).await.1, number.to_string());
    }
}

#[test]
fn what_cannot_be_listened_to_is_said_at_once() {
    let redis = Redis::builder("redis://127.0.0.1:1").build().unwrap();
    let nothing: [&str; 0] = [];
    assert_eq!(redis.subscribe(nothing).unwrap_err().kind(), ErrorKind::Refused);
    let error = redis.subscribe(["news"]).unwrap_err();
    assert!(error.to_string().contains("no tokio runtime"), "{error}");
}

#[tokio::test]
async fn telling_a_dead_server_fails_at_once() {
    let redis = Redis::builder("redis://127.0.0.1:1").build().unwrap();
    let error = redis.publish("news", "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
}
