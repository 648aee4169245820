use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use crate::bell::Ear;
use crate::{HealthChecks, Status};

/// Hears when something about the health has changed. Made by [`HealthChecks::subscribe`].
///
/// Changes that come faster than they are asked for are one. The task that looks after the whole
/// tells of them, so they come while the checks [run](HealthChecks::tasks); draining is told at once.
///
/// ```
/// use buttress_health::{HealthChecks, Status};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let health = HealthChecks::default();
/// let mut changes = health.subscribe();
/// health.drain();
/// assert_eq!(changes.changed().await, Status::Draining);
/// # }
/// ```
pub struct Changes {
    health: HealthChecks,
    ear: Ear,
}

impl Changes {
    pub(crate) fn new(health: HealthChecks) -> Self {
        let mut changes = Self { ear: health.inner().changed.listen(), health };
        // It may have handed over meanwhile.
        changes.follow();
        changes
    }

    /// Waits for the next change, and says how the service is then. Dropping it loses nothing.
    pub async fn changed(&mut self) -> Status {
        poll_fn(|cx| self.poll_changed(cx)).await
    }

    /// As [`changed`](Self::changed), by hand.
    pub fn poll_changed(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        ready!(self.ear.poll_rung(cx));
        self.follow();
        Poll::Ready(self.health.status())
    }

    /// Listens to who answers now: whoever hands over rings afterwards.
    fn follow(&mut self) {
        let changed = &self.health.inner().changed;
        if !self.ear.is_at(changed) {
            self.ear = changed.listen();
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use buttress_testkit::models::{block_on, explore, join, thread};

    use super::*;

    #[test]
    fn who_listens_hears_of_the_drain() {
        explore(|| {
            let health = HealthChecks::default();
            let mut changes = health.subscribe();
            let draining = [(); 2].map(|()| {
                let health = health.clone();
                thread::spawn(move || health.drain())
            });
            assert_eq!(block_on(changes.changed()), Status::Draining);
            join(draining);
        });
    }
}
