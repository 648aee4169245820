//! One is not enough, and two open all.

use std::time::Duration;

use buttress_circuit_breaker::{Reason, State};
use buttress_testkit::redis::{Engine, Server};
use buttress_testkit::until::within;

use super::process::states;
use super::{Process, connected, fleet};

/// Two looks of everybody.
const AFTER_ALL_HAVE_LOOKED: Duration = Duration::from_millis(850);

/// Waits for what must not happen.
async fn never(happens: impl Fn() -> bool) {
    let happens = async || happens().then_some(());
    assert!(within(AFTER_ALL_HAVE_LOOKED, happens).await.is_none());
}

#[tokio::test]
async fn one_vote_opens_nobody_else() {
    let server = Server::start().await;
    let all: [_; 3] = fleet(&server.url()).await;
    all[0].fail().await;
    assert_eq!(all[0].state(), State::Open);
    never(|| states(&all[1..]) != [State::Closed; 2]).await;
}

#[tokio::test]
async fn two_votes_open_all() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        let all: [_; 4] = fleet(&server.url()).await;
        all[0].fail().await;
        all[1].fail().await;
        for process in &all[2..] {
            process.becomes(State::Open).await;
            assert_eq!(process.reason(), Some(Reason::Fleet));
        }
        assert_eq!(all[0].reason(), Some(Reason::InARow));
        // Its own probe closes it, and those who are open still do not open it again.
        all[2].succeed().await;
        assert_eq!(all[2].state(), State::Closed);
        never(|| all[2].state() != State::Closed).await;
    }
}

#[tokio::test]
async fn joining_does_not_close() {
    let server = Server::start().await;
    let all: [_; 2] = fleet(&server.url()).await;
    all[0].fail().await;
    all[1].fail().await;
    assert_eq!(states(&all), [State::Open; 2]);
    let late = Process::over(connected(server.url()).await);
    late.becomes(State::Open).await;
    assert_eq!((states(&all), late.reason()), (vec![State::Open; 2], Some(Reason::Fleet)));
}

/// Who goes takes its vote along; who dies leaves it until it ends.
#[tokio::test]
async fn a_vote_does_not_outlive_its_process() {
    let server = Server::start().await;
    let [one, other, third] = fleet(&server.url()).await;
    one.fail().await;
    let votes = "test:breakers:v1:{breakers}:votes:payments";
    let count = async || server.command(["HLEN", votes]).await.integer();
    let cast = async || (count().await == 1).then_some(());
    buttress_testkit::until::until("it has voted", cast).await;
    drop(one);
    let gone = async || (count().await == 0).then_some(());
    buttress_testkit::until::until("the vote is gone", gone).await;
    other.fail().await;
    never(|| third.state() != State::Closed).await;
}
