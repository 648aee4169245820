use std::fmt;
use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::shared::{Core, Seat};
use super::votes::Votes;
use crate::Events;

/// A breaker's place in a [`Fleet`](super::Fleet). Dropping it leaves the fleet, and takes the vote along.
///
/// The breaker stays as it is: open until its time is over, forced until somebody lets it go.
///
/// ```
/// use buttress_circuit_breaker::CircuitBreaker;
/// use buttress_circuit_breaker::fleet::{Fleet, MemoryVotes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let breaker = CircuitBreaker::after(5).named("payments").build()?.breaker().clone();
/// let fleet = Fleet::with(MemoryVotes::new()).build()?;
///
/// let joined = fleet.join(&breaker)?;
/// assert_eq!(joined.name(), "payments");
/// assert!(fleet.join(&breaker).is_err(), "it has joined");
/// drop(joined);
/// assert!(fleet.join(&breaker).is_ok());
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it leaves the fleet"]
pub struct Joined {
    name: String,
    task: AbortHandle,
    leave: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Joined {
    pub(super) fn new<V: Votes>(core: &Arc<Core<V>>, seat: Arc<Seat>, runtime: Handle) -> Self {
        let name = seat.breaker.name().to_owned();
        let events = seat.breaker.events(ROOM);
        let task = runtime.spawn(listen(Arc::downgrade(core), seat.clone(), events)).abort_handle();
        let core = core.clone();
        let leave = move || {
            core.seats.lock().retain(|other| !Arc::ptr_eq(other, &seat));
            runtime.spawn(async move { core.leave(&seat).await });
        };
        Self { name, task, leave: Some(Box::new(leave)) }
    }

    /// The name of the breaker, by which the others know it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(leave) = self.leave.take() {
            leave();
        }
    }
}

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A step is a reason to look how the breaker stands, and how many there were does not matter.
const ROOM: usize = 1;

async fn listen<V: Votes>(core: Weak<Core<V>>, seat: Arc<Seat>, mut events: Events) {
    // How the fleet stands is not known yet, and may be that it is held open.
    if let Some(core) = core.upgrade() {
        core.round().await;
    }
    while events.next().await.is_some() {
        let Some(core) = core.upgrade() else { return };
        // What could not be said now is said once the fleet is heard of again.
        let _ = core.settle(&seat, None).await;
    }
}
