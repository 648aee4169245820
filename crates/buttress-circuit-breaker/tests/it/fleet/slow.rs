//! A store that takes its time.

use std::time::Duration;

use buttress_circuit_breaker::fleet::{
    Asked, Fleet, MemoryVotes, MemoryWatch, Order, Tally, Votes,
};
use buttress_circuit_breaker::{Breaker, CircuitBreaker, Force, State, Trip};
use buttress_core::Key;
use buttress_core::clock::{Clock, Timer, TokioClock, TokioTimer, ms, secs};

type Error = <MemoryVotes as Votes>::Error;

/// Takes a tenth of a second for a vote, and has lost it by the next look: so all are cast again each time.
#[derive(Clone, Debug)]
struct Forgetful(MemoryVotes);

impl Votes for Forgetful {
    type Error = Error;
    type Watch = MemoryWatch;

    async fn vote(&self, _: &str, _: Key, _: Duration) -> Result<(), Error> {
        TokioTimer.sleep(ms(100)).await;
        Ok(())
    }

    async fn withdraw(&self, breaker: &str, member: Key) -> Result<(), Error> {
        self.0.withdraw(breaker, member).await
    }

    async fn leave(&self, breaker: &str, member: Key) -> Result<(), Error> {
        self.0.leave(breaker, member).await
    }

    async fn read(&self, member: Key, asked: &[Asked<'_>]) -> Result<Vec<Tally>, Error> {
        self.0.read(member, asked).await
    }

    async fn force(&self, breaker: &str, force: Force) -> Result<Order, Error> {
        self.0.force(breaker, force).await
    }

    fn watch<Q, F>(&self, every: Duration, question: Q) -> Result<MemoryWatch, Error>
    where
        Q: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.0.watch(every, question)
    }
}

fn breaker(number: usize) -> Breaker {
    let builder = CircuitBreaker::after(1).open_for(secs(600)..=secs(600));
    builder.named(format!("number {number}")).build().unwrap().breaker().clone()
}

#[tokio::test(start_paused = true)]
async fn an_order_does_not_wait_for_one_vote_after_the_other() {
    let clock = TokioClock::new();
    let fleet = Fleet::with(Forgetful(MemoryVotes::new())).clock(clock).build().unwrap();
    let breakers: Vec<_> = (0..20).map(breaker).collect();
    let joined: Vec<_> = breakers.iter().map(|breaker| fleet.join(breaker).unwrap()).collect();
    assert!(breakers.iter().all(|breaker| breaker.trip(Trip::switch())));
    for wait in [secs(2), ms(130), ms(170), ms(190)] {
        TokioTimer.sleep(wait).await;
        for force in [Force::Closed, Force::Release] {
            let (before, to) = (clock.now(), force == Force::Closed);
            fleet.force("number 0", force).await.unwrap();
            while (breakers[0].state() == State::ForcedClosed) != to {
                TokioTimer.sleep(ms(10)).await;
            }
            assert!(clock.now() - before <= ms(500), "{:?}", clock.now() - before);
        }
    }
    drop(joined);
}
