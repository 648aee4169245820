//! What stands in Redis, and for how long.

use std::time::Duration;

use buttress_circuit_breaker::Force;
use buttress_circuit_breaker::fleet::{Asked, Fleet, Order, RedisVotes, Votes};
use buttress_core::Probe;
use buttress_redis::ErrorKind;
use buttress_testkit::redis::Server;

use super::{connected, member};

const VOTES: &str = "test:breakers:v1:{breakers}:votes:payments";
const MEMBERS: &str = "test:breakers:v1:{breakers}:members:payments";
const ORDER: &str = "test:breakers:v1:{breakers}:order:payments";

async fn ttl(server: &Server, key: &str) -> i64 {
    server.command(["PTTL", key]).await.integer()
}

#[tokio::test]
async fn nothing_stays_for_ever() {
    let server = Server::start().await;
    let votes = RedisVotes::new(connected(server.url()).await);
    let (one, other) = (member(), member());
    votes.vote("payments", one, Duration::from_secs(60)).await.unwrap();
    votes.vote("payments", other, Duration::from_secs(2)).await.unwrap();
    let left = ttl(&server, VOTES).await;
    assert!((50_000..=60_000).contains(&left), "with the last vote: {left}");
    let asked = [Asked::about("payments")];
    assert_eq!(votes.read(one, &asked).await.unwrap()[0].votes(), 2);
    let left = ttl(&server, MEMBERS).await;
    assert!((0..=5_000).contains(&left), "with the last who was heard of: {left}");
    votes.force("payments", Force::Open).await.unwrap();
    let left = ttl(&server, ORDER).await;
    assert!((2_500_000_000..=2_592_000_000).contains(&left), "thirty days: {left}");
    let keys = server.command(["DBSIZE"]).await.integer();
    assert_eq!(keys, 3, "and there is nothing else");
}

/// Whoever reads names from a file has none that lives for ever.
#[tokio::test]
async fn a_name_may_be_made_at_run_time() {
    let server = Server::start().await;
    let votes = RedisVotes::new(connected(server.url()).await).named(["sh", "op"].concat());
    let fleet = Fleet::with(votes).named(["all ", "shops"].concat()).build().unwrap();
    assert_eq!(fleet.name(), "all shops");
    fleet.force("payments", Force::Open).await.unwrap();
    let order = "test:breakers:v1:{shop}:order:payments";
    assert_eq!(server.command(["EXISTS", order]).await.integer(), 1);
}

/// Not one that was lost, either: the clock of the server is a part of the version.
#[tokio::test]
async fn an_order_is_later_than_all_before_it() {
    let server = Server::start().await;
    let votes = RedisVotes::new(connected(server.url()).await);
    let before = votes.force("payments", Force::Open).await.unwrap();
    let _ = server.command(["FLUSHALL"]).await.accepted();
    let after = votes.force("payments", Force::Release).await.unwrap();
    assert!(after.version() > before.version(), "{before:?} {after:?}");

    // A clock that was set back: the version goes on.
    let late = format!("1 {} 1", after.version() + 3_600_000_000);
    let _ = server.command(["SET", ORDER, &late]).await.accepted();
    let next = votes.force("payments", Force::Open).await.unwrap();
    assert_eq!(next.version(), after.version() + 3_600_000_001);
}

/// What a later release wrote, or anybody else, is an error, and stays as it is.
#[tokio::test]
async fn what_is_no_record_is_not_touched() {
    let server = Server::start().await;
    let votes = RedisVotes::new(connected(server.url()).await);
    let (one, asked) = (member(), [Asked::about("payments")]);
    for (key, command) in
        [(VOTES, ["HSET", VOTES, "x", "2 0"]), (ORDER, ["SET", ORDER, "2 0", "GET"])]
    {
        let _ = server.command(command).await.accepted();
        let error = votes.read(one, &asked).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Script, "{error}");
        assert_eq!(server.command(["EXISTS", MEMBERS]).await.integer(), 0, "nothing was written");
        if key == ORDER {
            let error = votes.force("payments", Force::Off).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Script, "{error}");
            assert_eq!(server.command(["GET", ORDER]).await.text(), "2 0");
        }
        let _ = server.command(["DEL", key]).await.accepted();
    }
}

#[tokio::test]
async fn an_order_of_a_later_release_is_not_obeyed_and_not_lost() {
    let server = Server::start().await;
    let votes = RedisVotes::new(connected(server.url()).await);
    let _ = server.command(["SET", ORDER, "1 100 77"]).await.accepted();
    let asked = [Asked::about("payments").knowing(Order::new(99, Force::Open))];
    assert_eq!(votes.read(member(), &asked).await.unwrap()[0].order(), None);
    assert_eq!(server.command(["GET", ORDER]).await.text(), "1 100 77");
}

/// Two services that have nothing to do with each other.
#[tokio::test]
async fn names_are_apart() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let (shop, bank) =
        (RedisVotes::new(redis.clone()).named("shop"), RedisVotes::new(redis).named("bank"));
    let (one, asked) = (member(), [Asked::about("payments")]);
    shop.vote("payments", one, Duration::from_secs(60)).await.unwrap();
    assert_eq!(shop.read(one, &asked).await.unwrap()[0].votes(), 1);
    assert_eq!(bank.read(one, &asked).await.unwrap()[0].votes(), 0);
}
