//! Where the processes of a fleet tell each other what they found.

mod memory;
#[cfg(feature = "redis")]
mod redis;
mod tally;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use buttress_core::Key;

pub use self::memory::{MemoryVotes, MemoryWatch};
#[cfg(feature = "redis")]
pub use self::redis::{RedisVotes, read_tallies};
pub use self::tally::{Asked, Order, Tally};
use crate::Force;

/// Keeps the votes of a fleet, and what operators ordered.
///
/// The words of the domain, each a whole atomic operation. Nobody on the path of a request waits for one. With the
/// feature `conformance` there is a suite for stores of your own.
///
/// A member is a process, by a random key of its own; a breaker has the same name in all of them. Clones are the same
/// store.
///
/// ```
/// use buttress_circuit_breaker::fleet::{Asked, MemoryVotes, Votes};
/// use buttress_core::Key;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let votes = MemoryVotes::new();
/// let (one, other) = (Key::from_bytes([1; 16]), Key::from_bytes([2; 16]));
/// votes.vote("payments", one, Duration::from_secs(8)).await?;
///
/// let tallies = votes.read(other, &[Asked::about("payments")]).await?;
/// assert_eq!((tallies[0].votes(), tallies[0].has_voted()), (1, false));
/// # Ok(())
/// # }
/// ```
pub trait Votes: Clone + fmt::Debug + Send + Sync + 'static {
    /// Why it could not be asked.
    type Error: Error + Send + Sync + 'static;

    /// What asks now and then; dropping it ends that.
    type Watch: Send + Sync + 'static;

    /// Says that `member` found the breaker's dependency down. That counts for so long, and from now on if it had been
    /// said before.
    fn vote(
        &self,
        breaker: &str,
        member: Key,
        lasts: Duration,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes that back.
    fn withdraw(
        &self,
        breaker: &str,
        member: Key,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes that back as well, and is there no longer.
    fn leave(
        &self,
        breaker: &str,
        member: Key,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Says how each of these breakers stands, in their order, and that `member` is there, for the next five seconds.
    ///
    /// An order that the member knows of and the store does not, or only an older one, is known to it from then on.
    fn read(
        &self,
        member: Key,
        asked: &[Asked<'_>],
    ) -> impl Future<Output = Result<Vec<Tally>, Self::Error>> + Send;

    /// Orders all processes to do so with this breaker. The order has a higher version than all before it.
    fn force(
        &self,
        breaker: &str,
        force: Force,
    ) -> impl Future<Output = Result<Order, Self::Error>> + Send;

    /// Asks `question` as soon as a vote or an order is told, and at least once in `every`. By one at a time; a
    /// question that fails is asked again.
    ///
    /// # Errors
    ///
    /// Fails where nothing can be asked, as there is no runtime.
    fn watch<Q, F>(&self, every: Duration, question: Q) -> Result<Self::Watch, Self::Error>
    where
        Q: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), Self::Error>> + Send + 'static;
}

/// For how long a member is there after it was heard of.
pub(super) const SILENCE: Duration = Duration::from_secs(5);
