use std::fmt;

use buttress_core::outcome::{BodyKind, Judgement, Outcome, Ticket};
use buttress_core::sync::Shared;

use super::inner::Inner;
use crate::if_dropped::IfDropped;

/// One call to an endpoint of an [`Outliers`](super::Outliers) set.
///
/// ```
/// use buttress_core::outcome::Outcome;
/// use buttress_overload::outlier::Outliers;
///
/// let outliers = Outliers::of(3).build()?;
/// let late = outliers.enter(1);
/// assert_eq!(late.endpoint(), 1);
/// for _ in 0..5 {
///     outliers.enter(1).settle(Outcome::Failure);
/// }
/// late.settle(Outcome::Success);
/// assert_eq!(outliers.left_out(), [1], "it began before that");
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
///
/// # Cancellation
///
/// Dropped, the call does not count; with a head that is good, and that is not of gRPC, it was a success.
#[must_use = "nothing is learnt unless it is told how the call ended"]
pub struct Seat {
    inner: Shared<Inner>,
    at: usize,
    generation: u32,
    if_dropped: IfDropped,
}

impl Seat {
    pub(super) const fn new(inner: Shared<Inner>, at: usize, generation: u32) -> Self {
        Self { inner, at, generation, if_dropped: IfDropped::Left }
    }

    /// Which endpoint is called.
    #[must_use]
    pub const fn endpoint(&self) -> usize {
        self.at
    }

    /// Says how the call ended. Only successes and failures count, and only if the endpoint was neither left out nor
    /// taken in again since the call began.
    pub fn settle(mut self, judgement: impl Into<Judgement>) {
        self.if_dropped = IfDropped::Settled;
        self.inner.settle(self.at, self.generation, judgement.into().outcome());
    }
}

impl Ticket for Seat {
    fn settle(self, judgement: Judgement) {
        Self::settle(self, judgement);
    }

    fn headed_by(&mut self, kind: BodyKind) {
        self.if_dropped = IfDropped::before(kind);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.if_dropped == IfDropped::Answered {
            self.inner.settle(self.at, self.generation, Outcome::Success);
        }
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("endpoint", &self.at).finish_non_exhaustive()
    }
}
