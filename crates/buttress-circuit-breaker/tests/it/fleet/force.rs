//! An operator is heard by all, within half a second.

use std::cell::Cell;
use std::time::Duration;

use buttress_circuit_breaker::fleet::Fleet;
use buttress_circuit_breaker::{Force, State};
use buttress_core::audit::{Audit, Outcome, channel};
use buttress_core::clock::{Clock, SystemClock};
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::process::states;
use super::{Process, builder, connected, fleet};

/// So long the machine may keep us from looking, for us to say how long anything else took.
const QUIET: Duration = Duration::from_millis(50);

/// Orders each thing once, and says how long it took until all had heard of it. An order is given again if nobody ran
/// for a while meanwhile, as on a machine that is busy: what was late then is not known.
async fn heard_after(
    all: &[Process],
    operator: &Fleet<impl buttress_circuit_breaker::fleet::Votes>,
) -> Vec<Duration> {
    let mut took = Vec::new();
    for force in [Force::Open, Force::Release, Force::Off, Force::MetricsOnly, Force::Closed] {
        let order = async || {
            let (time, longest) = heard(all, operator, force).await;
            if longest > QUIET {
                // So that there is something to hear of again.
                let other = if force == Force::Open { Force::Closed } else { Force::Open };
                let _ = heard(all, operator, other).await;
            }
            (longest <= QUIET).then_some(time)
        };
        took.push(until(format_args!("{force:?} was ordered in a quiet moment"), order).await);
    }
    took
}

/// How long it took until all had heard of it, and how long it was not looked at most.
async fn heard(
    all: &[Process],
    operator: &Fleet<impl buttress_circuit_breaker::fleet::Votes>,
    force: Force,
) -> (Duration, Duration) {
    let began = SystemClock.now();
    let (looked, longest) = (Cell::new(began), Cell::new(Duration::ZERO));
    operator.force("payments", force).await.unwrap();
    let heard = async || {
        let now = SystemClock.now();
        longest.set(longest.get().max(now - looked.replace(now)));
        states(all).iter().all(|state| *state == force.state()).then_some(())
    };
    until(format_args!("all have heard of {force:?}"), heard).await;
    (SystemClock.now() - began, longest.get())
}

/// By a user who may do nothing else.
#[tokio::test]
async fn all_hear_of_a_force_at_once() {
    let rules = "~test:breakers:* ~test:publish:* resetchannels &test:breakers +@all";
    let server = Server::builder().user("narrow", "x", rules).start().await;
    let all: [_; 4] = fleet(&server.url()).await;
    let operator = Fleet::over(connected(server.url()).await).build().unwrap();
    let took = heard_after(&all, &operator).await;
    assert!(took.iter().all(|took| *took < Duration::from_millis(200)), "it is told: {took:?}");
}

/// Nobody may speak or listen there, so all messages are lost.
#[tokio::test]
async fn all_hear_of_a_force_within_half_a_second_without_a_message() {
    let server = Server::builder().user("mute", "x", "~* resetchannels +@all").start().await;
    let all: [_; 4] = fleet(&server.url()).await;
    let operator = Fleet::over(connected(server.url()).await).build().unwrap();
    let took = heard_after(&all, &operator).await;
    assert!(took.iter().all(|took| *took < Duration::from_millis(500)), "{took:?}");
}

#[tokio::test]
async fn who_starts_later_hears_of_it_too() {
    let server = Server::start().await;
    let operator = Fleet::over(connected(server.url()).await).build().unwrap();
    operator.force("payments", Force::Open).await.unwrap();
    let late = Process::over(connected(server.url()).await);
    late.becomes(State::ForcedOpen).await;
    // Released, it is as any other; and who starts now is closed as its settings say.
    operator.force("payments", Force::Release).await.unwrap();
    late.becomes(State::Closed).await;
}

/// Redis has lost all; the processes have not.
#[tokio::test]
async fn an_order_survives_the_store() {
    let server = Server::start().await;
    let all: [_; 2] = fleet(&server.url()).await;
    all[0].fleet.force("payments", Force::Open).await.unwrap();
    for process in &all {
        process.becomes(State::ForcedOpen).await;
    }
    let _ = server.command(["FLUSHALL"]).await.accepted();
    let order = "test:breakers:v1:{breakers}:order:payments";
    let again = async || (server.command(["EXISTS", order]).await.integer() == 1).then_some(());
    until("the order is known again", again).await;
    let late = Process::over(connected(server.url()).await);
    late.becomes(State::ForcedOpen).await;
}

#[tokio::test]
async fn who_orders_is_told_to_the_audit() {
    let server = Server::start().await;
    let (sink, mut records) = channel(8);
    let audit = || Audit::builder().sink(sink.clone()).build().unwrap();
    let operator = Fleet::over(connected(server.url()).await).audit(audit()).build().unwrap();
    operator.force("payments", Force::Open).await.unwrap();
    let nowhere = builder("redis://127.0.0.1:1").build().unwrap();
    let lost = Fleet::over(nowhere).audit(audit()).build().unwrap();
    assert!(lost.force("payments", Force::Release).await.is_err());
    for (outcome, reason) in [(Outcome::Succeeded, "open"), (Outcome::Failed, "release")] {
        let record = records.try_recv().unwrap();
        assert_eq!(record.action().name(), "breaker.fleet_forced");
        assert_eq!((record.outcome(), record.target()), (outcome, Some("payments")));
        assert_eq!(record.reason(), Some(reason));
    }
}
