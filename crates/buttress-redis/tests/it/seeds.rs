//! The seed of a fleet: drawn once, whoever asks.

use buttress_core::{HealthStatus, KeySeed};
use buttress_redis::engine::{Answered, Degrade, Fallback};
use buttress_redis::{ErrorKind, Redis};
use buttress_testkit::redis::{Engine, Server};
use buttress_testkit::until::until;
use tokio::task::JoinSet;

use crate::support::{builder, connected};

#[tokio::test]
async fn replicas_that_race_get_the_same() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        // Processes that start at the same time: handles of their own, all asking at once.
        let mut racing = JoinSet::new();
        for _ in 0..8 {
            let redis = connected(server.url()).await;
            racing.spawn(async move { redis.seed("keys").await.unwrap() });
        }
        let seeds: Vec<KeySeed> = racing.join_all().await;
        assert!(seeds.iter().all(|seed| *seed == seeds[0]));
        // And one that comes later.
        assert_eq!(connected(server.url()).await.seed("keys").await.unwrap(), seeds[0]);
    }
}

#[tokio::test]
async fn other_names_and_other_services_have_others() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let seed = redis.seed("keys").await.unwrap();
    assert_ne!(seed, redis.seed("cookies").await.unwrap());
    let other = builder(server.url()).prefix("other").build().unwrap();
    other.connected().await.unwrap();
    assert_ne!(seed, other.seed("keys").await.unwrap());
}

#[tokio::test]
async fn it_is_kept_as_it_is_described_and_never_written_over() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let seed = redis.seed("keys").await.unwrap();
    let record = server.command(["GET", "test:seed:v1:{keys}"]).await.text();
    let digits = record.strip_prefix("1 ").unwrap();
    assert_eq!(digits.parse::<KeySeed>().unwrap(), seed);
    let forever = server.command(["PTTL", "test:seed:v1:{keys}"]).await;
    assert_eq!(forever, buttress_testkit::redis::Reply::Integer(-1));

    for wrong in ["2 00112233445566778899aabbccddeeff", "", "1 secret", "1 "] {
        let _ = server.command(["SET", "test:seed:v1:{keys}", wrong]).await;
        let error = redis.seed("keys").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(!format!("{error} {error:?}").contains("secret"));
        assert_eq!(server.command(["GET", "test:seed:v1:{keys}"]).await.text(), wrong);
    }
}

#[tokio::test]
async fn without_a_server_there_is_none() {
    let redis = Redis::builder("redis://127.0.0.1:1").build().unwrap();
    assert_eq!(redis.seed("keys").await.unwrap_err().kind(), ErrorKind::Unreachable);
}

/// To wait for it would be in vain; that nobody has asked, or got an answer, says nothing.
#[tokio::test]
async fn that_it_is_refused_is_known() {
    let server = Server::start().await;
    server.command(["ACL", "SETUSER", "narrow", "on", ">secret", "+@all", "~test:limit*"]).await;
    let narrow = builder(server.url()).login(Some("narrow".to_owned()), "secret");
    let redis = narrow.connect().await.unwrap();
    assert!(redis.known_seed().is_none() && redis.is_seed_refused());
    server.command(["ACL", "SETUSER", "narrow", "~test:seed:*"]).await;
    redis.seed("keys").await.unwrap();
    assert!(redis.known_seed().is_some() && !redis.is_seed_refused());

    server.command(["SET", "test:seed:v1:{keys}", "none"]).await;
    let other = connected(server.url()).await;
    assert!(!other.is_seed_refused(), "nobody has asked");
    assert!(other.seed("keys").await.is_err() && other.is_seed_refused());
    server.kill();
    until("it is gone", async || (!other.is_connected()).then_some(())).await;
    assert!(other.seed("keys").await.is_err() && !other.is_seed_refused());
}

/// Whoever looks sees no difference to a store that cannot ask for want of a connection.
#[tokio::test]
async fn a_store_that_waits_for_it_is_not_well() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let fallback = |degrade| Fallback::new(redis.clone(), "limits", degrade);
    let waiting = fallback(Degrade::Deny).needs_seed();
    assert_eq!(waiting.health().status(), HealthStatus::Down);
    assert_eq!(fallback(Degrade::Local).needs_seed().health().status(), HealthStatus::Degraded);
    assert_eq!(fallback(Degrade::Deny).health().status(), HealthStatus::Up);
    redis.seed("keys").await.unwrap();
    assert_eq!(waiting.health().status(), HealthStatus::Up);
    assert_eq!(waiting.before_seed(|| Answered::Local(7)), Answered::Local(7));
    assert_eq!(waiting.health().status(), HealthStatus::Down, "it was answered without Redis");
}
