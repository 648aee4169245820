//! Calls that are decided together: as one for the server, and for each caller as if alone.

use buttress_redis::{ErrorKind, Redis, RedisError, Script};
use buttress_testkit::redis::{Engine, Server};
use tokio::task::JoinSet;

use crate::support::{ADD, connected};

/// Adds up, and says how many were asked together; refuses what is odd in its own way.
static SUMS: Script = Script::new(
    "sums",
    1,
    "local answers = {}
     for call, amount in ipairs(ARGV) do
       if amount == 'odd' then answers[call] = redis.error_reply('ODD it is')
       else answers[call] = { redis.call('INCRBY', KEYS[call], amount), #ARGV } end
     end
     return ARGV[2] and answers or answers[1]",
)
.joined();

async fn add(redis: &Redis, tag: &'static str, amount: &str) -> Result<[i64; 2], RedisError> {
    redis.run(&SUMS, tag).arg(amount).send().await?.integers()
}

/// What so many callers are told at the same time, in turn.
async fn crowd(redis: &Redis, amounts: &[&'static str]) -> Vec<Result<[i64; 2], RedisError>> {
    let mut callers = JoinSet::new();
    for amount in amounts.iter().copied() {
        let redis = redis.clone();
        callers.spawn(async move { add(&redis, "t", amount).await });
    }
    callers.join_all().await
}

/// On one thread, so all of them ask before the connection has its turn.
#[tokio::test]
async fn whoever_asks_at_the_same_time_is_answered_as_if_alone() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        let redis = connected(server.url()).await;
        assert_eq!(add(&redis, "t", "1").await.unwrap(), [1, 1], "it was brought, and is alone");
        let mut heard: Vec<_> =
            crowd(&redis, &["1"; 40]).await.into_iter().map(Result::unwrap).collect();
        heard.sort_unstable();
        let sums: Vec<_> = heard.iter().map(|[sum, _]| *sum).collect();
        assert_eq!(sums, (2..=41).collect::<Vec<_>>(), "each was counted once, and heard it");
        let mut together: Vec<_> = heard.iter().map(|[_, together]| *together).collect();
        together.sort_unstable();
        assert_eq!(together, [&[8; 8][..], &[16; 32]].concat());
    }
}

#[tokio::test]
async fn what_one_of_them_is_refused_is_not_refused_to_others() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        let redis = connected(server.url()).await;
        add(&redis, "t", "1").await.unwrap();
        let heard = crowd(&redis, &["1", "odd", "1", "odd", "1"]).await;
        let (summed, refused): (Vec<_>, Vec<_>) = heard.into_iter().partition(Result::is_ok);
        assert_eq!((summed.len(), refused.len()), (3, 2));
        assert!(refused.iter().all(|refused| {
            let error = refused.as_ref().unwrap_err();
            error.kind() == ErrorKind::Script && error.to_string().contains("ODD")
        }));
        assert_eq!(add(&redis, "t", "0").await.unwrap(), [4, 1]);
    }
}

/// All of them hear that it was, and bring it; none is counted twice.
#[tokio::test]
async fn a_script_that_was_forgotten_is_brought_again() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    for round in 1..=3 {
        server.flush_scripts().await;
        assert!(crowd(&redis, &["1"; 20]).await.iter().all(Result::is_ok));
        assert_eq!(add(&redis, "t", "0").await.unwrap(), [20 * round, 1]);
    }
}

/// What was asked in between stands in between.
#[tokio::test]
async fn the_order_of_what_is_asked_stays() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    add(&redis, "t", "0").await.unwrap();
    let other = async || redis.run(&ADD, "t").arg(1_i64).send().await;
    let (a, b, _, c) =
        tokio::join!(add(&redis, "t", "1"), add(&redis, "t", "1"), other(), add(&redis, "t", "1"));
    assert_eq!([a, b, c].map(Result::unwrap), [[1, 2], [2, 2], [3, 1]]);
    let (a, b) = tokio::join!(add(&redis, "t", "1"), add(&redis, "u", "1"));
    assert_eq!(
        [a, b].map(Result::unwrap),
        [[4, 1], [1, 1]],
        "about something else, which may be elsewhere"
    );
}

/// A script that does not keep to it harms nobody but those who call it, and nothing it says is taken for an answer.
#[tokio::test]
async fn what_is_no_answer_of_theirs_is_none() {
    static WRONG: Script = Script::new("wrong", 1, "return { 1 }").joined();
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    assert!(
        redis.run(&WRONG, "t").arg(1_i64).send().await.is_ok(),
        "alone, it may answer anything"
    );
    let call = async || redis.run(&WRONG, "t").arg(1_i64).send().await;
    let (one, other) = tokio::join!(call(), call());
    for heard in [one, other] {
        assert_eq!(heard.unwrap_err().kind(), ErrorKind::Protocol);
    }
}
