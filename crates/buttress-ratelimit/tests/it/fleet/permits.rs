//! What is counted at the same time, across processes.

use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::engine::Step;
use buttress_core::key::{KeySeed, Keyer};
use buttress_ratelimit::store::LimitStore;
use buttress_ratelimit::{Charge, Quota, RateLimit, Retry, Source, everyone};
use buttress_testkit::poll;
use buttress_testkit::redis::{Reply, Server};
use buttress_testkit::until::until;

use super::{Rig, all, connected, key, patient, record};

async fn held(server: &Server) -> i64 {
    server.command(["ZCARD", &record('c', key(1))]).await.integer()
}

#[tokio::test]
async fn permits_are_held_by_all_together() {
    let server = Server::start().await;
    let charge = Charge::new(0, key(1), 1);
    let one = Rig::strict(patient(connected(server.url()).await), Quota::at_once(3));
    let other = Rig::strict(patient(connected(server.url()).await), Quota::at_once(3));
    let taken = [one.taken(charge).await, other.taken(charge).await, one.taken(charge).await];
    for rig in [&one, &other] {
        let verdict = rig.take(&[charge]).await;
        assert_eq!(
            verdict.refusal(),
            Some((0, Retry::Unknown)),
            "and nothing of that is remembered"
        );
    }
    other.store.give_back(&other.limits, &taken[0]);
    assert_eq!(held(&server).await, 3, "that one is not held by this process");
    one.store.give_back(&one.limits, &taken[0]);
    until("it is there again", async || (held(&server).await == 2).then_some(())).await;
    assert!(other.take(&[charge]).await.is_taken());
}

/// By hand nobody says which permits: those that were taken so come back, and where there are none, that is told.
#[tokio::test]
async fn permits_come_back_as_they_were_taken() {
    let server = Server::start().await;
    let process = || async {
        let jobs = Quota::at_once(5).by(everyone());
        let limits = RateLimit::builder()
            .policy("jobs", jobs)
            .keyer(Keyer::from(KeySeed::from_bytes([7; 16])));
        limits.engine(patient(connected(server.url()).await)).build().unwrap()
    };
    let (one, other) = (process().await, process().await);
    let key = one.writer("jobs").unwrap().key();
    for cost in [2, 3] {
        assert!(one.take("jobs", key, cost).unwrap().await.is_taken());
    }
    for (process, cost) in [(&one, 1), (&one, 5), (&other, 2)] {
        let error = process.give_back("jobs", key, cost).unwrap_err();
        assert_eq!(error.to_string(), "this process holds no such permits of `jobs`");
    }
    let left = async |count| {
        let verdict = other.peek("jobs", key).unwrap().await;
        (verdict.standings()[0].remaining() == count).then_some(())
    };
    assert!(left(0).await.is_some(), "none came back");
    one.give_back("jobs", key, 3).unwrap();
    until("three are back", async || left(3).await).await;
    assert!(one.give_back("jobs", key, 3).is_err(), "once");
    one.give_back("jobs", key, 2).unwrap();
    until("all are back", async || left(5).await).await;
}

/// What is taken by hand while Redis is away is taken here, and comes back here, before and after Redis is back.
#[tokio::test]
async fn permits_of_the_time_without_redis_come_back_here() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let jobs = Quota::at_once(5).by(everyone());
    let limits = RateLimit::builder().policy("jobs", jobs).keyer(Keyer::random());
    let limits = limits.engine(patient(redis.clone())).build().unwrap();
    let key = limits.writer("jobs").unwrap().key();
    let take = async |cost| limits.take("jobs", key, cost).unwrap().await;
    let stands = async || {
        let standing = limits.peek("jobs", key).unwrap().await.standings()[0];
        (standing.remaining(), standing.source())
    };
    let there = take(1).await;
    server.kill();
    until("it is gone", async || (!redis.is_connected()).then_some(())).await;
    let (one, other) = (take(2).await, take(2).await);
    assert_eq!(stands().await, (1, Source::Local));
    // Nobody says which: one that was taken with as many.
    assert!(limits.give_back("jobs", key, 5).is_err(), "so many are not held at all");
    limits.give_back("jobs", key, 2).unwrap();
    assert_eq!(stands().await, (3, Source::Local));
    limits.give_back_of("jobs", key, 2, &one).unwrap();
    assert_eq!(stands().await, (5, Source::Local));
    let error = limits.give_back_of("jobs", key, 2, &other).unwrap_err();
    assert_eq!(error.to_string(), "this process holds no such permits of `jobs`");

    let late = take(2).await;
    server.restart().await;
    until("it is back", async || (stands().await == (5, Source::Store)).then_some(())).await;
    limits.give_back_of("jobs", key, 2, &late).unwrap();
    limits.give_back_of("jobs", key, 1, &there).unwrap();
    assert!(limits.give_back_of("jobs", key, 1, &there).is_err(), "once");
    server.kill();
    until("it is gone", async || (!redis.is_connected()).then_some(())).await;
    assert_eq!(stands().await, (5, Source::Local), "nothing is held here");
}

