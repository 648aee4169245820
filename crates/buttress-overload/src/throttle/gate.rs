use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use buttress_core::clock::Clock;
use buttress_core::outcome::{BodyKind, Judgement, Ticket, by_result};
use buttress_core::sync::Shared;
use buttress_core::{Code, Dice, Problem};

use super::ThrottleBuilder;
use super::account::Account;
use super::meters::Meters;
use crate::Priority;
use crate::door::{self, Admission, DoorLayer, Guard, NeverWaits};
use crate::if_dropped::IfDropped;
use crate::load::Load;

/// Holds calls back that would most likely be turned away. The [module](super) has an example; clones are the same
/// throttle.
#[derive(Clone)]
pub struct Throttle(Shared<Inner>);

pub(super) struct Inner {
    pub(super) name: Cow<'static, str>,
    pub(super) account: Account,
    pub(super) clock: Box<dyn Clock>,
    pub(super) dice: Dice,
    pub(super) meters: Meters,
}

impl Throttle {
    /// Begins to build one.
    pub fn builder() -> ThrottleBuilder {
        ThrottleBuilder::new()
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Shared::new(inner))
    }

    /// A layer for HTTP; for other services see [`DoorLayer`].
    pub fn layer(&self) -> DoorLayer<Self> {
        DoorLayer::new(self.clone())
    }

    /// Asks whether to make a call. Tell the pass how it ended.
    ///
    /// # Errors
    ///
    /// Fails with [`THROTTLED_LOCALLY`](Code::THROTTLED_LOCALLY) if the call would most likely be turned away.
    #[inline]
    pub fn enter(&self, priority: Priority) -> Result<Pass, Problem> {
        let odds = self.0.account.odds(priority, &*self.0.clock);
        if odds > 0.0 && self.0.dice.share() < odds {
            return Err(self.0.refuse(priority));
        }
        Ok(Pass { inner: self.0.clone(), if_dropped: IfDropped::Left })
    }

    /// Makes a call, unless it would most likely be turned away. A success is accepted, and so is one that ends with an
    /// error, as it was answered; if yours say that there is too much to do, judge them: see
    /// [`run_judged`](Self::run_judged).
    ///
    /// # Errors
    ///
    /// Fails with the error of the call, or with the [`Problem`] that it was not made.
    pub async fn run<F, Fut, T, E>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Problem> + 'static,
    {
        door::call(self, Priority::default(), by_result, work).await
    }

    /// Makes a call of this priority, and judges how it ended.
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

    /// How likely a call of this priority is refused: from 0 to 0.95.
    #[must_use]
    pub fn odds(&self, priority: Priority) -> f64 {
        self.0.account.odds(priority, &*self.0.clock)
    }

    /// Keeps it as long as the program runs, so that no reference to it is counted: see [`Shared::leak`].
    #[must_use]
    pub fn leak(self) -> Self {
        Self(self.0.leak())
    }
}

impl door::sealed::Sealed for Throttle {}

impl Guard for Throttle {
    type Ticket = Pass;
    type Wait = NeverWaits<Pass>;

    #[inline]
    fn admit(&self, priority: Priority) -> Admission<Pass, Self::Wait> {
        self.enter(priority).map_or_else(Admission::Out, Admission::In)
    }
}

impl Inner {
    #[cold]
    fn refuse(&self, priority: Priority) -> Problem {
        // What is refused here counts as much as what is refused there: without it, what is let through would swing.
        self.account.note(false, &*self.clock);
        self.meters.refused(priority);
        Problem::new(Code::THROTTLED_LOCALLY).with_retry_after(Duration::from_secs(1))
    }
}

/// Leave of a [`Throttle`] to make a call.
///
/// ```
/// use buttress_core::outcome::Outcome;
/// use buttress_overload::Priority;
/// use buttress_overload::throttle::Throttle;
///
/// let throttle = Throttle::builder().build()?;
/// for _ in 0..9 {
///     throttle.enter(Priority::Normal)?.settle(Outcome::Throttled);
/// }
/// assert!(throttle.odds(Priority::Normal) <= 0.0, "nine say nothing yet");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancellation
///
/// Dropped, the call does not count; with a head that is good, and that is not of gRPC, it was accepted.
#[must_use = "the throttle learns nothing unless it is told how the call ended"]
pub struct Pass {
    inner: Shared<Inner>,
    if_dropped: IfDropped,
}

impl Pass {
    /// Says how the call ended.
    #[inline]
    pub fn settle(mut self, judgement: impl Into<Judgement>) {
        self.if_dropped = IfDropped::Settled;
        let accepted = match Load::of(judgement.into()) {
            Load::Served | Load::Answered => true,
            Load::TurnedAway => false,
            Load::Unknown => return,
        };
        self.inner.account.note(accepted, &*self.inner.clock);
    }
}

impl Ticket for Pass {
    #[inline]
    fn settle(self, judgement: Judgement) {
        Self::settle(self, judgement);
    }

    fn headed_by(&mut self, kind: BodyKind) {
        self.if_dropped = IfDropped::before(kind);
    }
}

impl Drop for Pass {
    #[inline]
    fn drop(&mut self) {
        if self.if_dropped == IfDropped::Answered {
            self.inner.account.note(true, &*self.inner.clock);
        }
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let odds = Priority::ALL.map(|priority| self.odds(priority));
        f.debug_struct("Throttle").field("odds", &odds).finish_non_exhaustive()
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").finish_non_exhaustive()
    }
}
