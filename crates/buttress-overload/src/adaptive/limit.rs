use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use buttress_core::clock::Clock;
use buttress_core::outcome::{BodyKind, Judgement, Outcome, Ticket, by_result};
use buttress_core::sync::Shared;
use buttress_core::{Code, Problem};

use super::learner::{Learner, Timing};
use super::meters::Meters;
use super::{AdaptiveBuilder, LimitPolicy};
use crate::Priority;
use crate::door::{self, Admission, DoorLayer, Guard, NeverWaits};
use crate::if_dropped::IfDropped;
use crate::slots::Slots;

/// A limit of calls under way that finds itself. The [module](super) has an example; clones are the same limit.
#[derive(Clone)]
pub struct Adaptive(pub(super) Shared<Inner>);

pub(super) struct Inner {
    pub(super) name: Cow<'static, str>,
    pub(super) slots: Slots,
    pub(super) learner: Learner,
    pub(super) clock: Box<dyn Clock>,
    pub(super) meters: Meters,
}

impl Adaptive {
    /// Begins to build one whose limit is found by this policy.
    pub fn by(policy: impl LimitPolicy) -> AdaptiveBuilder {
        AdaptiveBuilder::new(Box::new(policy))
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Shared::new(inner))
    }

    /// A layer for HTTP; for other services see [`DoorLayer`].
    pub fn layer(&self) -> DoorLayer<Self> {
        DoorLayer::new(self.clone())
    }

    /// Takes a slot for a call, of which as many are free to it as its priority [has a share](Priority::share) in. Tell
    /// it how the call ended.
    ///
    /// # Errors
    ///
    /// Fails with [`OVERLOADED`](Code::OVERLOADED) if there is none.
    #[inline]
    pub fn enter(&self, priority: Priority) -> Result<Slot, Problem> {
        let Some(under_way) = self.0.slots.take(priority) else {
            return Err(self.0.refuse(priority));
        };
        let timing = self.0.learner.begins(under_way, self.0.clock.now());
        Ok(Slot { inner: self.0.clone(), timing, if_dropped: IfDropped::Left })
    }

    /// Makes a call within the limit. A success is one, and an error a failure that says nothing of load; if yours do,
    /// judge them: see [`run_judged`](Self::run_judged).
    ///
    /// # Errors
    ///
    /// Fails with the error of the call, or with the [`Problem`] that there is no slot for it.
    pub async fn run<F, Fut, T, E>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Problem> + 'static,
    {
        door::call(self, Priority::default(), by_result, work).await
    }

    /// Makes a call of this priority within the limit, and judges how it ended.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn run_judged<F, Fut, T, E, J>(
        &self,
        priority: Priority,
        judge: impl FnOnce(Result<&T, &E>) -> J,
        work: F,
    ) -> Result<T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Problem>,
        J: Into<Judgement>,
    {
        door::call(self, priority, |result| judge(result).into(), work).await
    }

    /// Its name, for metrics and health.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How many calls may be under way now.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.0.slots.limit()
    }

    /// How many are.
    #[must_use]
    pub fn under_way(&self) -> u32 {
        self.0.slots.taken()
    }

    /// Keeps it as long as the program runs, so that no reference to it is counted: see [`Shared::leak`].
    #[must_use]
    pub fn leak(self) -> Self {
        Self(self.0.leak())
    }
}

impl door::sealed::Sealed for Adaptive {}

impl Guard for Adaptive {
    type Ticket = Slot;
    type Wait = NeverWaits<Slot>;

    #[inline]
    fn admit(&self, priority: Priority) -> Admission<Slot, Self::Wait> {
        self.enter(priority).map_or_else(Admission::Out, Admission::In)
    }
}

impl Inner {
    #[cold]
    fn refuse(&self, priority: Priority) -> Problem {
        self.meters.refused(priority);
        // A slot comes back with the next call that ends: nobody knows when that is, but it is soon.
        Problem::new(Code::OVERLOADED).with_retry_after(Duration::from_secs(1))
    }

    fn follow(&self, limit: Option<u32>) {
        if let Some(limit) = limit {
            self.slots.resize(limit);
            self.meters.limit(limit);
        }
    }
}

/// A place for one call within an [`Adaptive`] limit.
///
/// ```
/// use buttress_core::outcome::Outcome;
/// use buttress_overload::Priority;
/// use buttress_overload::adaptive::{Adaptive, Gradient};
///
/// let limit = Adaptive::by(Gradient::new()).build()?;
/// let slot = limit.enter(Priority::Normal)?;
/// assert_eq!(limit.under_way(), 1);
/// slot.settle(Outcome::Success);
/// assert_eq!(limit.under_way(), 0);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancellation
///
/// Dropped, it gives the slot back, and the limit learns nothing; unless the call had already taken longer than what is
/// [slow](AdaptiveBuilder::slow). Then whoever gave it up has waited in vain, and it counts as dropped.
/// With a head that is good, and that is not of gRPC, it was a success.
#[must_use = "the slot is given back at once"]
pub struct Slot {
    inner: Shared<Inner>,
    timing: Timing,
    if_dropped: IfDropped,
}

impl Slot {
    /// Says how the call ended, and gives the slot back.
    pub fn settle(mut self, judgement: impl Into<Judgement>) {
        self.if_dropped = IfDropped::Settled;
        let Inner { learner, clock, .. } = &*self.inner;
        self.inner.follow(learner.ended(self.timing, judgement.into(), &**clock));
    }
}

impl Ticket for Slot {
    #[inline]
    fn settle(self, judgement: Judgement) {
        Self::settle(self, judgement);
    }

    fn headed(&mut self) {
        self.timing.headed(self.inner.clock.now());
    }

    fn headed_by(&mut self, kind: BodyKind) {
        self.headed();
        self.if_dropped = IfDropped::before(kind);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let _nobody_waits = self.inner.slots.give();
        let Inner { learner, clock, .. } = &*self.inner;
        let limit = match self.if_dropped {
            IfDropped::Settled => return,
            IfDropped::Answered => {
                learner.ended(self.timing, Judgement::new(Outcome::Success), &**clock)
            }
            IfDropped::Left => learner.left(self.timing, &**clock),
        };
        self.inner.follow(limit);
    }
}

impl fmt::Debug for Adaptive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adaptive")
            .field("limit", &self.limit())
            .field("under_way", &self.under_way())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("timing", &self.timing).finish_non_exhaustive()
    }
}
