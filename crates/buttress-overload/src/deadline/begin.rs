use std::time::Duration;

use buttress_core::outcome::Wants;
use buttress_core::{Code, Deadline, Problem};

use super::rules::TooLate;
use super::{DeadlineLayer, Mode};

/// For a service that stands for several parts at once, and has to hold calls to their deadlines as a
/// [`DeadlineService`](super::DeadlineService) does. No part of the public interface.
#[doc(hidden)]
impl<T, M> DeadlineLayer<T, M> {
    /// A call begins, of which this is known: by when it has to be done, which the next hop is told.
    ///
    /// # Errors
    ///
    /// Fails if that was before.
    #[inline]
    pub fn begin<Req>(&self, request: &mut Req, wants: Wants) -> Result<Option<Deadline>, Problem>
    where
        M: Mode<Req>,
    {
        let tells = self.rules.told.concerns(wants);
        self.rules.begin::<M, _>(request, tells).map_err(|TooLate| Problem::new(Code::TIMED_OUT))
    }

    /// How much it has left.
    #[must_use]
    pub fn remaining(&self, deadline: Deadline) -> Duration {
        deadline.remaining(self.rules.clock.get().now())
    }

    /// It is over meanwhile.
    #[cold]
    pub fn expire(&self) -> Problem {
        self.rules.meanwhile.increment(1);
        Problem::new(Code::TIMED_OUT)
    }
}
