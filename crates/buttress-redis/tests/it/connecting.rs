//! Connections come by themselves, and again; callers never wait for one.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_core::metrics::Metrics;
use buttress_core::{Key, Probe};
use buttress_redis::ErrorKind;
use buttress_testkit::page::Page;
use buttress_testkit::poll::assert_ready;
use buttress_testkit::proxy::Proxy;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::{ADD, add, builder, connected, is_back_soon, sum};

#[tokio::test]
async fn down_at_the_start_it_fails_at_once_and_comes_alone() {
    let server = Server::start().await;
    server.kill();
    let redis = builder(server.url()).build().unwrap();
    let error = add(&redis).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    server.restart().await;
    is_back_soon(&redis).await;
}

#[tokio::test]
async fn a_primary_that_became_a_replica_is_left() {
    let (first, second) = (Server::start().await, Server::start().await);
    let proxy = Proxy::to(first.address()).await;
    let redis = connected(first.url_at(proxy.address())).await;
    let port = second.address().port().to_string();
    first.command(["REPLICAOF", "127.0.0.1", &port]).await;
    proxy.retarget(second.address());
    let error = until("it is noticed", async || add(&redis).await.err()).await;
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
    assert!(!error.may_have_run(), "{error:?}");
    is_back_soon(&redis).await;
    assert!(sum(&second, "t").await > 0);
}

#[tokio::test]
async fn a_replica_is_not_connected_to() {
    let primary = Server::start().await;
    let replica = Server::builder().replica_of(&primary).start().await;
    let redis = builder(replica.url()).build().unwrap();
    assert!(redis.connected().await.is_err());
    replica.command(["REPLICAOF", "NO", "ONE"]).await;
    is_back_soon(&redis).await;
}

/// Takes connections, does with them what it is told to, and counts them.
async fn strange_server(keeps: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Relaxed);
            if keeps {
                kept.push(stream);
            }
        }
    });
    (url, accepted)
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let (url, accepted) = strange_server(true).await;
    let redis = builder(url).connections(1).connect_timeout(Duration::from_millis(50));
    let redis = redis.build().unwrap();
    let again = async || (accepted.load(Relaxed) > 2).then_some(());
    until("it tries again", again).await;
    assert_eq!(add(&redis).await.unwrap_err().kind(), ErrorKind::Unreachable);
}

/// As one that has as many clients as it may have: it reads, says so, and that was all.
#[tokio::test]
async fn who_is_turned_away_hears_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1_024]).await;
            let _ = stream.write_all(b"-ERR max number of clients reached\r\n").await;
        }
    });
    let redis = builder(url).build().unwrap();
    let why = async || redis.check().await.message().map(str::to_owned);
    let told = async || why().await.filter(|why| why.contains("max number of clients"));
    until("it says why", told).await;
    server.abort();
}

/// What was in the way once is no reason for what is in the way now.
#[tokio::test]
async fn a_reason_is_not_older_than_the_connection() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    server.command(["REPLICAOF", "127.0.0.1", "1"]).await;
    let redis = builder(server.url_at(proxy.address())).build().unwrap();
    let says = async |word: &str| redis.check().await.message().unwrap().contains(word);
    until("it says why", async || says("a replica").await.then_some(())).await;
    server.command(["REPLICAOF", "NO", "ONE"]).await;
    redis.connected().await.unwrap();
    // The next attempt hangs, and so there is no other reason yet.
    proxy.blackhole();
    proxy.cut_all();
    until("it is known", async || (!redis.is_connected()).then_some(())).await;
    assert!(!says("a replica").await);
}

/// The pauses grow: five of them are a hundred and fifty milliseconds at least.
#[tokio::test]
async fn who_drops_every_connection_is_not_stormed() {
    let began = SystemClock.now();
    let (url, accepted) = strange_server(false).await;
    let _redis = builder(url).connections(1).build().unwrap();
    let again = async || (accepted.load(Relaxed) > 5).then_some(());
    until("it tries again", again).await;
    let took = SystemClock.now() - began;
    assert!(took >= Duration::from_millis(150), "{took:?}");
}

