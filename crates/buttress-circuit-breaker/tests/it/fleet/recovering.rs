//! A breaker recovers while it asks how the fleet stands: the answer is about before.

use std::fmt;
use std::time::Duration;

use buttress_circuit_breaker::fleet::{
    Asked, Fleet, MemoryVotes, MemoryWatch, Order, Tally, Votes,
};
use buttress_circuit_breaker::{Breaker, CircuitBreaker, Force, State, Transition, Trip};
use buttress_core::clock::ManualClock;
use buttress_core::{BuildError, Key};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::member;

/// A store from which the answer takes long enough for the breaker to recover.
#[derive(Clone)]
struct Slow {
    votes: MemoryVotes,
    breaker: Breaker,
    read: UnboundedSender<()>,
}

impl fmt::Debug for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slow")
    }
}

impl Votes for Slow {
    type Error = BuildError;
    type Watch = MemoryWatch;

    async fn vote(&self, breaker: &str, member: Key, lasts: Duration) -> Result<(), BuildError> {
        self.votes.vote(breaker, member, lasts).await
    }

    async fn withdraw(&self, breaker: &str, member: Key) -> Result<(), BuildError> {
        self.votes.withdraw(breaker, member).await
    }

    async fn leave(&self, breaker: &str, member: Key) -> Result<(), BuildError> {
        self.votes.leave(breaker, member).await
    }

    async fn read(&self, member: Key, asked: &[Asked<'_>]) -> Result<Vec<Tally>, BuildError> {
        let tallies = self.votes.read(member, asked).await;
        if self.breaker.state() == State::Open {
            self.breaker.reset();
        }
        let _ = self.read.send(());
        tallies
    }

    async fn force(&self, breaker: &str, force: Force) -> Result<Order, BuildError> {
        self.votes.force(breaker, force).await
    }

    fn watch<Q, F>(&self, every: Duration, question: Q) -> Result<MemoryWatch, BuildError>
    where
        Q: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), BuildError>> + Send + 'static,
    {
        self.votes.watch(every, question)
    }
}

fn slow(breaker: &Breaker, clock: &ManualClock) -> (Slow, UnboundedReceiver<()>) {
    let (read, reads) = unbounded_channel();
    let votes = MemoryVotes::with_clock(clock.clone());
    (Slow { votes, breaker: breaker.clone(), read }, reads)
}

#[tokio::test(start_paused = true)]
async fn votes_of_before_do_not_open_it_again() {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::after(1).named("payments").clock(clock.clone()).build().unwrap();
    let breaker = breaker.breaker().clone();
    let (votes, mut reads) = slow(&breaker, &clock);
    for other in [member(), member()] {
        votes.vote("payments", other, Duration::from_secs(60)).await.unwrap();
    }
    breaker.trip(Trip::switch());

    let fleet = Fleet::with(votes).clock(clock).build().unwrap();
    let joined = fleet.join(&breaker).unwrap();
    // Once it is asked again, all is done that follows from the first answer.
    for _ in 0..3 {
        reads.recv().await.unwrap();
    }
    let steps: Vec<_> = breaker.history().iter().map(Transition::to).collect();
    assert_eq!(steps, [State::Open, State::Closed], "and nobody opened it again");
    drop(joined);
}
