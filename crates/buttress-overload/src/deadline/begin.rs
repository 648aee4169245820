use std::time::Duration;

use buttress_core::{Code, Deadline, Problem};
use http::Request;

use super::DeadlineLayer;
use super::mode::{of_http, tell_http};

/// For a service that stands for several parts at once, and has to hold calls to their deadlines as a
/// [`DeadlineService`](super::DeadlineService) does. No part of the public interface.
#[doc(hidden)]
impl<T, M> DeadlineLayer<T, M> {
    /// A call begins: by when it has to be done, which the next hop is told.
    ///
    /// # Errors
    ///
    /// Fails if that was before.
    #[inline]
    pub fn begin<B>(&self, request: &mut Request<B>) -> Result<Option<Deadline>, Problem> {
        let rules = &*self.rules;
        let clock = rules.clock.get();
        let now = clock.now();
        let said = of_http(request, clock, now, &rules.told);
        let Some(deadline) = rules.deadline(said, now) else { return Ok(None) };
        if deadline.is_over(now) {
            return Err(self.refuse());
        }
        tell_http(request, deadline, now, &rules.told);
        Ok(Some(deadline))
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

    #[cold]
    fn refuse(&self) -> Problem {
        self.rules.before.increment(1);
        Problem::new(Code::TIMED_OUT)
    }
}
