use std::sync::Arc;

use buttress_core::{BuildError, Faults};

use crate::HealthChecks;
use crate::inner::Inner;
use crate::parts::atomic::Ordering;

impl HealthChecks {
    /// Has `later` answer in its place from now on, wherever it or a clone of it stands: in stages, routers, services,
    /// gRPC and the server. It is for what was [starting](Self::starting).
    ///
    /// Draining belongs to both: whichever was told of it, before or after, the other is draining too. Subscribers and
    /// gRPC streams hear of `later` as of any change. Its checks run where you [spawn](Self::tasks) them.
    ///
    /// ```
    /// use buttress_core::Health;
    /// use buttress_health::{Check, HealthChecks, Status};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let early = HealthChecks::starting();
    /// let mut changes = early.subscribe();
    ///
    /// let search = Check::of("search", || async { Health::up() }).degrading();
    /// let health = HealthChecks::builder().check(search).build()?;
    /// early.hand_over_to(&health)?;
    /// assert_eq!(changes.changed().await, Status::Ok);
    /// assert_eq!(early.report().checks().len(), 1);
    ///
    /// let other = HealthChecks::default();
    /// assert!(early.hand_over_to(&other).is_err(), "it has done so already");
    /// assert!(other.hand_over_to(&health).is_err(), "it was never starting");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if this was never starting, if it has handed over to another one, and if `later` is starting itself.
    pub fn hand_over_to(&self, later: &Self) -> Result<(), BuildError> {
        let later = later.current();
        let mut faults = Faults::new();
        if !self.0.board.is_held() {
            faults.add("hand_over", "only what `HealthChecks::starting()` has made can hand over");
        } else if later.0.board.is_held() {
            faults.add("hand_over", "what takes over must not be starting itself");
        } else if !Arc::ptr_eq(&self.0.heir.get_or_init(|| later.clone()).0, &later.0) {
            faults.add("hand_over", "it has handed over to another one already");
        } else {
            self.0.tell_heir(later);
        }
        faults.finish(())
    }

    /// Who answers: this, or what it handed over to.
    #[inline]
    pub(crate) fn current(&self) -> &Self {
        self.0.heir.get().unwrap_or(self)
    }

    #[inline]
    pub(crate) fn inner(&self) -> &Inner {
        &self.current().0
    }
}

impl Inner {
    /// Passes on what came here, and sends on who listens here.
    fn tell_heir(&self, heir: &HealthChecks) {
        if self.board.was_draining() {
            heir.drain();
        }
        if self.speaks_grpc.fetch_or(false, Ordering::AcqRel) {
            heir.0.speaks_grpc.store(true, Ordering::Relaxed);
        }
        self.stirred.ring();
        self.changed.ring();
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use buttress_testkit::models::{block_on, explore, thread};

    use super::*;
    use crate::Status;

    fn later() -> HealthChecks {
        HealthChecks::builder().build().unwrap()
    }

    #[test]
    fn draining_is_not_lost_between_two() {
        explore(|| {
            let (early, later) = (HealthChecks::starting(), later());
            let draining = thread::spawn({
                let early = early.clone();
                move || early.drain()
            });
            early.hand_over_to(&later).unwrap();
            draining.join().unwrap();
            assert_eq!((early.status(), later.status()), (Status::Draining, Status::Draining));
        });
    }

    #[test]
    fn who_listens_hears_of_the_heir_and_then_of_its_drain() {
        explore(|| {
            let early = HealthChecks::starting();
            let handing = thread::spawn({
                let early = early.clone();
                move || {
                    let later = later();
                    early.hand_over_to(&later).unwrap();
                    later.drain();
                }
            });
            let mut changes = early.subscribe();
            while early.status() != Status::Draining {
                block_on(changes.changed());
            }
            handing.join().unwrap();
        });
    }
}
