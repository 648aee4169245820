//! What there is in Redis of bans.

use buttress_core::Keyer;
use buttress_ratelimit::{Quota, RateLimit, header};
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::{ban, hears, key_of, left, members, penalty, process, record};
use crate::fleet::{connected, patient};
use crate::support::SECOND;

/// Nothing stays in Redis for longer than it means anything: here a ban of a minute, and a thousand seconds until it is
/// forgiven.
#[tokio::test]
async fn records_end_when_they_mean_nothing() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let one = process(&server, keyer).await;
    ban(&one, "ada").await;
    until("it is told", async || (!members(&server).await.is_empty()).then_some(())).await;
    for ending in ["kept", "bans", "changes"] {
        let millis = server.command(["PTTL", &record(ending)]).await.integer();
        assert!((1_030_000..=1_060_000).contains(&millis), "{ending}: {millis}");
    }
    // What is over is forgotten by whoever asks next.
    let name = members(&server).await.remove(0);
    server.command(["ZADD", &record("kept"), "1", &name]).await;
    until("it is forgotten", async || members(&server).await.is_empty().then_some(())).await;
    assert_eq!(server.command(["EXISTS", &record("bans")]).await.integer(), 0);
}

/// What is in Redis may be anything: nobody is banned for longer than here, nor for what makes no sense, and the others
/// are heard of all the same.
#[tokio::test]
async fn what_makes_no_sense_is_passed_over() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let one = process(&server, keyer).await;
    ban(&one, "ada").await;
    until("it is told", async || (!members(&server).await.is_empty()).then_some(())).await;
    let limits = process(&server, keyer).await;
    let name = |caller: &str, policy: &str| format!("{}:{policy}", key_of(&limits, caller));
    let huge = "9".repeat(400);
    let long = format!("1 1 {0} 4000000000 0 {0}", (1_u64 << 53) - 1);
    for (name, value) in [
        (name("long", "strict"), &*long),
        (name("a", "strict"), "2 1 1 1 1 1"),
        (name("b", "strict"), ""),
        (name("c", "strict"), &*format!("1 {huge} 1 1 0 0")),
        (name("d", "strict"), "1 -5 7 1 0 0"),
        (name("g", "strict"), &*format!("1 1 {} 1 0", (1_u64 << 53) - 1)),
        (name("h", "strict"), &*format!("1 1 7 1 0 {huge}")),
        (name("e", "unknown"), &*long),
        (name("f", "others"), &*long),
        ("zz".to_owned(), &*long),
        ("\u{0}\u{ff}".repeat(40), &*long),
    ] {
        server.command(["HSET", &record("bans"), &name, value]).await;
        server.command(["ZADD", &record("kept"), "1e17", &name]).await;
        server.command(["ZADD", &record("changes"), "1", &name]).await;
    }
    server.command(["ZADD", &record("changes"), "+inf", "far"]).await;
    server.command(["ZADD", &record("kept"), "+inf", "far"]).await;
    let heard = hears(&limits, "ada").await;
    assert!(heard <= SECOND * 60);
    let long = left(&limits, "long");
    assert!(long.is_none_or(|left| left <= SECOND * 240), "{long:?}");
    assert!(limits.bans().len() <= 2, "{:?}", limits.bans());
    // And news still go through.
    ban(&limits, "grace").await;
    hears(&one, "grace").await;
}

/// There are no more than a process has room for: who is forgotten first gives way.
#[tokio::test]
async fn there_are_no_more_than_there_is_room_for() {
    let (server, keyer) = (Server::start().await, Keyer::random());
    let quota = Quota::per_hour(1).by(header("x-caller")).penalty(penalty());
    let redis = connected(server.url()).await;
    let limits = RateLimit::builder().policy("strict", quota).keyer(keyer).most_banned(16);
    let limits = limits.engine(patient(redis)).build().unwrap();
    for caller in 0..40 {
        ban(&limits, &caller.to_string()).await;
        let key = key_of(&limits, &caller.to_string()).to_string();
        let told = async || members(&server).await.iter().any(|name| name.contains(&key));
        until("it is told", async || told().await.then_some(())).await;
        assert!(members(&server).await.len() <= 16);
    }
}
