//! What operators do, and what the audit is told of it.

use buttress_core::Keyer;
use buttress_core::audit::{Audit, Receiver, channel};
use buttress_ratelimit::store::RedisStore;
use buttress_ratelimit::{Penalty, Quota, RateLimit, everyone};
use buttress_redis::Redis;
use buttress_testkit::redis::Server;

use super::{connected, patient};

fn over(store: RedisStore) -> (RateLimit<RedisStore>, Receiver) {
    let (sink, records) = channel(1_000);
    let limits = RateLimit::builder()
        .policy("plain", Quota::per_hour(9).by(everyone()))
        .policy("strict", Quota::per_hour(9).by(everyone()).penalty(Penalty::after(9)))
        .most_banned(8)
        .audit(Audit::builder().sink(sink).build().unwrap())
        .keyer(Keyer::random())
        .engine(store)
        .build()
        .unwrap();
    (limits, records)
}

fn told(records: &mut Receiver) -> Vec<String> {
    let all = std::iter::from_fn(|| records.try_recv());
    all.map(|record| {
        let reason = record.reason().and_then(|reason| reason.split_once(": "));
        let reason = reason.map_or("", |(_, reason)| reason);
        format!("{} {} {reason}", record.action(), record.outcome())
    })
    .collect()
}

fn away() -> RedisStore {
    RedisStore::new(Redis::builder("redis://127.0.0.1:1").build().unwrap())
}

/// A store that cannot be asked keeps its counters, so nothing was reset; of one that is asked nobody knows yet.
#[tokio::test]
async fn a_reset_is_told_as_it_was() {
    let (limits, mut records) = over(away());
    let key = limits.writer("plain").unwrap().key();
    assert!(!limits.reset("plain", key).unwrap().await.is_taken());
    assert_eq!(told(&mut records), ["ratelimit.reset failed "]);

    let server = Server::start().await;
    let (limits, mut records) = over(patient(connected(server.url()).await));
    let key = limits.writer("plain").unwrap().key();
    assert!(limits.reset("plain", key).unwrap().await.is_taken());
    assert_eq!(told(&mut records), ["ratelimit.reset succeeded asked for"]);
}

/// A policy that bans nobody has no ban to be lifted, and what others cannot be told of is lifted here alone.
#[tokio::test]
async fn a_ban_is_not_told_as_lifted_where_it_is_not() {
    let (limits, mut records) = over(away());
    let key = limits.writer("plain").unwrap().key();
    assert!(!limits.lift("plain", key).unwrap());
    assert_eq!(told(&mut records), [""; 0]);
    for _ in 0..9 {
        assert!(!limits.lift("strict", key).unwrap());
    }
    let mut expected = vec!["ratelimit.ban_lifted succeeded "; 8];
    expected
        .push("ratelimit.ban_lifted failed others are not told, as too many changes wait for that");
    assert_eq!(told(&mut records), expected);
}
