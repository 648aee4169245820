//! What breaks, and what a caller hears of it: the right kind, in time, and nothing runs twice.

use std::sync::Arc;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, SystemClock};
use buttress_redis::{ErrorKind, RedisError, Script};
use buttress_testkit::proxy::{Direction, Proxy};
use buttress_testkit::redis::Server;
use buttress_testkit::until::{Patience, until};
use tokio::task::JoinSet;

use crate::support::{ADD, Crowd, add, builder, connected, is_back_soon, sum};

#[tokio::test]
async fn killed_in_flight_nobody_knows_whether_it_ran() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = connected(server.url_at(proxy.address())).await;
    add(&redis).await.unwrap();
    server.freeze();
    let before = proxy.passed(Direction::Requests);
    let call = tokio::spawn({
        let redis = redis.clone();
        async move { add(&redis).await }
    });
    let sent = async || (proxy.passed(Direction::Requests) > before).then_some(());
    until("it is on its way", sent).await;
    server.kill();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ambiguous, "{error}");
    assert!(error.to_string().contains("lost"), "before its time was over: {error}");

    let unreachable = until("the end is known", async || {
        let error = add(&redis).await.unwrap_err();
        (error.kind() == ErrorKind::Unreachable).then_some(error)
    });
    assert!(!unreachable.await.may_have_run());
    server.restart().await;
    is_back_soon(&redis).await;
}

#[tokio::test]
async fn frozen_it_costs_one_deadline_and_then_nothing() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    add(&redis).await.unwrap();
    server.freeze();
    let began = SystemClock.now();
    let error = add(&redis).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
    let took = SystemClock.now() - began;
    assert!(took < Duration::from_millis(600), "{took:?}");
    until("all know it", async || {
        let error = add(&redis).await.unwrap_err();
        (error.kind() == ErrorKind::Unreachable).then_some(())
    })
    .await;
    server.thaw();
    is_back_soon(&redis).await;
}

/// A call that is given less time than the setting does not make the connection suspect.
#[tokio::test]
async fn a_call_may_have_less_time() {
    const PAUSE: Duration = Duration::from_secs(1);
    let server = Server::start().await;
    let redis = builder(server.url()).response_timeout(PAUSE * 3).build().unwrap();
    redis.connected().await.unwrap();
    server.pause_clients(PAUSE).await;
    let began = SystemClock.now();
    let call = redis.run(&ADD, "t").arg(1_i64).within(Duration::from_millis(20));
    assert_eq!(call.send().await.unwrap_err().kind(), ErrorKind::Ambiguous);
    assert!(SystemClock.now() - began < PAUSE);
    until("it answers", async || add(&redis).await.ok()).await;
    let connected = server.info("clients", "connected_clients").await;
    assert_eq!(connected, "3", "two of ours and the one that asks");
}

/// It runs after the caller has gone, once: nobody asks again for it.
#[tokio::test]
async fn what_may_have_run_is_not_asked_again() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    assert_eq!(add(&redis).await.unwrap(), 1);
    server.pause_clients(Duration::from_millis(200)).await;
    let call = redis.run(&ADD, "t").arg(1_i64).within(Duration::from_millis(50));
    assert_eq!(call.send().await.unwrap_err().kind(), ErrorKind::Ambiguous);
    until("it ran all the same", async || (sum(&server, "t").await == 2).then_some(())).await;
    assert_eq!(until("it answers", async || add(&redis).await.ok()).await, 3);
}

#[tokio::test]
async fn slow_is_not_broken() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = builder(server.url_at(proxy.address())).response_timeout(Duration::from_secs(2));
    let redis = redis.build().unwrap();
    redis.connected().await.unwrap();
    proxy.latency(Duration::from_millis(150));
    assert_eq!(add(&redis).await.unwrap(), 1);
    assert_eq!(add(&redis).await.unwrap(), 2);
}

/// Later than a call may take: each is ambiguous and runs once at most, and what comes after it is right.
#[tokio::test]
async fn slow_by_300_milliseconds() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let url = server.url_at(proxy.address());
    let patient = builder(url.clone()).response_timeout(Duration::from_secs(5)).build().unwrap();
    let hurried = builder(url).response_timeout(Duration::from_millis(200)).build().unwrap();
    patient.connected().await.unwrap();
    hurried.connected().await.unwrap();
    proxy.latency(Duration::from_millis(300));
    for expected in 1..=3 {
        assert_eq!(add(&patient).await.unwrap(), expected);
    }
    let (mut unsure, patience) = (0, Patience::new());
    while unsure < 3 && patience.again().await {
        match add(&hurried).await {
            Err(error) if error.kind() == ErrorKind::Ambiguous => unsure += 1,
            // Its connection owed an answer for too long, and is replaced.
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}"),
            Ok(_) => panic!("that was fast"),
        }
    }
    assert_eq!(unsure, 3);
    proxy.heal().await;
    let began = SystemClock.now();
    let again = until("it is in time again", async || {
        let answer = add(&hurried).await;
        unsure += i64::from(answer.as_ref().is_err_and(RedisError::may_have_run));
        answer.ok()
    });
    // Three were sure, and this one.
    let total = again.await;
    assert!(SystemClock.now() - began < Duration::from_secs(2));
    assert!((4..=4 + unsure).contains(&total), "{total}, {unsure} unsure");
}

