use std::fmt;

use buttress_core::clock::Clock;
use buttress_core::outcome::{BodyKind, Judgement, Outcome, Ticket};
use buttress_core::sync::Shared;

use super::inner::Inner;
use crate::adaptive::{Learner, Timing};
use crate::if_dropped::IfDropped;

/// A place for one call.
///
/// ```
/// use buttress_core::outcome::Outcome;
/// use buttress_overload::Priority;
/// use buttress_overload::shed::Shed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shed = Shed::of(1).build()?;
/// let place = shed.enter(Priority::Normal).await?;
/// assert!(shed.enter(Priority::Normal).await.is_err(), "there is one alone");
/// place.settle(Outcome::Success);
/// assert!(shed.enter(Priority::Normal).await.is_ok());
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// Dropped, it is for the next one.
#[must_use = "the place is given back at once"]
pub struct Place {
    inner: Shared<Inner>,
    /// Only if somebody learns from it.
    timing: Option<Timing>,
    if_dropped: IfDropped,
}

impl Place {
    /// For somebody for whom a slot was taken.
    #[inline]
    pub(super) fn taken(inner: Shared<Inner>) -> Self {
        let begins = |learner: &Learner| learner.begins(inner.slots.taken(), inner.clock.now());
        let timing = inner.learner.as_ref().map(begins);
        Self { inner, timing, if_dropped: IfDropped::Left }
    }

    /// Says how the call ended, and gives the place back.
    pub fn settle(mut self, judgement: impl Into<Judgement>) {
        self.if_dropped = IfDropped::Settled;
        let judgement = judgement.into();
        self.learn(|learner, timing, clock| learner.ended(timing, judgement, clock));
    }

    fn learn(&self, ended: impl FnOnce(&Learner, Timing, &dyn Clock) -> Option<u32>) {
        let (Some(learner), Some(timing)) = (&self.inner.learner, self.timing) else { return };
        if let Some(limit) = ended(learner, timing, &*self.inner.clock) {
            self.inner.resize(limit);
        }
    }
}

impl Ticket for Place {
    #[inline]
    fn settle(self, judgement: Judgement) {
        Self::settle(self, judgement);
    }

    fn headed(&mut self) {
        if let Some(timing) = &mut self.timing {
            timing.headed(self.inner.clock.now());
        }
    }

    fn headed_by(&mut self, kind: BodyKind) {
        self.headed();
        self.if_dropped = IfDropped::before(kind);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // First of all: a policy that panics keeps no place.
        self.inner.give();
        match self.if_dropped {
            IfDropped::Settled => {}
            IfDropped::Answered => {
                let good = Judgement::new(Outcome::Success);
                self.learn(|learner, timing, clock| learner.ended(timing, good, clock));
            }
            IfDropped::Left => self.learn(Learner::left),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
