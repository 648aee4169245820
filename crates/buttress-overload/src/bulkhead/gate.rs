use std::fmt;
use std::task::{Context, Poll};

use buttress_core::clock::Moment;

use super::permits::{Permits, Take};
use crate::Priority;
use crate::parts::Lock;
use crate::queue::{Number, Queue};
use crate::waking::wake;

/// Permits, and whoever waits for one.
pub(super) struct Gate {
    permits: Permits,
    line: Lock<Line>,
}

struct Line {
    queue: Queue,
    limit: u32,
    /// Permits that are out and will not come back, since the limit was lowered.
    owed: u32,
}

/// What becomes of who has found no permit in passing.
#[derive(Debug)]
pub(super) enum Joined {
    /// There was one after all.
    Taken,
    Waits(Number),
    Full,
}

impl Gate {
    pub(super) fn new(limit: u32, room: u32) -> Self {
        let line = Line { queue: Queue::new(room), limit, owed: 0 };
        Self { permits: Permits::new(limit), line: Lock::new(line) }
    }

    /// Takes a permit in passing, if nobody waits.
    #[inline]
    pub(super) fn take(&self) -> bool {
        self.permits.take() == Take::Taken
    }

    /// Gives a permit back.
    #[inline]
    pub(super) fn give(&self) {
        if self.permits.give() {
            self.hand_on();
        }
    }

    /// Stands in the line, if there is no permit and nobody waits, so that there is none to be had in passing.
    #[cold]
    pub(super) fn join(&self, priority: Priority, now: Moment) -> Joined {
        let mut line = self.line.lock();
        let joined = if self.take_first(&line) {
            Joined::Taken
        } else {
            line.queue.join(priority, now).map_or(Joined::Full, Joined::Waits)
        };
        self.rest(&line);
        joined
    }

    /// Takes a permit if nobody waits, for a call that does not wait either. One that is refused at the same time is no
    /// reason to refuse it.
    #[cold]
    pub(super) fn take_now(&self) -> bool {
        let line = self.line.lock();
        let taken = self.take_first(&line);
        self.rest(&line);
        taken
    }

    fn take_first(&self, line: &Line) -> bool {
        // From here on whoever gives comes to look; what was given before is seen now.
        self.permits.call();
        line.queue.is_empty() && line.owed == 0 && self.permits.take_called()
    }

    /// Is ready when there is a permit for it, and then it has that, and has left the line.
    pub(super) fn poll(&self, number: Number, cx: &Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut line = self.line.lock();
        let (is_called, old) = line.queue.look(number, waker);
        let left = is_called.then(|| line.queue.leave(number));
        // Outside of the lock: a waker may own a task, and that another place in the line.
        drop(line);
        drop(old);
        if left.is_some() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Leaves the line without a permit. If there was one for it already, that is for the next.
    pub(super) fn leave(&self, number: Number) {
        let mut line = self.line.lock();
        let (was_called, waker) = line.queue.leave(number);
        self.rest(&line);
        drop(line);
        // Outside of the lock: a waker may own a task, and that another place in the line.
        drop(waker);
        if was_called {
            self.give();
        }
    }

    /// Changes how many permits there are: at once where they are free, else as they come back.
    pub(super) fn resize(&self, limit: u32) {
        let mut line = self.line.lock();
        let (more, less) = (limit.saturating_sub(line.limit), line.limit.saturating_sub(limit));
        line.limit = limit;
        let stay_out = more.min(line.owed);
        line.owed = line.owed - stay_out + less;
        self.permits.put(more - stay_out);
        if line.owed > 0 {
            self.permits.call();
        }
        drop(line);
        self.hand_on();
    }

    pub(super) fn limit(&self) -> u32 {
        self.line.lock().limit
    }

    pub(super) fn waiting(&self) -> u32 {
        self.line.lock().queue.waiting()
    }

    /// Whether who came now would be refused, for want of a permit and of a place to wait at.
    pub(super) fn is_full(&self, priority: Priority) -> bool {
        let line = self.line.lock();
        let is_free = line.owed == 0 && line.queue.is_empty() && self.permits.free() > 0;
        !is_free && line.queue.is_full(priority)
    }

    /// How many permits are out.
    pub(super) fn out(&self) -> u32 {
        let line = self.line.lock();
        (line.limit + line.owed).saturating_sub(self.permits.free())
    }

    /// Hands free permits to those that wait for them, until there are no more of the one or of the other.
    #[cold]
    fn hand_on(&self) {
        loop {
            let mut line = self.line.lock();
            // All at once: a limit may be lowered by millions, and others wait for the lock.
            if line.owed > 0 {
                line.owed -= self.permits.take_all_called(line.owed);
            }
            if line.owed > 0 || line.queue.is_empty() || !self.permits.take_called() {
                return self.rest(&line);
            }
            let called = line.queue.call();
            drop(line);
            // Outside of the lock: who is woken may come here at once.
            if let Some(waker) = called.and_then(|called| called.waker) {
                wake(waker);
            }
        }
    }

    /// Lets others take in passing again, once nobody waits.
    fn rest(&self, line: &Line) {
        if line.queue.is_empty() && line.owed == 0 {
            self.permits.dismiss();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("limit", &self.limit())
            .field("out", &self.out())
            .field("waiting", &self.waiting())
            .finish()
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
