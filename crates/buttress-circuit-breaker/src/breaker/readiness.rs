use std::fmt;
use std::task::Context;

use buttress_core::Problem;

use super::Breaker;
use crate::machine::Refused;
use crate::waiting::Place;

/// For a service that stands for several parts at once, the breaker among them, and has to be as ready as a
/// [`CircuitBreaker`](crate::CircuitBreaker) is. No part of the public interface.
#[doc(hidden)]
impl Breaker {
    /// Why the next call is refused, whatever has become of the breaker by then; nothing if the service inside is to be
    /// asked.
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

/// The place of a service whose service inside is not ready: when the breaker opens, it is woken. No part of the public
/// interface.
///
/// It is nothing until it has to wait. Dropping it gives the place back.
#[doc(hidden)]
#[derive(Default)]
pub struct Waiter(Option<(Breaker, Place)>);

impl Waiter {
    /// Nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// The service inside is not ready. Why the next call is refused, if the breaker has opened meanwhile; if not, the
    /// task is woken when it does.
    #[cold]
    pub fn waits(&mut self, breaker: &Breaker, cx: &mut Context<'_>) -> Option<Refused> {
        let waiting = &breaker.inner().waiting;
        let (_, place) = self.0.get_or_insert_with(|| (breaker.clone(), waiting.take_place()));
        waiting.wait(place, cx.waker());
        // Between the look before and now it may have opened, and woken those who were there.
        let refused = breaker.will_refuse();
        if refused.is_some() {
            self.leave();
        }
        refused
    }

    /// Waits no more.
    #[inline]
    pub fn stop(&mut self) {
        if self.0.is_some() {
            self.leave();
        }
    }

    #[cold]
    fn leave(&mut self) {
        if let Some((breaker, place)) = self.0.take() {
            breaker.inner().waiting.leave(place);
        }
    }
}

impl Drop for Waiter {
    #[inline]
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waiter").field(&self.0.is_some()).finish()
    }
}
