use std::task::{Context, Poll, ready};

use crate::Transition;
use crate::broadcast::{Broadcast, Heard, Listener, Sleepers};

/// The steps of a breaker, as they are made. Made by [`Breaker::events`](crate::Breaker::events).
///
/// The breaker waits for nobody who listens. What there is no room for gives way, the oldest first, and how much that
/// was is told as a number, before what came after it. No step is told twice. Two that threads make at the same time
/// may be told the other way round: their [numbers](Transition::generation) say which was first.
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreaker, Event, Force, State};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let breaker = CircuitBreaker::after(5).build()?.breaker().clone();
/// let mut events = breaker.events(1);
/// for force in [Force::Open, Force::Closed, Force::Release] {
///     breaker.force(force);
/// }
/// assert_eq!(events.next().await, Some(Event::Missed(2)));
/// let Some(Event::Moved(step)) = events.next().await else { unreachable!() };
/// assert_eq!((step.from(), step.to()), (State::ForcedClosed, State::Closed));
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// To stop waiting loses nothing.
#[derive(Debug)]
#[must_use = "dropping it ends the listening"]
pub struct Events(Listener<Transition>);

/// What [`Events`] bring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// It moved; or, where it only counts, it [would have](crate::Why::WouldTrip).
    Moved(Transition),
    /// So many steps came faster than they were asked for.
    Missed(u64),
}

impl Events {
    /// What comes next, once there is something; nothing once the breaker is gone.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), for a future that is written by hand.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        Poll::Ready(ready!(self.0.poll_next(cx)).map(Event::from))
    }

    /// What has come already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.try_next().map(Event::from)
    }
}

impl From<Heard<Transition>> for Event {
    fn from(heard: Heard<Transition>) -> Self {
        match heard {
            Heard::News(step) => Self::Moved(step),
            Heard::Missed(missed) => Self::Missed(missed),
        }
    }
}

/// Where a breaker tells its steps.
#[derive(Debug, Default)]
pub(crate) struct Herald(Broadcast<Transition>);

impl Herald {
    pub(crate) fn listen(&self, room: usize) -> Events {
        Events(self.0.listen(room))
    }

    /// Tells it; see [`Broadcast::tell`].
    pub(crate) fn tell(&self, step: &Transition) -> Sleepers {
        self.0.tell(step)
    }
}
