//! What an operator sees: counts that move, and one line for what is one trouble.

use std::time::Duration;

use buttress_core::metrics::Metrics;
use buttress_redis::{CATALOGUE, ErrorKind, Event, Redis, RedisError, Script};
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use buttress_testkit::proxy::Proxy;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;
use tokio::task::JoinSet;

use crate::support::{ADD, builder};

async fn add(redis: &Redis) -> Result<i64, RedisError> {
    redis.run(&ADD, "t").arg(1_i64).send().await?.integer()
}

/// One that counts, through a proxy.
async fn counted(server: &Server) -> (Proxy, Page, Redis) {
    let (proxy, page) = (Proxy::to(server.address()).await, Page::default());
    let redis = builder(server.url_at(proxy.address())).in_flight(8);
    let redis = redis.metrics(&Metrics::new(page.clone())).build().unwrap();
    (proxy, page, redis)
}

/// Waits until that stands there.
async fn shows(page: &Page, series: &str, expected: f64) {
    let shows = async || (page.of(series) == Some(expected)).then_some(());
    until(format_args!("{series} = {expected}, in {:#?}", page.lines()), shows).await;
}

const CONNECTIONS: &str = "buttress_redis_connections";
const CONNECTED: &str = "buttress_redis_connects_total ok";
const IN_FLIGHT: &str = "buttress_redis_in_flight";

#[tokio::test]
async fn every_metric_moves() {
    let server = Server::start().await;
    let (proxy, page, redis) = counted(&server).await;
    shows(&page, CONNECTIONS, 2.0).await;
    shows(&page, CONNECTED, 2.0).await;
    assert_eq!(page.of("buttress_redis_connects_total failed"), None);

    add(&redis).await.unwrap();
    add(&redis).await.unwrap();
    assert_eq!(page.of("buttress_redis_call_seconds add"), Some(2.0));
    assert_eq!(page.of(IN_FLIGHT), Some(0.0));

    let mut subscription = redis.subscribe(["news"]).unwrap();
    assert_eq!(subscription.next().await, Event::Gap);
    assert_eq!(page.of("buttress_redis_gaps_total"), Some(1.0));
    shows(&page, CONNECTED, 3.0).await;
    drop(subscription);

    // Lost, and made anew.
    server.kill();
    shows(&page, CONNECTIONS, 0.0).await;
    let failed = async || page.of("buttress_redis_connects_total failed").filter(|all| *all >= 2.0);
    until("attempts fail", failed).await;
    server.restart().await;
    shows(&page, CONNECTIONS, 2.0).await;
    shows(&page, CONNECTED, 5.0).await;

    drop((redis, proxy));
    let bound = page.bound();
    for metric in CATALOGUE {
        let name = metric.name();
        assert!(bound.iter().any(|bound| bound.name() == name), "{name} is never bound");
    }
    for metric in bound {
        assert!(CATALOGUE.iter().any(|known| known.name() == metric.name()), "{}", metric.name());
    }
}

