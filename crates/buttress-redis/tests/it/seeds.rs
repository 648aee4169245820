//! The seed of a fleet: drawn once, whoever asks.

use buttress_core::KeySeed;
use buttress_redis::{ErrorKind, Redis};
use buttress_testkit::redis::{Engine, Server};
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
