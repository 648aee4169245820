//! Redis breaks under load: what is admitted stays within what is stated, counted. A storm of it is in `soak`.

use buttress_core::engine::Degrade;
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Charge, Quota, Source};
use buttress_redis::Redis;
use buttress_testkit::proxy::Proxy;
use buttress_testkit::redis::{Sentinels, Server};
use buttress_testkit::until::until;

use super::{Rig, connected, first, key, patient};
use crate::crowd::{Crowd, Process, QUOTA, Rules, forget_all};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_are_forgotten_lose_nothing() {
    let server = Server::start().await;
    let processes = Process::two(&server.url(), Rules::PLAIN, Degrade::Deny).await;
    let crowd = Crowd::of(&processes, key(1));
    for _ in 0..20 {
        server.flush_scripts().await;
    }
    processes[0].is_refused(key(1)).await;
    let counted = crowd.settle().await;
    counted.assert_within(Rules::PLAIN, 0, Degrade::Deny);
    assert!(counted.admitted + counted.degraded >= QUOTA, "nor is any token lost: {counted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_it_admits_no_more() {
    for degrade in [Degrade::Deny, Degrade::Local] {
        let server = Server::start().await;
        let processes = Process::two(&server.url(), Rules::PLAIN, degrade).await;
        let crowd = Crowd::of(&processes, key(1));
        server.freeze();
        is_alone(&processes[0]).await;
        server.thaw();
        processes[0].is_refused(key(1)).await;
        let counted = crowd.settle().await;
        counted.assert_within(Rules::PLAIN, 0, degrade);
        assert!(counted.degraded > 0, "{counted:?}");
    }
}

/// It keeps nothing on disk, so each time it is killed there is one more quota.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_it_admits_one_more_quota() {
    let server = Server::start().await;
    let processes = Process::two(&server.url(), Rules::PLAIN, Degrade::Local).await;
    let crowd = Crowd::of(&processes, key(1));
    processes[0].is_refused(key(1)).await;
    server.kill();
    is_alone(&processes[0]).await;
    server.restart().await;
    processes[0].is_refused(key(1)).await;
    let counted = crowd.settle().await;
    counted.assert_within(Rules::PLAIN, 1, Degrade::Local);
    assert!(counted.admitted > QUOTA + QUOTA / 2, "{counted:?}");
}

/// The same for tokens that were taken in advance, and for a quota of each process beside that of all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_it_admits_one_more_quota_by_each_of_the_rules() {
    for rules in Rules::ALL {
        let server = Server::start().await;
        let processes = Process::two(&server.url(), rules, Degrade::Deny).await;
        let crowd = Crowd::of(&processes, key(1));
        processes[0].is_refused(key(1)).await;
        server.kill();
        is_alone(&processes[0]).await;
        server.restart().await;
        processes[0].is_refused(key(1)).await;
        let counted = crowd.settle().await;
        counted.assert_within(rules, 1, Degrade::Deny);
        assert!(counted.beyond() > QUOTA / 2, "the bound is no idle one: {counted:?}");
        assert_eq!(rules.is_leased, counted.leased > 0, "{rules:?}: {counted:?}");
    }
}

/// A replica may not have heard of all: at the most, of nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_over_it_admits_at_most_one_more_quota() {
    let trio = Sentinels::start().await;
    let processes = Process::two(&url_of(&trio), Rules::PLAIN, Degrade::Deny).await;
    let crowd = Crowd::of(&processes, key(1));
    processes[0].is_refused(key(1)).await;
    let old = trio.master().await;
    old.kill();
    let _ = trio.successor(old).await;
    processes[0].is_refused(key(1)).await;
    crowd.settle().await.assert_within(Rules::PLAIN, 1, Degrade::Deny);
}

/// One that had heard of nothing takes over: what is admitted beyond the quota is the whole bound, and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_over_to_one_that_knows_nothing_it_admits_the_quota_once_more() {
    let trio = Sentinels::start().await;
    let processes = Process::two(&url_of(&trio), Rules::PLAIN, Degrade::Deny).await;
    let crowd = Crowd::of(&processes, key(1));
    processes[0].is_refused(key(1)).await;
    // All is taken, and a refusal writes nothing: so they hear of nothing any more.
    forget_all(&trio).await;
    let old = trio.master().await;
    old.kill();
    let _ = trio.successor(old).await;
    processes[0].is_refused(key(1)).await;
    let counted = crowd.settle().await;
    counted.assert_within(Rules::PLAIN, 1, Degrade::Deny);
    assert!(counted.beyond() > QUOTA / 2, "the bound is no idle one: {counted:?}");
}

/// What is no answer admits nobody.
#[tokio::test]
async fn garbage_admits_nobody() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address()).await;
    let redis = Redis::builder(server.url_at(proxy.address())).prefix("test").build().unwrap();
    redis.connected().await.unwrap();
    let rig = Rig::strict(RedisStore::new(redis), Quota::per_hour(10));
    assert!(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
    for garbage in [&b"\0\xff"[..], b"*-7\r\n", b":1x\r\n", b"HTTP/1.1 400\r\n\r\n"] {
        proxy.garble(garbage);
        let denied = async || {
            let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
            let source = verdict.standings()[0].source();
            assert!(!verdict.is_taken() || source == Source::Store, "{verdict:?}");
            (source == Source::Denied).then_some(())
        };
        until("it is no answer", denied).await;
        proxy.heal().await;
        let back = async || {
            let verdict = rig.look(&[Charge::new(0, key(1), 1)]).await;
            (verdict.standings()[0].source() == Source::Store).then_some(())
        };
        until("it is asked again", back).await;
    }
}

/// Another process, or the same one after a restart, goes on where the first one was.
#[tokio::test]
async fn a_process_that_restarts_loses_nothing() {
    let server = Server::start().await;
    for left in (0..5).rev() {
        let rig = Rig::strict(patient(connected(server.url()).await), Quota::per_hour(5));
        let verdict = rig.take(&[Charge::new(0, key(1), 1)]).await;
        assert_eq!(first(&verdict), (left, Source::Store));
    }
}

fn url_of(trio: &Sentinels) -> String {
    let places: Vec<_> = trio.addresses().iter().map(ToString::to_string).collect();
    format!("redis+sentinel://{}/{}", places.join(","), Sentinels::NAME)
}

/// Waits until it is known to a process that Redis is gone.
async fn is_alone(process: &Process) {
    until("it is known to be gone", async || (!process.store.is_asked()).then_some(())).await;
}
