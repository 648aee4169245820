//! The suite that every store of votes passes, in memory and in Redis, and that one of your own should.
//!
//! It needs a tokio runtime, and time that passes for real.
//!
//! ```
//! use buttress_circuit_breaker::conformance;
//! use buttress_circuit_breaker::fleet::MemoryVotes;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! conformance::votes(async || MemoryVotes::new()).await;
//! # }
//! ```

mod casting;
mod telling;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::{Key, Keyer};

use crate::Force;
use crate::fleet::{Asked, Order, Tally, Votes};

/// Puts a store through every promise of [`Votes`].
///
/// `make` gives a store for each promise, empty or not: each uses breakers of its own.
///
/// # Panics
///
/// If a promise is broken, or if a store that should answer does not. The message says which.
pub async fn votes<S: Votes>(make: impl AsyncFn() -> S) {
    casting::each_member_has_one_vote(&Rig::new(&make).await).await;
    casting::breakers_are_apart(&Rig::new(&make).await).await;
    casting::a_vote_ends(&Rig::new(&make).await).await;
    casting::what_is_taken_back_is_gone(&Rig::new(&make).await).await;
    casting::only_young_votes_count(&Rig::new(&make).await).await;
    telling::who_reads_is_there_until_they_leave(&Rig::new(&make).await).await;
    telling::the_last_order_holds(&Rig::new(&make).await).await;
    telling::what_was_lost_is_known_again(&Rig::new(&make).await).await;
    telling::all_are_told(Rig::new(&make).await).await;
    casting::members_race(Rig::new(&make).await).await;
}

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(60);

/// A store, and a breaker that nobody else has.
struct Rig<S> {
    store: S,
    breaker: String,
}

impl<S: Votes> Rig<S> {
    async fn new(make: &impl AsyncFn() -> S) -> Self {
        Self { store: make().await, breaker: format!("breaker-{}", member()) }
    }

    async fn vote(&self, member: Key, lasts: Duration) {
        answered(self.store.vote(&self.breaker, member, lasts).await);
    }

    async fn read(&self, member: Key) -> Tally {
        self.ask(member, Asked::about(&self.breaker)).await
    }

    async fn ask(&self, member: Key, asked: Asked<'_>) -> Tally {
        let tallies = answered(self.store.read(member, &[asked]).await);
        assert_eq!(tallies.len(), 1, "as many tallies as breakers were asked about");
        tallies.into_iter().next().unwrap_or_default()
    }

    async fn force(&self, force: Force) -> Order {
        let order = answered(self.store.force(&self.breaker, force).await);
        assert_eq!(order.force(), force, "what was ordered is what the order says");
        order
    }
}

fn counts(tally: Tally) -> (u32, bool) {
    (tally.votes(), tally.has_voted())
}

async fn until(asked: &AtomicU64, times: u64, what: &str) {
    for _ in 0..600 {
        if asked.load(Ordering::SeqCst) >= times {
            return;
        }
        pause(Duration::from_millis(5)).await;
    }
    panic!("{what}");
}

fn answered<T, E: std::error::Error>(answer: Result<T, E>) -> T {
    answer.unwrap_or_else(|error| panic!("the store does not answer: {error}"))
}

fn member() -> Key {
    Keyer::random().writer().key()
}

async fn pause(time: Duration) {
    TokioTimer.sleep(time).await;
}