#[tokio::test]
async fn errors_are_counted_by_their_kind() {
    static BROKEN: Script = Script::new("broken", 1, "return redis.call('NOSUCHCOMMAND')");
    let server = Server::start().await;
    let (proxy, page, redis) = counted(&server).await;
    redis.connected().await.unwrap();

    let mut seen = Vec::new();
    let mut note = |error: RedisError| seen.push(error.kind());
    note(redis.run(&BROKEN, "t").send().await.unwrap_err());
    note(redis.run(&ADD, "{t}").send().await.unwrap_err());
    let late = redis.run(&ADD, "t").arg(1_i64).within(Duration::ZERO);
    note(late.send().await.unwrap_err());
    proxy.garble(&b"\0\xff hello\r\n"[..]);
    note(add(&redis).await.unwrap_err());
    proxy.heal().await;
    shows(&page, CONNECTIONS, 2.0).await;
    until("it answers", async || add(&redis).await.map_err(&mut note).ok()).await;

    server.freeze();
    let mut crowd = JoinSet::new();
    for _ in 0..9 {
        let redis = redis.clone();
        crowd.spawn(async move { add(&redis).await.unwrap_err() });
    }
    crowd.join_all().await.into_iter().for_each(&mut note);
    until("it is known", async || {
        let error = add(&redis).await.unwrap_err();
        let known = error.kind() == ErrorKind::Unreachable;
        note(error);
        known.then_some(())
    })
    .await;

    let kinds =
        ["unreachable", "timed_out", "ambiguous", "refused", "script", "protocol", "overloaded"];
    for kind in kinds {
        let expected = seen.iter().filter(|seen| seen.as_str() == kind).map(|_| 1.0).sum::<f64>();
        assert!(expected > 0.0, "{kind} was not provoked: {seen:?}");
        let counted = page.of(&format!("buttress_redis_errors_total {kind}"));
        assert_eq!(counted, Some(expected), "{kind}");
    }
    assert_eq!(page.of(IN_FLIGHT), Some(0.0));
}

#[tokio::test]
async fn who_does_not_wait_any_more_is_not_in_flight() {
    let server = Server::start().await;
    let (_proxy, page, redis) = counted(&server).await;
    redis.connected().await.unwrap();
    server.freeze();
    let mut calls = JoinSet::new();
    for _ in 0..5 {
        let redis = redis.clone();
        calls.spawn(async move { add(&redis).await });
    }
    shows(&page, IN_FLIGHT, 5.0).await;
    calls.shutdown().await;
    assert_eq!(page.of(IN_FLIGHT), Some(0.0));
    server.thaw();
    until("all places are free", async || add(&redis).await.ok()).await;
    assert_eq!(page.of(IN_FLIGHT), Some(0.0));
}

#[tokio::test]
async fn an_outage_is_one_line_however_many_ask() {
    let server = Server::start().await;
    let log = Log::of("buttress");
    let guard = log.listen();
    let (proxy, page, redis) = counted(&server).await;
    shows(&page, CONNECTIONS, 2.0).await;
    let told = log.take();
    assert_eq!(told.iter().filter(|line| line.starts_with("WARN")).count(), 0, "{told:#?}");

    for outage in 0..3 {
        match outage {
            0 => server.kill(),
            1 => server.freeze(),
            _ => {
                proxy.refuse().await;
                proxy.cut_all();
            }
        }
        shows(&page, CONNECTIONS, 0.0).await;
        for _ in 0..500 {
            add(&redis).await.unwrap_err();
        }
        let failed = || page.of("buttress_redis_connects_total failed").unwrap_or_default();
        let so_far = failed();
        until("attempts fail", async || (failed() >= so_far + 4.0).then_some(())).await;
        match outage {
            0 => server.restart().await,
            1 => server.thaw(),
            _ => proxy.heal().await,
        }
        shows(&page, CONNECTIONS, 2.0).await;
        let told = log.take();
        let warnings = told.iter().filter(|line| line.starts_with("WARN")).count();
        assert_eq!(warnings, 1, "{outage}: {told:#?}");
        assert!(told.len() <= 3, "and one for each connection that is back: {told:#?}");
    }
    drop(guard);
}

/// Down from the start is an outage too.
#[tokio::test]
async fn down_at_the_start_is_one_line() {
    let log = Log::of("buttress");
    let guard = log.listen();
    let page = Page::default();
    let redis = builder("redis://127.0.0.1:1").metrics(&Metrics::new(page.clone()));
    let redis = redis.build().unwrap();
    let failed = async || page.of("buttress_redis_connects_total failed").filter(|all| *all >= 8.0);
    until("attempts fail", failed).await;
    add(&redis).await.unwrap_err();
    drop(guard);
    let told = log.take();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("Redis cannot be reached"), "{told:#?}");
}
