use std::borrow::Cow;
use std::time::Duration;

use buttress_core::clock::Clock;
use buttress_core::{Code, Problem};

use super::line::{Line, Step};
use super::meters::{Meters, Why};
use crate::Priority;
use crate::adaptive::Learner;
use crate::parts::Lock;
use crate::queue::Number;
use crate::slots::Slots;
use crate::waking::wake;

/// What all clones of a [`Shed`](super::Shed) share.
pub(super) struct Inner {
    pub(super) name: Cow<'static, str>,
    pub(super) slots: Slots,
    pub(super) line: Lock<Line>,
    /// Finds the limit, unless that is given.
    pub(super) learner: Option<Learner>,
    pub(super) at_most: Duration,
    pub(super) clock: Box<dyn Clock>,
    pub(super) meters: Meters,
}

/// What becomes of who has found no slot in passing.
pub(super) enum Joined {
    /// There was one after all.
    Taken,
    Waits(Number),
    Full,
}

impl Inner {
    pub(super) fn join(&self, priority: Priority) -> Joined {
        let now = self.clock.now();
        let mut line = self.line.lock();
        // From here on whoever gives comes to look; what was given before is seen now.
        self.slots.call();
        let joined = if !line.is_before(priority) && self.slots.take_called(priority) {
            Joined::Taken
        } else {
            line.queue().join(priority, now).map_or(Joined::Full, Joined::Waits)
        };
        self.rest(&line);
        joined
    }

    #[cold]
    pub(super) fn refuse(&self, priority: Priority, why: Why) -> Problem {
        self.meters.refused(priority, why);
        overloaded()
    }

    /// Whether who came now would be refused, for want of a slot and of a place to wait at.
    pub(super) fn is_full(&self, priority: Priority) -> bool {
        !self.slots.has_room(priority) && self.line.lock().queue().is_full(priority)
    }

    pub(super) fn resize(&self, limit: u32) {
        self.slots.resize(limit);
        self.meters.limit(limit);
        self.hand_on();
    }

    #[inline]
    pub(super) fn give(&self) {
        if self.slots.give() {
            self.hand_on();
        }
    }

    /// Hands free slots to those that wait for them, and sends away who has waited too long.
    #[cold]
    pub(super) fn hand_on(&self) {
        let now = self.clock.now();
        loop {
            let step = {
                let mut line = self.line.lock();
                let step = line.step(&self.slots, now);
                self.rest(&line);
                step
            };
            // Outside of the lock: who is woken may come here at once.
            let waker = match step {
                None => return,
                Some(Step::Called(waker, waited)) => {
                    self.meters.waited(waited);
                    waker
                }
                Some(Step::SentAway(waker, priority)) => {
                    self.meters.refused(priority, Why::Stands);
                    waker
                }
            };
            if let Some(waker) = waker {
                wake(waker);
            }
        }
    }

    /// Lets others take in passing again, once nobody waits.
    pub(super) fn rest(&self, line: &Line) {
        if line.is_empty() {
            self.slots.dismiss();
        }
    }
}

/// Nobody knows when there is a place again, but calls end all the time.
pub(super) fn overloaded() -> Problem {
    Problem::new(Code::OVERLOADED).with_retry_after(Duration::from_secs(1))
}
