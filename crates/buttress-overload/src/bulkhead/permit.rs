use std::borrow::Cow;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_core::clock::{Clock, Moment};
use buttress_core::outcome::{Judgement, Ticket};
use buttress_core::sync::Shared;
use buttress_core::{Code, Problem};

use super::gate::{Gate, Joined};
use super::meters::Meters;
use crate::Priority;
use crate::queue::Number;

/// What all handles and services of a bulkhead share.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: Cow<'static, str>,
    pub(super) gate: Gate,
    /// How long one waits at most.
    pub(super) at_most: Duration,
    pub(super) clock: Box<dyn Clock>,
    pub(super) meters: Meters,
}

/// One of the permits of a [`Bulkhead`](super::Bulkhead): to drop it gives it back.
///
/// ```
/// use buttress_overload::bulkhead::Bulkhead;
///
/// let bulkhead = Bulkhead::of(1).build()?;
/// let permit = bulkhead.try_enter()?;
/// assert_eq!(bulkhead.try_enter().unwrap_err().code().name(), "SATURATED");
///
/// drop(permit);
/// assert!(bulkhead.try_enter().is_ok());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropped, it is given back"]
pub struct Permit {
    room: Shared<Room>,
}

impl Permit {
    /// Takes one in passing.
    #[inline]
    pub(super) fn take(room: &Shared<Room>) -> Option<Self> {
        room.gate.take().then(|| Self { room: room.clone() })
    }

    /// Takes one that was not to be had in passing, unless somebody waits for it.
    pub(super) fn take_now(room: &Shared<Room>) -> Option<Self> {
        room.gate.take_now().then(|| Self { room: room.clone() })
    }
}

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        self.room.gate.give();
    }
}

/// It goes with the body of a response, whose end gives it back, whatever that is.
impl Ticket for Permit {
    fn settle(self, _: Judgement) {}
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// What becomes of a call that found no permit in passing.
pub(super) enum Turn {
    Now(Permit),
    Later(Place),
    Never(Problem),
}

impl Turn {
    #[cold]
    pub(super) fn ask(room: &Shared<Room>, priority: Priority) -> Self {
        let since = room.clock.now();
        match room.gate.join(priority, since) {
            Joined::Taken => Self::Now(Permit { room: room.clone() }),
            Joined::Waits(number) => {
                let place = Place { room: room.clone(), since, number: Some(number) };
                room.meters.waiting.add(1.0);
                Self::Later(place)
            }
            Joined::Full => {
                room.meters.full.increment(1);
                Self::Never(Problem::new(Code::SATURATED))
            }
        }
    }
}

/// A place in the queue: to drop it leaves the queue.
pub(super) struct Place {
    room: Shared<Room>,
    since: Moment,
    number: Option<Number>,
}

impl Place {
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<Permit> {
        match self.number {
            Some(number) if self.room.gate.poll(number, cx).is_ready() => {}
            _ => return Poll::Pending,
        }
        // First, so that it is given back if a clock or a recorder panics.
        let permit = Permit { room: self.room.clone() };
        self.number = None;
        self.room.meters.waiting.add(-1.0);
        self.room.meters.waited(self.room.clock.now() - self.since);
        Poll::Ready(permit)
    }

    /// Has waited too long.
    pub(super) fn expire(mut self) -> Problem {
        if self.leave() {
            self.room.meters.expired.increment(1);
        }
        Problem::new(Code::SATURATED)
    }

    fn leave(&mut self) -> bool {
        let Some(number) = self.number.take() else { return false };
        self.room.gate.leave(number);
        self.room.meters.waiting.add(-1.0);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.leave() {
            self.room.meters.left.increment(1);
        }
    }
}
