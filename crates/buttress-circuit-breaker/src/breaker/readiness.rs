use buttress_core::Problem;

use super::Breaker;
use crate::machine::Refused;

/// For a service that stands for several parts at once, the breaker among them, and has to be as ready as a
/// [`CircuitBreaker`](crate::CircuitBreaker) is. No part of the public interface.
#[doc(hidden)]
impl Breaker {
    /// Why the next call is refused, whatever has become of the breaker by then; nothing if the service inside is to be asked.
    #[inline]
    #[must_use]
    pub fn will_refuse(&self) -> Option<Refused> {
        if self.is_closed() { None } else { self.refuses() }
    }

    /// What that call is told.
    #[cold]
    pub fn refuse(&self, refused: &Refused) -> Problem {
        self.has_refused();
        self.problem(refused)
    }
}
