use std::time::Duration;

use buttress_circuit_breaker::fleet::{Fleet, Joined, RedisVotes};
use buttress_circuit_breaker::{Breaker, CircuitBreaker, Reason, State, Trip};
use buttress_core::clock::{Clock, SystemClock};
use buttress_core::{Code, Problem};
use buttress_redis::Redis;
use buttress_testkit::until::until;

/// One process of a fleet, with a handle to Redis of its own.
pub struct Process {
    pub fleet: Fleet<RedisVotes>,
    pub breaker: Breaker,
    _joined: Joined,
}

/// For so long a breaker is open first.
pub const OPEN: Duration = Duration::from_secs(2);

impl Process {
    pub fn over(redis: Redis) -> Self {
        let fleet = Fleet::over(redis).build().unwrap();
        let breaker =
            CircuitBreaker::after(1).named("payments").open_for(OPEN..=OPEN * 8).jitter(0);
        let breaker = breaker.build().unwrap().breaker().clone();
        let joined = fleet.join(&breaker).unwrap();
        Self { fleet, breaker, _joined: joined }
    }

    /// Waits until each has heard of the fleet.
    pub async fn have_heard(all: &[Self]) {
        for process in all {
            let began = SystemClock.now();
            let heard = async || {
                let age = process.fleet.age()?;
                (age < SystemClock.now() - began).then_some(())
            };
            until("it has heard of the fleet", heard).await;
        }
    }

    /// A call that fails.
    pub async fn fail(&self) {
        let failed =
            self.breaker.call(|| async { Err::<(), _>(Problem::new(Code::INTERNAL)) }).await;
        assert!(failed.is_err());
    }

    /// A call that succeeds, once one is let through.
    pub async fn succeed(&self) {
        let call = async || self.breaker.call(|| async { Ok::<_, Problem>(()) }).await.ok();
        until("a call is let through", call).await;
    }

    pub fn state(&self) -> State {
        self.breaker.state()
    }

    /// What tripped it last.
    pub fn reason(&self) -> Option<Reason> {
        let history = self.breaker.history();
        history.iter().rev().find_map(|step| step.why().trip()).map(Trip::reason)
    }

    pub async fn becomes(&self, state: State) {
        let is = async || (self.state() == state).then_some(());
        until(format_args!("it is {state}"), is).await;
    }
}

pub fn states(processes: &[Process]) -> Vec<State> {
    processes.iter().map(Process::state).collect()
}