/// Who waits for a verdict, and goes away, holds nothing.
#[tokio::test]
async fn whoever_goes_away_holds_nothing() {
    let server = Server::start().await;
    let rig = Rig::strict(patient(connected(server.url()).await), Quota::at_once(3));
    let charges = all(&[Charge::new(0, key(1), 1)]);
    // By this the server has the script, so that those who leave have asked for something.
    let taken = rig.taken(Charge::new(0, key(1), 1)).await;
    rig.store.give_back(&rig.limits, &taken);
    for _ in 0..20 {
        let Step::Later(asking) = rig.store.take(&rig.limits, &charges) else { panic!() };
        let mut asking = asking;
        assert!(poll::poll_once(&mut asking).is_pending());
        // It leaves, and the answer is for nobody.
        tokio::task::yield_now().await;
        drop(asking);
    }
    until("all are back", async || (held(&server).await == 0).then_some(())).await;
    let verdict = rig.take(&[Charge::new(0, key(1), 3)]).await;
    assert!(verdict.is_taken(), "{verdict:?}");
}

/// A process that lives renews its permits; those of one that died end by themselves.
#[test]
fn permits_outlive_their_time_and_not_their_process() {
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let there = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let there = there.unwrap();
    let server = here.block_on(Server::start());
    let url = server.url();
    let second = Duration::from_secs(1);
    let charge = Charge::new(0, key(1), 1);
    let rig = there.block_on(async {
        let store = patient(connected(url).await).held_for(second);
        let rig = Rig::strict(store, Quota::at_once(2));
        let _ = (rig.taken(charge).await, rig.taken(charge).await);
        rig
    });
    let ends = async || {
        let words = ["ZRANGE", &record('c', key(1)), "0", "0", "WITHSCORES"];
        match server.command(words).await.items() {
            [_, Reply::Bulk(score)] => String::from_utf8(score.clone()).unwrap().parse().unwrap(),
            other => panic!("{other:?}"),
        }
    };
    here.block_on(async {
        let first: f64 = ends().await;
        // By more than they had at first: so they would have ended, if nobody had renewed them.
        let renewed = async || (ends().await > first + 1_200_000.0).then_some(());
        until("they are renewed", renewed).await;
        assert_eq!(held(&server).await, 2);
    });
    // The process is killed: nothing of it runs any more, and nothing says goodbye.
    there.shutdown_background();
    std::mem::forget(rig);
    here.block_on(async {
        let rig = Rig::strict(patient(connected(server.url()).await), Quota::at_once(2));
        let taken = async || rig.take(&[Charge::new(0, key(1), 2)]).await.is_taken().then_some(());
        until("they end", taken).await;
    });
}

/// Has somebody hold a permit of this name, until so long after now.
async fn hold(server: &Server, name: &str, ahead: Duration) {
    let time = server.command(["TIME"]).await;
    let [seconds, micros] = time.items() else { panic!("{time:?}") };
    let ends = seconds.integer() * 1_000_000 + micros.integer();
    let ends = ends + i64::try_from(ahead.as_micros()).unwrap();
    server.command(["ZADD", &record('c', key(1)), &ends.to_string(), name]).await;
}

/// Processes may hold theirs for different times, as in a rollout: who holds them for a shorter one leaves those of
/// others.
#[tokio::test]
async fn permits_outlive_those_that_are_held_for_less() {
    let server = Server::start().await;
    let second = Duration::from_secs(1);
    let rig = async |time| {
        let store = patient(connected(server.url()).await).held_for(time);
        Rig::strict(store, Quota::at_once(3))
    };
    let (long, short) = (rig(second * 3_600).await, rig(second).await);
    let charge = Charge::new(0, key(1), 1);
    let _held = long.taken(charge).await;
    let taken = short.taken(charge).await;
    let lives = server.command(["PTTL", &record('c', key(1))]).await.integer();
    assert!(lives > 3_500_000, "the permit of the other is held for an hour: {lives}");
    short.store.give_back(&short.limits, &taken);
    until("it is back", async || (held(&server).await == 1).then_some(())).await;
    // Renewed three times in a second.
    TokioTimer.sleep(second).await;
    let lives = server.command(["PTTL", &record('c', key(1))]).await.integer();
    assert!(lives > 3_500_000, "{lives}");
    assert!(!short.take(&[Charge::new(0, key(1), 3)]).await.is_taken());
}

/// Of processes that are gone, and of a time that has not come yet.
#[tokio::test]
async fn permits_of_a_clock_that_was_set_back_lock_nobody_out() {
    let server = Server::start().await;
    let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3_600));
    let store = patient(connected(server.url()).await).held_for(second);
    let rig = Rig::strict(store, Quota::at_once(2));
    hold(&server, "gone:1:1/500", hour).await;
    hold(&server, "gone:2:1/500", hour).await;
    let charge = Charge::new(0, key(1), 1);
    let verdict = rig.take(&[charge]).await;
    assert_eq!(verdict.refusal(), Some((0, Retry::Unknown)), "they may still be held");
    until("they end", async || rig.take(&[charge]).await.is_taken().then_some(())).await;

    // Whoever holds them for longer may.
    hold(&server, "lives:1:1/3600000", second * 3_599).await;
    let both = Charge::new(0, key(1), 2);
    for _ in 0..4 {
        assert!(!rig.take(&[both]).await.is_taken());
        TokioTimer.sleep(second / 2).await;
    }
}