/// A server that was started again knows no script: it is brought, and what is asked meanwhile runs once.
#[tokio::test]
async fn started_again_it_has_lost_its_scripts() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    for _ in 0..3 {
        add(&redis).await.unwrap();
    }
    server.restart().await;
    let (mut sure, mut unsure, patience) = (0, 0, Patience::new());
    while sure < 3 && patience.again().await {
        match add(&redis).await {
            Ok(_) => sure += 1,
            Err(error) => unsure += i64::from(error.may_have_run()),
        }
    }
    assert!((3..=3 + unsure).contains(&sum(&server, "t").await));
}

#[tokio::test]
async fn out_of_memory_is_a_refusal() {
    static FILL: Script =
        Script::new("fill", 1, "return redis.call('SET', KEYS[1], string.rep('x', ARGV[1]))");
    for engine in buttress_testkit::redis::Engine::all() {
        let server = Server::builder().engine(engine).config("maxmemory 3mb");
        let server = server.config("maxmemory-policy noeviction").start().await;
        let redis = connected(server.url()).await;
        let mut last = Ok(());
        for tag in 0..64 {
            last = redis
                .run(&FILL, Key::from_bytes([tag; 16]))
                .arg(200_000_i64)
                .send()
                .await
                .map(drop);
            if last.is_err() {
                break;
            }
        }
        let error = last.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(!error.may_have_run());
        let _ = server.command(["CONFIG", "SET", "maxmemory", "0"]).await.accepted();
        assert_eq!(add(&redis).await.unwrap(), 1, "there is room again");
    }
}

#[tokio::test]
async fn what_is_cut_or_garbled_is_not_taken_for_an_answer() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = connected(server.url_at(proxy.address())).await;
    let mut known = 0;
    for fault in 0..3 {
        known = add(&redis).await.unwrap().max(known);
        match fault {
            0 => proxy.garble(&b"\0\xff hello\r\n"[..]),
            1 => proxy.cut_after(Direction::Replies, 1),
            _ => proxy.swallow(Direction::Replies),
        }
        let error = add(&redis).await.unwrap_err();
        assert!(error.may_have_run(), "{fault}: {error:?}");
        let expected = if fault == 0 { ErrorKind::Protocol } else { ErrorKind::Ambiguous };
        assert_eq!(error.kind(), expected, "{fault}: {error}");
        proxy.heal().await;
        is_back_soon(&redis).await;
    }
    assert!(sum(&server, "t").await >= known);
}

#[tokio::test]
async fn one_too_many_is_turned_away() {
    let server = Server::start().await;
    let redis = builder(server.url()).in_flight(2).build().unwrap();
    redis.connected().await.unwrap();
    server.freeze();
    let redis = Arc::new(redis);
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        let redis = redis.clone();
        calls.spawn(async move { add(&redis).await.unwrap_err().kind() });
    }
    let mut kinds: Vec<_> = calls.join_all().await;
    kinds.sort_by_key(|kind| *kind == ErrorKind::Overloaded);
    assert_eq!(kinds, [ErrorKind::Ambiguous, ErrorKind::Ambiguous, ErrorKind::Overloaded]);
    server.thaw();
}

/// Connections are cut and scripts forgotten under way: each call ran once if it was answered, once or not at all if
/// that is not known, and not at all otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_runs_twice() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = connected(server.url_at(proxy.address())).await;
    let crowd = Crowd::of(16, &redis, "t");
    for _ in 0..10 {
        crowd.is_served().await;
        proxy.cut_all();
        server.flush_scripts().await;
    }
    crowd.is_served().await;
    let missing = crowd.settle().await.agree_with(&server, "t").await;
    assert!(missing.is_empty(), "answered, and not done: {missing:?}");
}

/// A future that is dropped gives its place back, and the connection goes on.
#[tokio::test]
async fn a_dropped_call_leaves_no_trace() {
    let server = Server::start().await;
    let redis = builder(server.url()).in_flight(1).build().unwrap();
    redis.connected().await.unwrap();
    for _ in 0..50 {
        let mut call = std::pin::pin!(add(&redis));
        let _ = buttress_testkit::poll::poll_once(call.as_mut());
    }
    let total = until("it answers", async || add(&redis).await.ok()).await;
    assert!((1..=51).contains(&total), "{total}");
}
