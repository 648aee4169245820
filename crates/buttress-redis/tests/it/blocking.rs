//! Calls that wait at the server: alone on their connection, in time, and gone with whoever asked.

use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_redis::{Blocking, ErrorKind, Redis, Script};
use buttress_testkit::proxy::Proxy;
use buttress_testkit::redis::{Engine, Server};
use buttress_testkit::until::until;

use crate::support::{ADD, builder, connected, sum};

static PUSH: Script = Script::new("jobs", 1, "return redis.call('RPUSH', KEYS[1], ARGV[1])");

const SOON: Duration = Duration::from_secs(5);

async fn blocked(server: &Server) -> usize {
    let clients = server.command(["CLIENT", "LIST"]).await.text();
    clients.lines().filter(|line| line.contains("cmd=blpop")).count()
}

fn pop(blocking: &Blocking) -> buttress_redis::BlockingCall<'_> {
    blocking.command("BLPOP").keys_of(&PUSH, "mails").arg(60_u32)
}

#[tokio::test]
async fn who_waits_does_not_keep_others_waiting() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).password("p@ss").start().await;
        let redis = connected(server.url()).await;
        let blocking = redis.blocking(2).unwrap();
        let waiting = tokio::spawn({
            let blocking = blocking.clone();
            async move { pop(&blocking).within(SOON).await.unwrap().into_list().unwrap() }
        });
        until("it waits", async || (blocked(&server).await == 1).then_some(())).await;
        let _ = redis.run(&PUSH, "mails").arg("to ada").send().await.unwrap();
        let job = waiting.await.unwrap();
        assert_eq!(job[1].bytes().unwrap(), b"to ada");
        assert!(!format!("{blocking:?}").contains("p@ss"));

        let reply = blocking.run(&ADD, "t").arg(5_i64).within(SOON).await.unwrap();
        assert_eq!(reply.integer().unwrap(), 5);
        assert_eq!(sum(&server, "t").await, 5);
    }
}

#[tokio::test]
async fn each_wait_ends_in_time() {
    let server = Server::start().await;
    let blocking = connected(server.url()).await.blocking(1).unwrap();
    let began = SystemClock.now();
    let error = pop(&blocking).within(Duration::from_millis(100)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
    until("the server is left alone", async || (blocked(&server).await == 0).then_some(())).await;

    // As many as there are connections, and one more.
    let waiting = tokio::spawn({
        let blocking = blocking.clone();
        async move { pop(&blocking).within(SOON).await.map(drop) }
    });
    until("it waits", async || (blocked(&server).await == 1).then_some(())).await;
    let error = pop(&blocking).within(SOON).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded, "{error}");
    assert!(!error.may_have_run());
    assert!(SystemClock.now() - began < Duration::from_secs(3));

    // Whoever does not want the answer any more does not block the pool.
    waiting.abort();
    until("the server is left alone", async || (blocked(&server).await == 0).then_some(())).await;
    let reply = blocking.run(&ADD, "t").arg(1_i64).within(SOON).await.unwrap();
    assert_eq!(reply.integer().unwrap(), 1);
}

#[tokio::test]
async fn a_dead_or_frozen_server_costs_its_time_and_no_more() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = builder(server.url_at(proxy.address())).build().unwrap();
    let blocking = redis.blocking(3).unwrap();
    let add = async || blocking.run(&ADD, "t").arg(1_i64).within(SOON).await;
    let _ = add().await.unwrap();
    // The connection that is kept is asked whether it lives, and does not answer.
    server.freeze();
    let began = SystemClock.now();
    let error = add().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    let took = SystemClock.now() - began;
    assert!(took < Duration::from_millis(1_600), "{took:?}");
    server.kill();
    assert_eq!(add().await.unwrap_err().kind(), ErrorKind::Unreachable);
    server.restart().await;
    let _ = until("it comes back", async || add().await.ok()).await;
}

#[tokio::test]
async fn what_is_lost_on_the_way_may_have_run() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = builder(server.url_at(proxy.address())).build().unwrap();
    let blocking = redis.blocking(1).unwrap();
    let waiting = tokio::spawn({
        let blocking = blocking.clone();
        async move { pop(&blocking).within(SOON).await.unwrap_err() }
    });
    until("it waits", async || (blocked(&server).await == 1).then_some(())).await;
    proxy.cut_all();
    let error = waiting.await.unwrap();
    assert_eq!(error.kind(), ErrorKind::Ambiguous, "{error}");
    let error = blocking.command("BLPOP").within(SOON).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Script, "{error}");
}

#[tokio::test]
async fn a_pool_may_be_handed_in() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let manager = deadpool_redis::Manager::new(server.url()).unwrap();
    let pool = deadpool_redis::Pool::builder(manager).runtime(deadpool_redis::Runtime::Tokio1);
    let blocking = redis.blocking_by(pool.build().unwrap());
    let reply = blocking.run(&ADD, "t").arg(3_i64).within(SOON).await.unwrap();
    assert_eq!(reply.integer().unwrap(), 3);

    let manager = deadpool_redis::Manager::new(server.url()).unwrap();
    let pool = deadpool_redis::Pool::builder(manager).build().unwrap();
    let error = redis.blocking_by(pool).command("PING").within(SOON).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
}

#[test]
fn what_cannot_be_is_said_at_once() {
    let redis = Redis::builder("redis://localhost").build().unwrap();
    assert_eq!(redis.blocking(0).unwrap_err().kind(), ErrorKind::Refused);
}

/// Not in plain text either.
#[cfg(feature = "tls")]
#[test]
fn tls_is_not_left_out() {
    for rest in ["://localhost", "+sentinel://localhost/fleet", "+cluster://localhost"] {
        let redis = crate::tls::trusted(format!("rediss{rest}"));
        let error = redis.blocking(1).unwrap_err();
        assert!(error.to_string().contains("TLS"), "{error}");
    }
}
