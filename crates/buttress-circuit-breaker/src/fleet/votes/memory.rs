use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, SystemClock};
use buttress_core::sync::Lock;
use buttress_core::{BuildError, Key};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::{Asked, Order, SILENCE, Tally, Votes};
use crate::Force;

/// Votes in the memory of this process: for tests, and for what runs as a fleet in one process. Clones are the same
/// store.
///
/// See [`Votes`] for what is asked of it.
///
/// ```
/// use buttress_circuit_breaker::CircuitBreaker;
/// use buttress_circuit_breaker::fleet::{Fleet, MemoryVotes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let votes = MemoryVotes::new();
/// assert!(votes.breakers().is_empty());
/// let breaker = CircuitBreaker::after(5).named("payments").build()?.breaker().clone();
/// let _joined = Fleet::with(votes.clone()).build()?.join(&breaker)?;
/// # while votes.breakers().is_empty() {
/// #     tokio::task::yield_now().await;
/// # }
/// // As soon as its process has asked how it stands:
/// assert!(votes.breakers().contains("payments"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryVotes {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Box<dyn Clock>,
    breakers: Lock<BTreeMap<String, Breaker>>,
    /// Counts what was told.
    told: watch::Sender<u64>,
}

/// What is known of one breaker.
#[derive(Default)]
struct Breaker {
    /// When each was heard of last.
    members: HashMap<Key, Moment>,
    votes: HashMap<Key, Vote>,
    order: Option<Order>,
}

struct Vote {
    cast: Moment,
    ends: Moment,
}

impl MemoryVotes {
    /// With the system's time.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// With this time.
    #[must_use]
    pub fn with_clock(clock: impl Clock) -> Self {
        let shared = Shared {
            clock: Box::new(clock),
            breakers: Lock::default(),
            told: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The names of the breakers that something is known of.
    #[must_use]
    pub fn breakers(&self) -> BTreeSet<String> {
        self.shared.breakers.lock().keys().cloned().collect()
    }

    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Breaker, Moment) -> T) -> T {
        let now = self.shared.clock.now();
        let mut breakers = self.shared.breakers.lock();
        let mut breaker = breakers.remove(name).unwrap_or_default();
        breaker.forget_what_is_over(now);
        let changed = change(&mut breaker, now);
        // What nobody knows anything of any more takes no memory.
        if !breaker.is_empty() {
            breakers.insert(name.to_owned(), breaker);
        }
        changed
    }

    fn tell(&self) {
        self.shared.told.send_modify(|told| *told = told.wrapping_add(1));
    }
}

impl Votes for MemoryVotes {
    type Error = BuildError;
    type Watch = MemoryWatch;

    async fn vote(&self, breaker: &str, member: Key, lasts: Duration) -> Result<(), BuildError> {
        self.change(breaker, |breaker, now| {
            breaker.votes.insert(member, Vote { cast: now, ends: now + lasts });
        });
        self.tell();
        Ok(())
    }

    async fn withdraw(&self, breaker: &str, member: Key) -> Result<(), BuildError> {
        self.change(breaker, |breaker, _| breaker.votes.remove(&member));
        Ok(())
    }

    async fn leave(&self, breaker: &str, member: Key) -> Result<(), BuildError> {
        self.change(breaker, |breaker, _| {
            breaker.votes.remove(&member);
            breaker.members.remove(&member);
        });
        Ok(())
    }

    async fn read(&self, member: Key, asked: &[Asked<'_>]) -> Result<Vec<Tally>, BuildError> {
        let one = |asked: &Asked<'_>| {
            self.change(asked.breaker(), |breaker, now| breaker.read(member, asked, now))
        };
        Ok(asked.iter().map(one).collect())
    }

    async fn force(&self, breaker: &str, force: Force) -> Result<Order, BuildError> {
        let order = self.change(breaker, |breaker, _| {
            let version = breaker.order.map_or(0, Order::version).saturating_add(1);
            *breaker.order.insert(Order::new(version, force))
        });
        self.tell();
        Ok(order)
    }

    fn watch<Q, F>(&self, every: Duration, mut question: Q) -> Result<MemoryWatch, BuildError>
    where
        Q: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), BuildError>> + Send + 'static,
    {
        let runtime = Handle::try_current()
            .map_err(|_| BuildError::of("votes", "there is no tokio runtime"))?;
        let mut told = self.shared.told.subscribe();
        let task = runtime.spawn(async move {
            loop {
                told.mark_unchanged();
                // One that failed is asked again.
                let _ = question().await;
                if let Ok(Err(_)) = timeout(every, told.changed()).await {
                    // Nobody has the store any more.
                    return;
                }
            }
        });
        Ok(MemoryWatch(task.abort_handle()))
    }
}

impl Breaker {
    fn forget_what_is_over(&mut self, now: Moment) {
        self.votes.retain(|_, vote| vote.ends > now);
        self.members.retain(|_, heard| now - *heard < SILENCE);
    }

    fn read(&mut self, member: Key, asked: &Asked<'_>, now: Moment) -> Tally {
        self.members.insert(member, now);
        let known = asked.known().filter(|known| known.is_later_than(self.order));
        self.order = known.or(self.order);
        let counts = |vote: &&Vote| asked.age().is_none_or(|age| now - vote.cast < age);
        let votes = self.votes.values().filter(counts).count();
        let tally = Tally::new(number(self.members.len()), number(votes));
        let tally = tally.voted(self.votes.contains_key(&member));
        self.order.map_or(tally, |order| tally.ordered(order))
    }

    fn is_empty(&self) -> bool {
        self.members.is_empty() && self.votes.is_empty() && self.order.is_none()
    }
}

fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

impl Default for MemoryVotes {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryVotes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryVotes").field("breakers", &self.breakers()).finish_non_exhaustive()
    }
}

/// What [`MemoryVotes`] asks by. Dropping it ends that.
#[derive(Debug)]
#[must_use = "dropping it ends the questions"]
pub struct MemoryWatch(AbortHandle);

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
