//! What is dropped is gone, and what broke leaves nothing behind: no task goes on, no connection stays.

mod cluster;
mod sentinels;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use buttress_core::metrics::Metrics;
use buttress_redis::{Event, Redis, Subscription};
use buttress_testkit::page::Page;
use buttress_testkit::proxy::{Direction, Proxy};
use buttress_testkit::redis::Server;
use buttress_testkit::until::{DEADLINE, until};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{add, builder, connected, is_back_soon};

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// How many connections of ours there are: not those of replicas and sentinels, nor the one that asks.
async fn connections(servers: &[&Server]) -> usize {
    let theirs = [" name=sentinel-", " cmd=client", " flags=S ", " flags=M "];
    let is_ours = |line: &&str| !theirs.iter().any(|word| line.contains(word));
    let mut count = 0;
    for server in servers {
        let clients = server.command(["CLIENT", "LIST"]).await.text();
        count += clients.lines().filter(is_ours).count();
    }
    count
}

async fn nothing_is_left(servers: &[&Server], before: usize) {
    until("all tasks have ended", async || (tasks() == before).then_some(())).await;
    let closed = async || (connections(servers).await == 0).then_some(());
    until("all connections are closed", closed).await;
}

async fn listening(redis: &Redis) -> Subscription {
    let mut subscription = redis.subscribe(["news"]).unwrap();
    assert_eq!(timeout(DEADLINE, subscription.next()).await.unwrap(), Event::Gap);
    subscription
}

/// The handle goes, the subscription hears on; then that goes, and all that it needed.
async fn outlives(redis: Redis, servers: &[&Server], before: usize) {
    let mut subscription = listening(&redis).await;
    drop(redis);
    // At each of them, as not all are those that it listens to.
    let heard = async || {
        for server in servers {
            let _ = server.command(["PUBLISH", "test:news", "x"]).await;
        }
        let event = timeout(Duration::from_millis(50), subscription.next()).await.ok()?;
        matches!(event, Event::Message { .. }).then_some(())
    };
    until("it is heard without the handle", heard).await;
    assert!(tasks() > before && connections(servers).await > 0);
    drop(subscription);
    nothing_is_left(servers, before).await;
}

/// A watch asks on without the handle; then that goes, too.
async fn watches_on(redis: Redis, servers: &[&Server], before: usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let asking = asked.clone();
    let every = Duration::from_millis(50);
    let watched = redis.watch(["news"], every, move || {
        asking.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok::<_, String>(()))
    });
    let watched = watched.unwrap();
    drop(redis);
    let more = async || (asked.load(Ordering::Relaxed) > 3).then_some(());
    until("it asks without the handle", more).await;
    drop(watched);
    nothing_is_left(servers, before).await;
}

/// Nor does anything go on that looks for servers which are gone.
async fn gives_up_with(redis: Redis, servers: &[&Server], before: usize) {
    let subscription = listening(&redis).await;
    drop(redis);
    for server in servers {
        server.kill();
    }
    drop(subscription);
    until("all tasks have ended", async || (tasks() == before).then_some(())).await;
}

#[tokio::test]
async fn a_subscription_takes_all_with_it() {
    let server = Server::start().await;
    let before = tasks();
    outlives(connected(server.url()).await, &[&server], before).await;
    watches_on(connected(server.url()).await, &[&server], before).await;
    gives_up_with(connected(server.url()).await, &[&server], before).await;
}

/// A crowd through each fault: then there are the tasks and the connections that there were, and no call is under way.
#[tokio::test]
async fn faults_leave_nothing_behind() {
    let server = Server::start().await;
    let (proxy, page) = (Proxy::to(server.address()).await, Page::default());
    let before = tasks();
    let redis = builder(server.url_at(proxy.address())).metrics(&Metrics::new(page.clone()));
    let redis = redis.build().unwrap();
    redis.connected().await.unwrap();
    for fault in 0..6 {
        match fault {
            0 => proxy.cut_after(Direction::Replies, 1),
            1 => proxy.garble(&b"\0\xff hello\r\n"[..]),
            2 => proxy.swallow(Direction::Replies),
            3 => proxy.latency(Duration::from_millis(400)),
            4 => server.freeze(),
            _ => server.kill(),
        }
        let calls: JoinSet<_> = (0..50)
            .map(|_| {
                let redis = redis.clone();
                async move { add(&redis).await.is_ok() }
            })
            .collect();
        let answered = calls.join_all().await;
        assert!(!answered.contains(&true), "{fault}: {answered:?}");
        proxy.heal().await;
        match fault {
            4 => server.thaw(),
            5 => server.restart().await,
            _ => {}
        }
        is_back_soon(&redis).await;
    }
    assert_eq!(page.of("buttress_redis_in_flight"), Some(0.0));
    until("there are two", async || {
        let up = page.of("buttress_redis_connections") == Some(2.0);
        (up && proxy.open() == 2 && connections(&[&server]).await == 2).then_some(())
    })
    .await;
    drop(redis);
    until("none is open", async || (proxy.open() == 0).then_some(())).await;
    nothing_is_left(&[&server], before).await;
}