#[tokio::test]
async fn with_one_connection_lost_the_other_serves_all() {
    let server = Server::start().await;
    let page = Page::default();
    let redis = builder(server.url()).metrics(&Metrics::new(page.clone())).build().unwrap();
    let connections = || page.of("buttress_redis_connections");
    until("there are two", async || (connections() == Some(2.0)).then_some(())).await;
    let clients = server.command(["CLIENT", "LIST"]).await.text();
    let ours = clients.lines().find(|line| line.contains("name=buttress")).unwrap();
    let id = ours.split([' ', '=']).nth(1).unwrap();
    assert!(!server.command(["CLIENT", "KILL", "ID", id]).await.is_error());
    until("one is lost", async || (connections() == Some(1.0)).then_some(())).await;
    for tag in 0..32 {
        let answer = redis.run(&ADD, Key::from_bytes([tag * 8; 16])).arg(1_i64).send().await;
        assert!(answer.is_ok(), "{tag}: {answer:?}");
    }
}

#[tokio::test]
async fn a_name_that_moved_is_found_again() {
    let (first, second) = (Server::start().await, Server::start().await);
    let proxy = Proxy::to(first.address()).await;
    let redis = connected(first.url_at(proxy.address())).await;
    add(&redis).await.unwrap();
    proxy.retarget(second.address());
    proxy.cut_all();
    is_back_soon(&redis).await;
    assert_eq!(sum(&first, "t").await, 1);
    assert!(sum(&second, "t").await > 0);
}

/// Ten thousand at once at a dead server: each hears it, at once, and the server is not stormed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_a_dead_server() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = builder(server.url_at(proxy.address())).in_flight(100_000).build().unwrap();
    redis.connected().await.unwrap();
    proxy.blackhole();
    proxy.cut_all();
    // Of all connections: those that are lost are noticed one after the other.
    until("it is known", async || (!redis.is_connected()).then_some(())).await;
    let before = proxy.accepted();
    let mut crowd = JoinSet::new();
    for _ in 0..10_000 {
        let redis = redis.clone();
        // At once: it is not even pending.
        crowd.spawn(async move { assert_ready(std::pin::pin!(add(&redis))).unwrap_err().kind() });
    }
    let kinds = crowd.join_all().await;
    assert!(kinds.iter().all(|kind| *kind == ErrorKind::Unreachable));
    assert!(proxy.accepted() - before < 100, "{} new connections", proxy.accepted() - before);
    proxy.heal().await;
    is_back_soon(&redis).await;
}

/// Nobody has to ask first.
#[tokio::test]
async fn an_idle_connection_to_a_frozen_server_is_noticed() {
    let server = Server::start().await;
    let redis = builder(server.url()).connections(1).build().unwrap();
    redis.connected().await.unwrap();
    let log = buttress_testkit::log::Log::of("buttress");
    let _listening = log.listen();
    server.freeze();
    let told = until("it is noticed", async || {
        log.take().into_iter().find(|line| line.contains("a connection to Redis is down"))
    });
    assert!(told.await.contains("the server is silent"));
    server.thaw();
    is_back_soon(&redis).await;
}

/// When the last handle is gone, so are the connections, and the tasks that would make new ones.
#[tokio::test]
async fn the_last_handle_closes_everything() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let other = redis.clone();
    drop(redis);
    assert!(add(&other).await.is_ok());
    drop(other);
    until("they are closed", async || {
        (server.info("clients", "connected_clients").await == "1").then_some(())
    })
    .await;
    server.restart().await;
    let client = server.client().await.unwrap();
    drop(client);
    let total = server.info("stats", "total_connections_received").await;
    assert!(total.parse::<u32>().unwrap() < 20, "nobody else came: {total}");
}
