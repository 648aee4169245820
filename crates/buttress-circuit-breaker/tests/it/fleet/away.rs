//! Redis is away: each process decides alone, and all is well again by itself.

use std::time::Duration;

use buttress_circuit_breaker::fleet::{CATALOGUE, Fleet};
use buttress_circuit_breaker::{Force, Reason, State};
use buttress_core::HealthStatus;
use buttress_core::metrics::Metrics;
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::process::states;
use super::{Process, builder, connected, fleet};

/// The lines about the fleet: those of the connection have others.
#[derive(Default)]
struct Told {
    log: Log,
    lines: Vec<String>,
}

impl Told {
    /// How many there were so far with these words.
    fn count(&mut self, words: &str) -> usize {
        let lines = self.log.take().into_iter().filter(|line| line.contains("breakers decide"));
        self.lines.extend(lines);
        self.lines.iter().filter(|line| line.contains(words)).count()
    }

    async fn until(&mut self, words: &str, times: usize) {
        until(words, async || (self.count(words) >= times).then_some(())).await;
    }
}

async fn is_alone(process: &Process) {
    let alone = async || (process.fleet.health().status() == HealthStatus::Degraded).then_some(());
    until("it knows only itself", alone).await;
    assert_eq!(process.fleet.health().message(), Some("knows only itself"));
}

async fn is_together(process: &Process) {
    let together = async || (process.fleet.health().status() == HealthStatus::Up).then_some(());
    until("it knows the others", together).await;
}

/// Killed, with all that it knew, and back.
#[tokio::test]
async fn killed_and_back() {
    let mut told = Told::default();
    let _listening = told.log.listen();
    let server = Server::start().await;
    let [one, other, third] = fleet(&server.url()).await;
    one.fleet.force("payments", Force::Closed).await.unwrap();
    for process in [&one, &other, &third] {
        process.becomes(State::ForcedClosed).await;
    }
    one.fleet.force("payments", Force::Release).await.unwrap();
    for process in [&one, &other, &third] {
        process.becomes(State::Closed).await;
    }

    server.kill();
    told.until("alone", 3).await;
    is_alone(&third).await;
    // Each goes on by its own rules, and what it found is told to nobody.
    one.fail().await;
    assert_eq!((one.state(), other.state()), (State::Open, State::Closed));
    assert!(one.fleet.force("payments", Force::Open).await.is_err(), "nobody hears it");

    server.restart().await;
    for process in [&one, &other, &third] {
        is_together(process).await;
    }
    told.until("together", 3).await;
    assert_eq!(told.count("alone"), 3, "a line for each process: {:#?}", told.lines);
    // The server has forgotten, and hears again who is open.
    one.becomes(State::Open).await;
    other.fail().await;
    let open = async || {
        // The vote of the first may have ended meanwhile: its probe fails, too.
        one.fail().await;
        (third.state() == State::Open).then_some(())
    };
    until("two votes open all", open).await;
    assert_eq!(third.reason(), Some(Reason::Fleet));
}

/// What was forced stays forced, and a forced breaker is released by the next order.
#[tokio::test]
async fn what_was_forced_stays_forced() {
    let server = Server::start().await;
    let [one, other] = fleet(&server.url()).await;
    one.fleet.force("payments", Force::Open).await.unwrap();
    other.becomes(State::ForcedOpen).await;
    server.kill();
    is_alone(&other).await;
    assert_eq!(other.state(), State::ForcedOpen);
    server.restart().await;
    is_together(&other).await;
    assert_eq!(other.state(), State::ForcedOpen, "a server that knows nothing releases nobody");
    let release = async || one.fleet.force("payments", Force::Release).await.ok();
    until("it can be told", release).await;
    other.becomes(State::Closed).await;
}

/// Frozen, it keeps its sockets, and does not answer.
#[tokio::test]
async fn frozen_and_thawed() {
    let mut told = Told::default();
    let _listening = told.log.listen();
    let server = Server::start().await;
    let redis = builder(server.url()).response_timeout(Duration::from_millis(300));
    let redis = redis.build().unwrap();
    redis.connected().await.unwrap();
    let process = Process::over(redis);
    is_together(&process).await;
    Process::have_heard(std::slice::from_ref(&process)).await;
    server.freeze();
    is_alone(&process).await;
    process.fail().await;
    assert_eq!(process.state(), State::Open, "it does not wait for anybody");
    let longer = async || process.fleet.age().filter(|age| *age > Duration::from_secs(3));
    until("it has asked in vain a few times more", longer).await;
    assert_eq!(told.count(""), 1, "{:#?}", told.lines);
    server.thaw();
    is_together(&process).await;
    told.until("together", 1).await;
    let start = "WARN message=breakers decide alone fleet=\"breakers\" error=";
    assert!(told.lines[0].starts_with(start), "{:#?}", told.lines);
    let end = "INFO message=breakers decide together again fleet=\"breakers\"";
    assert_eq!(told.lines[1..], [end]);
}

/// A service that begins without Redis begins alone.
#[tokio::test]
async fn it_may_be_away_from_the_start() {
    let process = Process::over(builder("redis://127.0.0.1:1").build().unwrap());
    process.fail().await;
    assert_eq!(process.state(), State::Open);
    is_alone(&process).await;
}

#[tokio::test]
async fn it_counts_what_it_knows() {
    let server = Server::start().await;
    let page = Page::default();
    let metrics = Metrics::new(page.clone());
    let fleet_of_one =
        Fleet::over(connected(server.url()).await).metrics(&metrics).build().unwrap();
    let all: [_; 2] = fleet(&server.url()).await;
    let breaker = buttress_circuit_breaker::CircuitBreaker::after(1).named("payments");
    let breaker = breaker.build().unwrap().breaker().clone();
    let _joined = fleet_of_one.join(&breaker).unwrap();
    all[0].fail().await;
    let is = async |name: &str, value: f64| {
        let is = async || (page.of(name) == Some(value)).then_some(());
        until(name, is).await;
    };
    is("buttress_breaker_fleet_members breakers payments", 3.0).await;
    is("buttress_breaker_fleet_votes breakers payments", 1.0).await;
    server.kill();
    let failed =
        async || page.of("buttress_breaker_fleet_failures_total breakers").filter(|n| *n > 0.0);
    until("failures are counted", failed).await;
    assert_eq!(CATALOGUE.len(), 3);
    assert_eq!(states(&all)[1], State::Closed);
}
